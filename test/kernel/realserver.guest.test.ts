// A real server for tunnels, set up by the script in a kernel that has the tunnel devices: what comes in tunnels is
// answered from the virtual IP, although the kernel's filter was strict, and afterwards everything is as before.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createNamespaces, ip, type Namespaces, type RunResult, run, sysctl } from '../support/netns.ts';

const SCRIPT = join(import.meta.dirname, '../../packaging/realserver/fairlead-realserver');
const VIP = '10.9.0.100';
const VIP6 = 'fd09::100';

let set: Namespaces;

beforeAll(() => {
  for (const module of ['ipip', 'ip6_tunnel']) spawnSync('modprobe', [module]);
  set = createNamespaces('tunnel', ['lb', 'rs1']);
  set.cable(
    { namespace: set.get('lb'), name: 'eth0', addresses: ['10.1.0.11/24', 'fd01::11/64'] },
    { namespace: set.get('rs1'), name: 'eth0', addresses: ['10.1.0.21/24', 'fd01::21/64'] },
  );
  // The director's part is played by the kernel's own tunnels: packets for the VIPs go into them.
  const lb = set.get('lb');
  ip(lb, 'link add out4 type ipip local 10.1.0.11 remote 10.1.0.21');
  ip(lb, 'link add out6 type ip6tnl mode ip6ip6 local fd01::11 remote fd01::21 encaplimit none');
  for (const name of ['out4', 'out6']) ip(lb, `link set dev ${name} up`);
  ip(lb, `route add ${VIP}/32 dev out4 src 10.1.0.11`);
  ip(lb, `-6 route add ${VIP6}/128 dev out6 src fd01::11`);
  for (const scope of ['all', 'default', 'eth0', 'tunl0'])
    sysctl(set.get('rs1'), `net.ipv4.conf.${scope}.rp_filter`, 1);
});
afterAll(() => set?.[Symbol.dispose]());

function realserver(...args: string[]): RunResult {
  return run(set.get('rs1'), 'sh', [SCRIPT, ...args], {
    allowFailure: true,
    env: { ...process.env, FAIRLEAD_REALSERVER_CONF: '/run/rs.conf', FAIRLEAD_REALSERVER_STATE: '/run/rs' },
  });
}

function picture(): string {
  const settings = run(set.get('rs1'), 'sysctl', ['-a', '-r', 'net.ipv4.conf.*(rp_filter|arp_)']).stdout;
  return settings + ip(set.get('rs1'), 'addr show').replace(/ valid_lft.*/g, '');
}

const get = (where: string): string =>
  run(set.get('lb'), 'busybox', ['wget', '-q', '-T', '2', '-O', '-', `http://${where}/`], {
    allowFailure: true,
  }).stdout;

describe('a real server for tunnels', () => {
  it('answers what comes in tunnels of both families, and is as it was after unset', async () => {
    const before = picture();
    const server = set.start(set.get('rs1'), process.execPath, [
      '-e',
      "require('node:http').createServer((q, a) => a.end('served')).listen(80, '::')",
    ]);
    await eventually(() => get('10.1.0.21')).toBe('served');
    expect(get(VIP)).toBe('');
    const done = realserver('set', '--vip', VIP, '--vip', VIP6, '--method', 'tunnel');
    expect(done).toMatchObject({ status: 0, stderr: '' });
    await eventually(() => get(VIP)).toBe('served');
    await eventually(() => get(`[${VIP6}]`)).toBe('served');
    expect(realserver('check', '--port', '80')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(
        'ok    rp-filter     reverse-path filtering lets pass what comes out of tunl0',
      ),
    });
    ip(set.get('rs1'), 'link set dev tunl0 down');
    expect(realserver('check')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('tunl0 is missing or down'),
    });
    realserver('set', '--vip', VIP, '--vip', VIP6, '--method', 'tunnel');
    expect(realserver('check').status).toBe(0);
    server.kill('SIGKILL');
    expect(realserver('unset').status).toBe(0);
    expect(picture()).toBe(before);
  });
});
