// The supervisor with the packet program: a real client, director and real server in namespaces of their own. What is
// in the kernel outlives the process, is taken over by the next one, and is gone when that is asked for.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openControlClient } from '../../director/control/client.ts';
import { createNamespaces, type Namespaces, run, sysctl } from '../support/netns.ts';
import { until } from './support/instance.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const MAIN = fileURLToPath(new URL('../../director/cli/main.ts', import.meta.url));
const VIP = '10.0.0.100';
const SERVER = `require('node:http').createServer((q, a) => a.end('served')).listen(80, '10.1.0.21')`;

let folder: string;
let set: Namespaces;
let child: ReturnType<Namespaces['start']> | undefined;
let said = '';

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-ebpf-'));
  set = createNamespaces('cli', ['client', 'director', 'real']);
  const [client, director, real] = [set.get('client'), set.get('director'), set.get('real')];
  set.cable(
    { namespace: client, name: 'eth0', addresses: ['10.0.0.1/24'] },
    { namespace: director, name: 'eth0', addresses: ['10.0.0.11/24'] },
  );
  set.cable(
    { namespace: director, name: 'eth1', addresses: ['10.1.0.11/24'] },
    { namespace: real, name: 'eth0', addresses: ['10.1.0.21/24'] },
  );
  sysctl(director, 'net.ipv4.ip_forward', 1);
  run(real, 'ip', ['route', 'add', 'default', 'via', '10.1.0.11']);
  set.start(real, process.execPath, ['-e', SERVER]);
  fs.writeFileSync(
    path.join(folder, 'fairlead.yaml'),
    `cluster: web
directors: { lb1: { address: 10.0.0.11 } }
virtual_ips: [{ address: ${VIP}/24, interface: eth0 }]
engine: { kind: ebpf, interfaces: [eth0, eth1], connections: 4096 }
services:
  www:
    listen: tcp://${VIP}:80
    scheduler: wlc
    method: nat
    monitor: { tcp: true, interval: 200ms, timeout: 200ms, rise: 1, fall: 2 }
    servers: { rs1: { address: 10.1.0.21:80 } }
`,
  );
});

afterEach(() => end('SIGKILL'));

afterAll(() => {
  set[Symbol.dispose]();
  // What a failed test has left pinned.
  const pins = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  fs.rmSync(`/sys/fs/bpf/fairlead-${pins}`, { recursive: true, force: true });
  fs.rmSync(folder, { recursive: true, force: true });
});

const control = () =>
  openControlClient(path.join(folder, 'control.sock'), { author: 'test', origin: 'test' });

async function start(...more: string[]): Promise<void> {
  said = '';
  const args = ['run', '--config', path.join(folder, 'fairlead.yaml'), '--node', 'lb1'];
  const folders = ['--state', folder, '--runtime', folder];
  const started = set.start(set.get('director'), process.execPath, [MAIN, ...args, ...folders, ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [started.stdout, started.stderr])
    stream?.on('data', (chunk) => {
      said += String(chunk);
    });
  child = started;
  await until(() => {
    if (started.exitCode !== null) throw new Error(said);
    return said.includes('"message":"running"');
  });
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const ending = child;
  child = undefined;
  if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
  const ended = new Promise((resolve) => ending.once('exit', resolve));
  ending.kill(signal);
  await ended;
}

/** What a client in its namespace is answered; undefined when it is not. */
function fetched(): string | undefined {
  const script = `fetch('http://${VIP}/', { signal: AbortSignal.timeout(1500) }).then((a) => a.text()).then((t) => process.stdout.write(t), () => process.exit(1))`;
  const { status, stdout } = spawnSync(
    'nsenter',
    [`--net=${set.get('client').path}`, '--', process.execPath, '-e', script],
    { encoding: 'utf8' },
  );
  return status === 0 ? stdout : undefined;
}

function withdraw() {
  const net = `--net=${set.get('director').path}`;
  const args = [MAIN, 'withdraw', '--state', folder, '--runtime', folder];
  return spawnSync('nsenter', [net, '--', process.execPath, ...args], { encoding: 'utf8' });
}

const addresses = (): string => run(set.get('director'), 'ip', ['-o', 'addr', 'show', 'dev', 'eth0']).stdout;
const filters = (): string =>
  run(set.get('director'), 'tc', ['filter', 'show', 'dev', 'eth0', 'ingress']).stdout;

describe('a director with the packet program', () => {
  it('serves, goes on serving without its process, is taken over, and leaves nothing when told so', async () => {
    await start();
    await until(() => fetched() === 'served');
    const status = await control().call('status');
    expect(status.engine).toMatchObject({ kind: 'ebpf', survives_restart: true });
    expect(status.engine.hooks.map((hook) => hook.interface).sort()).toEqual(['eth0', 'eth1']);
    expect(status.virtual_ips).toMatchObject([{ address: `${VIP}/24`, state: 'up' }]);
    expect(status.problems).toEqual([]);

    await end('SIGKILL');
    expect(fetched()).toBe('served');

    await start();
    const { events } = await control().call('events', { query: { limit: 100 } });
    expect(events.find((event) => event.kind === 'adopted')).toMatchObject({
      subject: 'engine',
      reason: expect.stringMatching(/took over 1 services, 1 servers and \d+ connections; 0 steps differed/),
    });
    expect(fetched()).toBe('served');
    const server = await control().call('server', { params: { service: 'www', server: 'rs1' } });
    expect(server.traffic.connections).toBeGreaterThanOrEqual(2);

    await end('SIGTERM');
    expect(fetched()).toBe('served');
    expect(addresses()).toContain(VIP);

    await start('--release-on-exit');
    await end('SIGTERM');
    expect(fetched()).toBeUndefined();
    expect(addresses()).not.toContain(VIP);
    expect(filters()).toBe('');
  });

  it('is withdrawn once it is stopped, and not before', async () => {
    await start();
    await until(() => fetched() === 'served');
    const refused = withdraw();
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toMatch(/already running/);
    await end('SIGTERM');
    expect(fetched()).toBe('served');
    expect(withdraw()).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(
        /10\.0\.0\.100 is released on eth0\nthe packet program and its tables are gone\n/,
      ),
    });
    expect(fetched()).toBeUndefined();
    expect(addresses()).not.toContain(VIP);
    expect(filters()).toBe('');
    expect(withdraw()).toMatchObject({ status: 0, stdout: 'nothing was left\n' });
  });

  it('drains a server, and cuts at the deadline what is still open', async () => {
    await start('--release-on-exit');
    await until(() => fetched() === 'served');
    const script = `require('node:net').connect(80, '${VIP}', () => process.stdout.write('open'))`;
    const holder = set.start(set.get('client'), process.execPath, ['-e', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => holder.stdout?.once('data', resolve));
    const server = () => control().call('server', { params: { service: 'www', server: 'rs1' } });
    await until(async () => (await server()).active === 1);
    const drain = ['drain', 'www', 'rs1', '--deadline', '2s', '--then', 'cut', '--wait', '--runtime', folder];
    const drained = spawnSync(process.execPath, [MAIN, ...drain], { encoding: 'utf8' });
    expect(drained).toMatchObject({ status: 0, stderr: '' });
    const { events } = await control().call('events', { query: { limit: 1_000 } });
    expect(events.findLast((event) => event.kind === 'drained')?.reason).toMatch(
      /^the deadline came with 1 active, \d+ inactive, 0 templates; they were cut$/,
    );
    await until(async () => (await server()).active === 0);
    expect(await server()).toMatchObject({ admin: 'draining', weight_effective: 0 });
    expect(fetched()).toBeUndefined();
    spawnSync(process.execPath, [MAIN, 'enable', 'www', 'rs1', '--runtime', folder]);
    expect(fetched()).toBe('served');
    holder.kill('SIGKILL');
    await end('SIGTERM');
  });

  it('raises a VIP again that somebody took away', async () => {
    await start('--release-on-exit');
    run(set.get('director'), 'ip', ['addr', 'del', `${VIP}/24`, 'dev', 'eth0']);
    await until(() => addresses().includes(VIP));
    await until(async () =>
      (await control().call('events')).events.some((event) => event.kind === 'vip-restored'),
    );
    await end('SIGTERM');
  });

  it('attaches nothing when it cannot start', async () => {
    const file = path.join(folder, 'fairlead.yaml');
    const text = fs.readFileSync(file, 'utf8');
    fs.writeFileSync(file, text.replace('[eth0, eth1]', '[eth0, nosuch0]'));
    await expect(start()).rejects.toThrow(/there is no interface nosuch0/);
    fs.writeFileSync(file, text);
    expect(filters()).toBe('');
    expect(addresses()).not.toContain(VIP);
  });
});
