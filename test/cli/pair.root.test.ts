// Two whole directors, each in a namespace with the packet program, its own heartbeat and sync: a client, a network, a
// real server. Who answers, what a switchover costs, and what stays when supervisors and heartbeats are killed.
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type ControlClient, openControlClient } from '../../director/control/client.ts';
import { createNamespaces, type Namespaces, run, sysctl } from '../support/netns.ts';
import { cli, type Ended, until as untilOver } from './support/instance.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MAIN = fileURLToPath(new URL('../../director/cli/main.ts', import.meta.url));
const VIP = '10.0.0.100';
const GATEWAY = '10.1.0.100';
const SERVER = `require('node:http').createServer((q, a) => a.end('served')).listen(80, '10.1.0.21')`;
const NAMES = ['lb1', 'lb2'] as const;
type Name = (typeof NAMES)[number];

let folder: string;
let set: Namespaces;
const children = new Map<Name, ReturnType<Namespaces['start']>>();
const said = { lb1: '', lb2: '' };

/** Two whole directors at once take their time to start on a busy machine. */
const until = (condition: () => boolean | Promise<boolean>): Promise<void> => untilOver(condition, 45_000);

const runtime = (name: Name): string => path.join(folder, name);
const control = (name: Name): ControlClient =>
  openControlClient(path.join(runtime(name), 'control.sock'), { author: 'test', origin: 'test' });
const command = (name: Name, ...args: string[]): Promise<Ended> => cli(...args, '--runtime', runtime(name));

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-pair-'));
  set = createNamespaces('pairs', ['client', 'switch', 'real', ...NAMES]);
  layCables();
  set.start(set.get('real'), process.execPath, ['-e', SERVER]);
  fs.writeFileSync(path.join(folder, 'pair.key'), `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  fs.writeFileSync(path.join(folder, 'fairlead.yaml'), text('wlc'));
  await start('lb1');
  await until(async () => (await control('lb1').call('status')).role === 'active');
  await start('lb2');
  await roles('active', 'standby');
});

afterAll(async () => {
  for (const child of children.values()) child.kill('SIGKILL');
  set[Symbol.dispose](); // heartbeats live in the namespaces, and end with them
  for (const name of NAMES) {
    const pins = createHash('sha256').update(runtime(name)).digest('hex').slice(0, 12);
    for (const stem of ['fairlead', 'fairlead-lease'])
      fs.rmSync(`/sys/fs/bpf/${stem}-${pins}`, { recursive: true, force: true });
  }
  fs.rmSync(folder, { recursive: true, force: true });
});

function text(scheduler: string): string {
  return `cluster: web
directors: { lb1: { address: 10.0.0.11, priority: 200 }, lb2: { address: 10.0.0.12 } }
heartbeat:
  interval: 100ms
  deadtime: 600ms
  key_file: pair.key
  links: [{ udp: eth0 }, { udp: eth1, addresses: { lb1: 10.1.0.11, lb2: 10.1.0.12 } }]
virtual_ips:
  - { address: ${VIP}/24, interface: eth0 }
  - { address: ${GATEWAY}/24, interface: eth1, role: nat-gateway }
engine: { kind: ebpf, interfaces: [eth0, eth1], connections: 4096 }
sync: { link: eth1 }
services:
  www:
    listen: tcp://${VIP}:80
    scheduler: ${scheduler}
    method: nat
    monitor: { tcp: true, interval: 200ms, timeout: 200ms, rise: 1, fall: 2 }
    servers: { rs1: { address: 10.1.0.21:80 } }
`;
}

function layCables(): void {
  const hub = set.get('switch');
  set.cable(
    { namespace: set.get('client'), name: 'eth0', addresses: ['10.0.0.1/24'] },
    { namespace: hub, name: 'client' },
  );
  set.cable(
    { namespace: set.get('real'), name: 'eth0', addresses: ['10.1.0.21/24'] },
    { namespace: hub, name: 'real' },
  );
  for (const [index, name] of NAMES.entries()) {
    const namespace = set.get(name);
    for (const net of [0, 1])
      set.cable(
        { namespace, name: `eth${net}`, addresses: [`10.${net}.0.${11 + index}/24`] },
        { namespace: hub, name: `${name}-${net}` },
      );
    sysctl(namespace, 'net.ipv4.ip_forward', 1);
  }
  set.bridge(hub, 'front', ['client', 'lb1-0', 'lb2-0']);
  set.bridge(hub, 'back', ['real', 'lb1-1', 'lb2-1']);
  run(set.get('real'), 'ip', ['route', 'add', 'default', 'via', GATEWAY]);
}

async function start(name: Name): Promise<void> {
  said[name] = '';
  const child = set.start(
    set.get(name),
    process.execPath,
    [
      ...[MAIN, 'run', '--config', path.join(folder, 'fairlead.yaml'), '--node', name],
      ...['--state', path.join(folder, `${name}-state`), '--runtime', runtime(name)],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      said[name] += String(chunk);
    });
  children.set(name, child);
  await until(() => {
    if (child.exitCode !== null) throw new Error(said[name]);
    return said[name].includes('"message":"running"');
  });
}

async function end(name: Name, signal: NodeJS.Signals): Promise<void> {
  const child = children.get(name);
  children.delete(name);
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}

async function roles(lb1: string, lb2: string): Promise<void> {
  await until(async () => {
    const [one, other] = await Promise.all(
      NAMES.map(async (name) => (await control(name).call('status')).role),
    );
    return one === lb1 && other === lb2;
  });
}

async function inStep(): Promise<void> {
  await until(async () => {
    const all = await Promise.all(NAMES.map((name) => control(name).call('ha')));
    return all.every(
      ({ peer, sync, channel, heartbeat }) =>
        peer?.complete === true &&
        heartbeat?.complete === true &&
        sync?.complete === true &&
        channel?.connected === true,
    );
  });
}

function fetched(): string | undefined {
  const script = `fetch('http://${VIP}/', { signal: AbortSignal.timeout(1500) }).then((a) => a.text()).then((t) => process.stdout.write(t), () => process.exit(1))`;
  const { status, stdout } = spawnSync(
    'nsenter',
    [`--net=${set.get('client').path}`, '--', process.execPath, '-e', script],
    { encoding: 'utf8' },
  );
  return status === 0 ? stdout : undefined;
}

const holds = (name: Name): boolean =>
  run(set.get(name), 'ip', ['-o', 'addr', 'show', 'dev', 'eth0']).stdout.includes(` ${VIP}/`);

it('one is active and serves, and both know of each other', async () => {
  await inStep();
  await until(() => fetched() === 'served');
  expect([holds('lb1'), holds('lb2')]).toEqual([true, false]);
  const ha = await control('lb1').call('ha');
  expect(ha).toMatchObject({
    pair: true,
    role: 'active',
    peer: { name: 'lb2', role: 'standby', health: 'good' },
    lease: { state: 'held' },
    sync: { state: 'steady' },
    channel: { connected: true },
  });
  expect(ha.links?.map((link) => link.up)).toEqual([true, true]);
  const { out } = await command('lb2', 'status');
  expect(out).toMatch(/^peer +lb1: active, health good/m);
  expect(out).toMatch(/^sync +steady, complete, lag/m);
  for (const name of NAMES) expect((await control(name).call('status')).problems).toEqual([]);
  const events = (await control('lb1').call('events', { query: { limit: 1_000 } })).events;
  for (const { at } of events) expect(Math.abs(Date.now() - at)).toBeLessThan(600_000);
});

it('orders and revisions given to the standby are the active’s, and come back', async () => {
  const next = path.join(folder, 'next.yaml');
  fs.writeFileSync(next, text('rr'));
  expect(await command('lb2', 'apply', next)).toMatchObject({ status: 0, err: '' });
  expect(await command('lb2', 'weight', 'www', 'rs1', '7')).toMatchObject({ status: 0, err: '' });
  await until(async () => {
    const all = await Promise.all(
      NAMES.map((name) => control(name).call('service', { params: { service: 'www' } })),
    );
    return all.every((service) => service.scheduler === 'rr' && service.servers[0]?.weight_ordered === 7);
  });
  expect(await Promise.all(NAMES.map((name) => control(name).revision()))).toEqual([2, 2]);
});

it('the virtual IPs move on order', async () => {
  await inStep();
  await until(async () => (await command('lb1', 'switchover', '--dry-run')).status === 0);
  const done = await command('lb1', 'switchover');
  expect(done).toMatchObject({ status: 0, err: '' });
  expect(done.out).toMatch(/lb2 is active now/);
  expect(done.out).toMatch(/^ +claim seen +\d+\.\d ms$/m);
  await roles('standby', 'active');
  expect([holds('lb1'), holds('lb2')]).toEqual([false, true]);
  expect(fetched()).toBe('served');
});

it('a supervisor that is killed takes nothing with it, and adopts its heartbeat', async () => {
  const pid = (await control('lb2').call('ha')).heartbeat?.pid;
  await end('lb2', 'SIGKILL');
  expect(fetched()).toBe('served');
  await start('lb2');
  await roles('standby', 'active');
  expect((await control('lb2').call('ha')).heartbeat).toMatchObject({ pid, running: true });
  await inStep();
});

it('a service that is stopped hands over, and comes back as the standby', async () => {
  await end('lb2', 'SIGTERM');
  expect([holds('lb1'), holds('lb2')]).toEqual([true, false]);
  expect(fetched()).toBe('served');
  await start('lb2');
  await roles('active', 'standby');
  await inStep();
});

it('a director that dies is taken over from, and a lone one keeps its virtual IPs when it is stopped', async () => {
  const pid = (await control('lb1').call('ha')).heartbeat?.pid;
  await end('lb1', 'SIGKILL');
  process.kill(pid!, 'SIGKILL');
  await until(async () => (await control('lb2').call('status')).role === 'active');
  expect(fetched()).toBe('served');
  const { status, err } = await command('lb2', 'switchover', '--force');
  expect(status).toBe(4);
  expect(err).toContain('peer heard: lb1 is heard on 0 of 2 links');
  await end('lb2', 'SIGTERM');
  expect(holds('lb2')).toBe(true);
  expect(fetched()).toBe('served');
  await start('lb2');
  await until(async () => (await control('lb2').call('status')).role === 'active');
});
