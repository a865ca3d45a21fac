// Two machines on a network, as people set them up: `fairlead setup` on the first, `fairlead pair` on the second, with what
// goes wrong on the way. Then both run as a pair.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readConfigurationFile } from '../../director/config/file.ts';
import { openControlClient } from '../../director/control/client.ts';
import { waitFor } from '../lab/wait.ts';
import { createNamespaces, ip, type Namespaces, type RunResult, run, sysctl } from '../support/netns.ts';
import { until } from './support/instance.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MAIN = fileURLToPath(new URL('../../director/cli/main.ts', import.meta.url));
const VIP = '10.0.0.100';
const PAIR_FLAGS = [
  ...['--cluster', 'web', '--node', 'lb1', '--address', '10.0.0.11', '--vip', `${VIP}/24`],
  ...['--peer', 'lb2', '--peer-address', '10.0.0.12', '--links', 'eth1=10.1.0.11/10.1.0.12,eth0'],
  ...['--nat-gateway', '10.1.0.100/24', '--console', 'none'],
  ...['--service', 'www', '--listen', `tcp://${VIP}:80`, '--servers', '10.1.0.21'],
];

let base: string;
let set: Namespaces;
const runtimes: string[] = [];
const folder = (name: string): string => path.join(base, name);
const environment = { ...process.env, NO_COLOR: '1', FAIRLEAD_RUNTIME: '' };

/** On the machine, with a folder of its own for the files. */
function fairlead(host: string, ...args: string[]): RunResult {
  const where = ['--folder', folder(host), '--runtime', path.join(base, `run-${host}`)];
  return run(set.get(host), process.execPath, [MAIN, ...args, ...where], {
    allowFailure: true,
    env: environment,
    timeout_ms: 60_000,
  });
}

function begin(host: string, ...args: string[]) {
  const child = set.start(set.get(host), process.execPath, [MAIN, ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, ended, said: () => said };
}

beforeAll(() => {
  base = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-setup-'));
  set = createNamespaces('setup', ['switch', 'lb1', 'lb2', 'other']);
  const hub = set.get('switch');
  for (const net of [0, 1]) {
    for (const [index, name] of ['lb1', 'lb2', 'other'].entries())
      set.cable(
        { namespace: set.get(name), name: `eth${net}`, addresses: [`10.${net}.0.${[11, 12, 21][index]}/24`] },
        { namespace: hub, name: `${name}-${net}` },
      );
    set.bridge(
      hub,
      `net${net}`,
      ['lb1', 'lb2', 'other'].map((name) => `${name}-${net}`),
    );
  }
  for (const name of ['lb1', 'lb2']) sysctl(set.get(name), 'net.ipv4.ip_forward', 0);
});

afterAll(() => {
  set?.[Symbol.dispose]();
  for (const runtime of runtimes) {
    const pins = createHash('sha256').update(runtime).digest('hex').slice(0, 12);
    for (const stem of ['fairlead', 'fairlead-lease'])
      fs.rmSync(`/sys/fs/bpf/${stem}-${pins}`, { recursive: true, force: true });
  }
  fs.rmSync(base, { recursive: true, force: true });
});

it('asks nobody where there is no terminal, and names what is missing', () => {
  expect(fairlead('lb1', 'setup', '--cluster', 'web', '--node', 'lb1')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('error: "fairlead setup" needs --address ADDRESS: there is no terminal'),
  });
});

it('writes nothing when somebody has the virtual IP, or an address is missing', () => {
  ip(set.get('other'), `addr add ${VIP}/24 dev eth0`);
  const taken = fairlead('lb1', 'setup', ...PAIR_FLAGS);
  ip(set.get('other'), `addr del ${VIP}/24 dev eth0`);
  expect(taken).toMatchObject({
    status: 4,
    stderr: expect.stringContaining('(duplicate-address); nothing was written'),
  });
  expect(taken.stdout).toContain(`answers for the virtual IP ${VIP}`);
  const strange = fairlead('lb1', 'setup', ...PAIR_FLAGS, '--address', '10.0.0.99');
  expect(strange).toMatchObject({
    status: 4,
    stdout: expect.stringContaining('10.0.0.99, an own address of lb1, is not on this machine'),
  });
  expect(fs.existsSync(folder('lb1'))).toBe(false);
});

it('writes nothing with --dry-run', () => {
  const { status, stdout } = fairlead('lb1', 'setup', ...PAIR_FLAGS, '--dry-run');
  expect([status, fs.existsSync(folder('lb1'))]).toEqual([0, false]);
  expect(stdout).toContain('key_file: heartbeat.key');
});

it('sets the first director up', () => {
  const done = fairlead('lb1', 'setup', ...PAIR_FLAGS);
  expect(done).toMatchObject({ status: 0, stdout: expect.stringContaining('fairlead pair --invite') });
  expect(done.stdout).toContain('ok    peer          lb2 answers over eth1 (10.1.0.12)');
  const { configuration, warnings } = readConfigurationFile(path.join(folder('lb1'), 'fairlead.yaml'));
  expect([configuration.cluster, warnings]).toEqual(['web', []]);
  expect(fs.readFileSync(path.join(folder('lb1'), 'node'), 'utf8')).toBe('FAIRLEAD_NODE=lb1\n');
  expect(run(set.get('lb1'), 'sysctl', ['-n', 'net.ipv4.ip_forward']).stdout).toBe('1\n');
  expect(fairlead('lb1', 'setup', ...PAIR_FLAGS)).toMatchObject({
    status: 4,
    stderr: expect.stringContaining('is there already'),
  });
});

it('begins anew with --force, with the same key', () => {
  const key = fs.readFileSync(path.join(folder('lb1'), 'heartbeat.key'), 'utf8');
  expect(fairlead('lb1', 'setup', ...PAIR_FLAGS, '--cluster', 'shop', '--force').status).toBe(0);
  expect(fs.readFileSync(path.join(folder('lb1'), 'fairlead.yaml.bak'), 'utf8')).toContain('cluster: web');
  expect(fs.readFileSync(path.join(folder('lb1'), 'heartbeat.key'), 'utf8')).toBe(key);
});

it('says so when nobody invites', () => {
  const code = '0000-0000-0000-0000-0000';
  expect(fairlead('lb2', 'pair', '10.0.0.11', '--code', code)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('Nobody invites at 10.0.0.11 port 8850'),
  });
  expect(fairlead('lb2', 'pair', '10.0.0.11', '--code', code.replace('0', '7'))).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('was mistyped'),
  });
});

it('lets the second director join by the code that the first one shows', async () => {
  const inviting = begin(
    'lb1',
    'pair',
    '--invite',
    '--folder',
    folder('lb1'),
    '--runtime',
    path.join(base, 'run-lb1'),
  );
  await until(() => inviting.said().includes('--code'));
  const [, code = ''] = /fairlead pair 10\.0\.0\.11 --code (\S+)/.exec(inviting.said()) ?? [];
  const other = code.replace(/^./, (sign) => (sign === '7' ? '8' : '7'));
  expect(fairlead('lb2', 'pair', '10.0.0.11', '--code', other).stderr).toContain('was mistyped');

  expect(fairlead('lb2', 'pair', '10.0.0.11', '--code', '0000-0000-0000-0000-0000')).toMatchObject({
    status: 4,
    stderr: expect.stringContaining('does not accept this code'),
  });
  expect(fairlead('lb2', 'pair', '10.0.0.11', '--code', code, '--node', 'lb1')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('lb1 is not the second director: that is lb2'),
  });
  ip(set.get('lb2'), 'addr del 10.1.0.12/24 dev eth1');
  const lacking = fairlead('lb2', 'pair', '10.0.0.11', '--code', code);
  ip(set.get('lb2'), 'addr add 10.1.0.12/24 dev eth1');
  expect(lacking).toMatchObject({
    status: 4,
    stdout: expect.stringContaining('10.1.0.12, an own address of lb2, is not on this machine'),
  });
  expect(fs.existsSync(folder('lb2'))).toBe(false);

  const joined = fairlead('lb2', 'pair', '10.0.0.11', '--code', code.toLowerCase().replaceAll('-', ''));
  expect(joined).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('This is lb2 now, and stands by'),
  });
  expect(joined.stdout).toContain('ok    clocks        the clocks of both directors agree');
  expect(await inviting.ended).toBe(0);
  expect(inviting.said()).toContain('is lb2 now');
  for (const name of ['fairlead.yaml', 'heartbeat.key'])
    expect(fs.readFileSync(path.join(folder('lb2'), name))).toEqual(
      fs.readFileSync(path.join(folder('lb1'), name)),
    );
  expect(fs.readFileSync(path.join(folder('lb2'), 'node'), 'utf8')).toBe('FAIRLEAD_NODE=lb2\n');
  expect(fs.statSync(path.join(folder('lb2'), 'heartbeat.key')).mode & 0o777).toBe(0o600);
});

it('runs as a pair then, and a director that runs gives the revision in force', async () => {
  const control = (name: string) =>
    openControlClient(path.join(base, `run-${name}`, 'control.sock'), { author: 'test', origin: 'test' });
  // The real server: a director that reaches none claims nothing.
  set.start(set.get('other'), process.execPath, [
    '-e',
    "require('node:net').createServer((socket) => socket.on('error', () => {}).resume()).listen(80)",
  ]);
  const roleOf = async (name: string): Promise<string> => (await control(name).call('status')).role;
  for (const name of ['lb1', 'lb2']) {
    // A busy machine must not bring a takeover about by itself.
    const file = path.join(folder(name), 'fairlead.yaml');
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('deadtime: 500ms', 'deadtime: 3s'));
    runtimes.push(path.join(base, `run-${name}`));
    const running = begin(
      name,
      'run',
      ...['--config', path.join(folder(name), 'fairlead.yaml'), '--node', name],
      ...['--state', path.join(base, `state-${name}`), '--runtime', path.join(base, `run-${name}`)],
    );
    const wanted = name === 'lb1' ? 'active' : 'standby';
    await waitFor(
      () => `${name} to be ${wanted}: ${running.said()}`,
      45_000,
      async () => (await roleOf(name).catch(() => '')) === wanted,
    );
  }
  const edited = path.join(base, 'edited.yaml');
  const text = fs.readFileSync(path.join(folder('lb1'), 'fairlead.yaml'), 'utf8');
  fs.writeFileSync(edited, text.replace('scheduler: wlc', 'scheduler: rr'));
  await control('lb1').call('apply', {
    query: { dry_run: '0', comment: '', source: edited },
    body: fs.readFileSync(edited, 'utf8'),
    ifMatch: await control('lb1').revision(),
  });
  const inviting = begin(
    'lb1',
    'pair',
    '--invite',
    '--folder',
    folder('lb1'),
    '--runtime',
    path.join(base, 'run-lb1'),
  );
  await until(() => inviting.said().includes('--code'));
  const [, code = ''] = /--code (\S+)/.exec(inviting.said()) ?? [];
  // The active director holds the VIP by now: the joining one is told so, and does not take it for a stranger.
  expect(fairlead('lb2', 'pair', '10.0.0.11', '--code', code, '--force')).toMatchObject({ status: 0 });
  expect(await inviting.ended).toBe(0);
  expect(fs.readFileSync(path.join(folder('lb2'), 'fairlead.yaml'), 'utf8')).toContain('scheduler: rr');
  const doctor = run(
    set.get('lb2'),
    process.execPath,
    [MAIN, 'doctor', '--runtime', path.join(base, 'run-lb2')],
    { allowFailure: true, env: environment },
  );
  expect(doctor.stdout).toContain('ok    peer          lb1 answers at 10.0.0.11');
  expect(doctor.stdout).not.toContain('duplicate-address');
});
