// The script that sets a real server up, under the two shells that it is most likely to meet: what it sets, finds out and
// undoes, on this kernel. Tunnels need a module that only the guest has: test/kernel/realserver.guest.test.ts.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createNamespaces,
  ip,
  type Namespaces,
  type RunResult,
  run,
  sysctl,
} from '../../test/support/netns.ts';

const SCRIPT = path.join(import.meta.dirname, 'fairlead-realserver');
const VIP = '10.0.0.100';
const VIP6 = 'fd00::100';
const SHELLS: Readonly<Record<string, readonly string[]>> = { dash: ['dash'], busybox: ['busybox', 'ash'] };

let set: Namespaces;
let folder: string;

beforeAll(() => {
  set = createNamespaces('real', ['client', 'rs1']);
  set.cable(
    { namespace: set.get('client'), name: 'eth0', addresses: ['10.0.0.1/24', 'fd00::1/64'] },
    { namespace: set.get('rs1'), name: 'eth0', addresses: ['10.0.0.21/24', 'fd00::21/64'] },
  );
});
afterAll(() => set?.[Symbol.dispose]());
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-real-'));
});
afterEach(() => {
  realserver('unset');
  fs.rmSync(folder, { recursive: true, force: true });
});

let shell: readonly string[] = SHELLS.dash!;
function realserver(...args: string[]): RunResult {
  const [program = '', ...words] = shell;
  return run(set.get('rs1'), program, [...words, SCRIPT, ...args], {
    allowFailure: true,
    env: {
      ...process.env,
      FAIRLEAD_REALSERVER_CONF: path.join(folder, 'realserver.conf'),
      FAIRLEAD_REALSERVER_STATE: path.join(folder, 'state'),
    },
  });
}

const inRs1 = (command: string, ...args: string[]): string =>
  run(set.get('rs1'), command, args).stdout.trim();
const setting = (name: string): string => inRs1('sysctl', '-n', `net.ipv4.conf.${name}`);
const ARP = ['all.arp_ignore', 'all.arp_announce', 'eth0.arp_ignore', 'eth0.arp_announce'];
/** Everything that the script could change. */
const picture = (): string =>
  [ip(set.get('rs1'), 'addr show').replace(/ (?:brd|valid_lft).*/g, ''), ...ARP.map(setting)].join('\n');
const answersArp = (): boolean =>
  run(set.get('client'), 'arping', ['-D', '-c', '1', '-w', '1', '-I', 'eth0', VIP], {
    allowFailure: true,
  }).stdout.includes('[');

describe.each(Object.keys(SHELLS))('under %s', (name) => {
  beforeAll(() => {
    shell = SHELLS[name]!;
  });

  it('takes VIPs of both families on without answering for them, twice the same, and undoes it', () => {
    const before = picture();
    const first = realserver('set', '--vip', `${VIP}/24`, '--vip', 'FD00:0:0::0100', '--method', 'route');
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(ip(set.get('rs1'), '-o addr show dev lo')).toMatch(/10\.0\.0\.100\/32(?:.|\n)*fd00::100\/128/);
    expect(ARP.map(setting)).toEqual(['1', '2', '1', '2']);
    expect(answersArp()).toBe(false);
    const after = picture();
    expect(realserver('set', '--method=route', `--vip=${VIP}`, `--vip=${VIP6}`).status).toBe(0);
    expect(picture()).toBe(after);
    expect(realserver('check')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('0 failed, 0 warnings'),
    });
    expect(realserver('status').stdout).toContain('setting: ipv4/conf/all/arp_ignore is 1, was 0');
    expect(realserver('unset').status).toBe(0);
    expect(picture()).toBe(before);
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('leaves what was there before: addresses, settings, and those that somebody changed since', () => {
    sysctl(set.get('rs1'), 'net.ipv4.conf.eth0.arp_ignore', 1);
    ip(set.get('rs1'), `addr add ${VIP}/32 dev lo`);
    const before = picture();
    expect(realserver('set', '--vip', VIP, '--method', 'route', '--interface', 'eth0').status).toBe(0);
    expect(realserver('unset').status).toBe(0);
    expect(picture()).toBe(before);
    realserver('set', '--vip', VIP, '--method', 'route');
    sysctl(set.get('rs1'), 'net.ipv4.conf.all.arp_ignore', 2);
    expect(realserver('unset').stdout).toContain(
      'ipv4/conf/all/arp_ignore is 2, which is not what was set here (1)',
    );
    expect(setting('all.arp_ignore')).toBe('2');
    sysctl(set.get('rs1'), 'net.ipv4.conf.all.arp_ignore', 0);
    sysctl(set.get('rs1'), 'net.ipv4.conf.eth0.arp_ignore', 0);
    ip(set.get('rs1'), `addr del ${VIP}/32 dev lo`);
  });

  it('takes away what is not named any more, and applies at boot what is written', () => {
    const before = picture();
    realserver('set', '--vip', VIP, '--vip', '10.0.0.101', '--method', 'route');
    realserver('set', '--vip', '10.0.0.101', '--method', 'route');
    expect(ip(set.get('rs1'), '-o addr show dev lo')).not.toContain(VIP);
    const after = picture();
    // As a boot leaves it: nothing set, the files there.
    ip(set.get('rs1'), 'addr del 10.0.0.101/32 dev lo');
    for (const each of ARP) sysctl(set.get('rs1'), `net.ipv4.conf.${each}`, 0);
    expect(realserver('check').status).toBe(1);
    expect(realserver('apply')).toMatchObject({ status: 0, stderr: '' });
    expect(picture()).toBe(after);
    realserver('unset');
    expect(picture()).toBe(before);
  });

  it('explains what stops traffic', () => {
    expect(realserver('check')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Nothing is set'),
    });
    realserver('set', '--vip', VIP, '--method', 'route');
    const server = set.start(set.get('rs1'), 'busybox', ['nc', '-l', '-p', '8080', '-s', '10.0.0.21']);
    sysctl(set.get('rs1'), 'net.ipv4.conf.all.arp_ignore', 0);
    sysctl(set.get('rs1'), 'net.ipv4.conf.eth0.arp_ignore', 0);
    ip(set.get('rs1'), `addr add ${VIP}/24 dev eth0`);
    expect(answersArp()).toBe(true);
    const { status, stdout } = realserver('check', '--port', '8080', '--json');
    const { findings } = JSON.parse(stdout) as {
      findings: { check: string; level: string; remedy?: string }[];
    };
    expect(status).toBe(1);
    expect(findings.filter((each) => each.level === 'fail').map((each) => each.check)).toEqual([
      'address',
      'listener',
      'arp',
    ]);
    for (const each of findings) if (each.level !== 'ok') expect(each.remedy).toBeTruthy();
    ip(set.get('rs1'), `addr del ${VIP}/24 dev eth0`);
    server.kill('SIGKILL');
  });

  it('sees whether a real server of nat sends its answers through the director', () => {
    const check = () => realserver('check', '--method', 'nat', '--gateway', '10.0.0.1');
    expect(check()).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('answers go by no gateway at all'),
    });
    ip(set.get('rs1'), 'route add default via 10.0.0.1');
    expect(check()).toMatchObject({ status: 0, stdout: expect.stringContaining('10.0.0.1 is the way back') });
    ip(set.get('rs1'), 'route del default');
  });

  it.each([
    [['set', '--method', 'route'], 2, 'set needs --vip'],
    [['set', '--vip', VIP], 2, 'set needs --method'],
    [['set', '--vip', VIP, '--method', 'dr'], 2, 'There is no method "dr"'],
    [['set', '--vip', VIP, '--method', 'nat'], 2, 'need no virtual IP'],
    [['set', '--vip', '10.0.0.256', '--method', 'route'], 2, '"10.0.0.256" is not an address'],
    [['set', '--vip', '127.0.0.1', '--method', 'route'], 2, 'cannot be a virtual IP'],
    [['set', '--vip', 'fd00::1::2', '--method', 'route'], 2, 'is not an address'],
    [['set', '--vip', '1:2:3', '--method', 'route'], 2, 'is not an address'],
    [['set', '--vip', '$(reboot)', '--method', 'route'], 2, 'is not an address'],
    [['set', '--vip', VIP, '--method', 'route', '--interface', 'eth7'], 2, 'There is no interface eth7'],
    [['set', '--vip', VIP, '--method', 'route', '--interface', '../all'], 2, 'is not an interface'],
    [['set', '--vip', '10.0.0.21', '--method', 'route'], 1, '10.0.0.21 is on eth0'],
    [['check', '--port', '8o'], 2, 'is not a port'],
    [['set', '--vip'], 2, '--vip needs a value'],
    [['sett'], 2, 'There is no command "sett"'],
  ])('%j is refused', (args, status, message) => {
    const before = picture();
    expect(realserver(...args)).toMatchObject({ status, stderr: expect.stringContaining(message) });
    expect(picture()).toBe(before);
  });

  it('says so where there is no module for tunnels, and leaves nothing behind', () => {
    const before = picture();
    const refused = realserver('set', '--vip', VIP, '--method', 'tunnel');
    if (refused.status === 0) return; // a kernel that has it: see the guest's test
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('no module ipip') });
    expect(picture()).toBe(before);
    expect(fs.existsSync(path.join(folder, 'realserver.conf'))).toBe(false);
  });
});

it('needs root', () => {
  const refused = run(
    set.get('rs1'),
    'setpriv',
    ['--reuid=65534', '--clear-groups', 'sh', SCRIPT, 'set', '--vip', VIP, '--method', 'route'],
    { allowFailure: true },
  );
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('Only root can change this') });
});
