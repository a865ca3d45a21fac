// A director for the method route and a real server, set up by their own commands: a careless real server is found out
// before anything is written, a well set one serves the client.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openControlClient } from '../../director/control/client.ts';
import { createNamespaces, ip, type Namespaces, type RunResult, run } from '../support/netns.ts';
import { until } from './support/instance.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MAIN = fileURLToPath(new URL('../../director/cli/main.ts', import.meta.url));
const SCRIPT = fileURLToPath(new URL('../../packaging/realserver/fairlead-realserver', import.meta.url));
const VIP = '10.0.0.100';
const SERVER = "require('node:http').createServer((q, a) => a.end('served by rs1\\n')).listen(80)";

let base: string;
let set: Namespaces;
const runtime = (): string => path.join(base, 'run');

beforeAll(() => {
  base = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-route-'));
  set = createNamespaces('route', ['switch', 'client', 'lb1', 'rs1']);
  const hosts = { client: 1, lb1: 11, rs1: 21 };
  for (const [name, host] of Object.entries(hosts))
    set.cable(
      { namespace: set.get(name), name: 'eth0', addresses: [`10.0.0.${host}/24`] },
      { namespace: set.get('switch'), name },
    );
  set.bridge(set.get('switch'), 'net', Object.keys(hosts));
  set.start(set.get('rs1'), process.execPath, ['-e', SERVER]);
});
afterAll(() => {
  set?.[Symbol.dispose]();
  const pins = createHash('sha256').update(runtime()).digest('hex').slice(0, 12);
  fs.rmSync(`/sys/fs/bpf/fairlead-${pins}`, { recursive: true, force: true });
  fs.rmSync(base, { recursive: true, force: true });
});

function fairlead(...args: string[]): RunResult {
  const words = [MAIN, ...args, '--runtime', runtime()];
  return run(set.get('lb1'), process.execPath, words, {
    allowFailure: true,
    env: { ...process.env, NO_COLOR: '1' },
    timeout_ms: 60_000,
  });
}

function realserver(...args: string[]): RunResult {
  const env = {
    ...process.env,
    FAIRLEAD_REALSERVER_CONF: path.join(base, 'rs.conf'),
    FAIRLEAD_REALSERVER_STATE: path.join(base, 'rs'),
  };
  return run(set.get('rs1'), 'sh', [SCRIPT, ...args], { allowFailure: true, env });
}

const setUp = (): RunResult =>
  fairlead(
    ...['setup', '--folder', base, '--cluster', 'web', '--node', 'lb1', '--address', '10.0.0.11'],
    ...['--vip', `${VIP}/24`, '--service', 'www', '--listen', `tcp://${VIP}:80`, '--method', 'route'],
    ...['--servers', 'rs1=10.0.0.21', '--console', 'none'],
  );

const get = (): string =>
  run(
    set.get('client'),
    'bash',
    ['-c', `exec 3<>/dev/tcp/${VIP}/80 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && tail -n 1 <&3`],
    { allowFailure: true },
  ).stdout;

it('finds a real server that answers for the virtual IP, before anything is written', () => {
  ip(set.get('rs1'), `addr add ${VIP}/32 dev lo`);
  const refused = setUp();
  ip(set.get('rs1'), `addr del ${VIP}/32 dev lo`);
  expect(refused).toMatchObject({ status: 4, stderr: expect.stringContaining('(real-server-arp)') });
  expect(refused.stdout).toContain(`fairlead-realserver set --vip ${VIP} --method route`);
});

it('serves clients once the real server is set up as the remedy says', async () => {
  expect(realserver('set', '--vip', VIP, '--method', 'route')).toMatchObject({ status: 0, stderr: '' });
  expect(realserver('check', '--port', '80').status).toBe(0);
  expect(setUp()).toMatchObject({ status: 0 });
  set.start(set.get('lb1'), process.execPath, [
    ...[MAIN, 'run', '--config', path.join(base, 'fairlead.yaml'), '--node', 'lb1'],
    ...['--state', path.join(base, 'state'), '--runtime', runtime()],
  ]);
  const control = openControlClient(path.join(runtime(), 'control.sock'), { author: 'test', origin: 'test' });
  await until(
    async () => (await control.call('servers').catch(() => undefined))?.servers[0]?.health === 'up',
    45_000,
  );
  await until(() => get() === 'served by rs1\n', 20_000);
  const doctor = fairlead('doctor');
  expect(doctor.stdout).not.toContain('real-server-arp');
  expect(doctor.stdout).toContain('nobody else answers for the virtual IPs');
});
