// Two directors on this host, each with a stand-in for its heartbeat that says what the test wants: real supervisors, a
// real channel between them, the command line as people use it.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ControlClient, openControlClient } from '../../../director/control/client.ts';
import type { ApiEvent } from '../../../director/control/schema.ts';
import type { HeartbeatStatus, ToHeartbeat } from '../../../heartbeat/protocol.ts';
import { cli, type Ended, until } from './instance.ts';

const PULSE = fileURLToPath(new URL('./stand-in/pulse/main.ts', import.meta.url));
const ADDRESSES = { lb1: '127.0.0.2', lb2: '127.0.0.3' } as const;
type Name = keyof typeof ADDRESSES;

export class Site implements AsyncDisposable {
  readonly folder: string;
  readonly config: string;
  readonly lb1: Side;
  readonly lb2: Side;
  readonly #port: number;

  static async open(server: number): Promise<Site> {
    return new Site(await freePort(), server);
  }

  private constructor(port: number, server: number) {
    this.#port = port;
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-pair-'));
    this.config = path.join(this.folder, 'fairlead.yaml');
    fs.writeFileSync(this.config, this.text(server));
    fs.writeFileSync(path.join(this.folder, 'pair.key'), 'k'.repeat(64), { mode: 0o600 });
    this.lb1 = new Side(this, 'lb1');
    this.lb2 = new Side(this, 'lb2');
  }

  text(server: number, scheduler = 'wlc'): string {
    return `cluster: web
directors: { lb1: { address: ${ADDRESSES.lb1} }, lb2: { address: ${ADDRESSES.lb2} } }
heartbeat:
  key_file: pair.key
  links: [{ udp: lo, port: ${this.#port}, addresses: { lb1: ${ADDRESSES.lb1}, lb2: ${ADDRESSES.lb2} } }]
virtual_ips: [{ address: 127.0.0.100/32, interface: lo }]
engine: { kind: memory, interfaces: [] }
sync: { link: lo, port: ${this.#port} }
services:
  www:
    listen: tcp://127.0.0.100:80
    scheduler: ${scheduler}
    method: nat
    monitor: { http: /, interval: 200ms, timeout: 1s, rise: 1, fall: 2 }
    servers: { rs1: { address: 127.0.0.1:${server} } }
`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.lb1.end('SIGKILL'), this.lb2.end('SIGKILL')]);
    for (const side of [this.lb1, this.lb2]) side.endHeartbeats();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

export class Side {
  readonly name: Name;
  readonly runtime: string;
  readonly #site: Site;
  #child: ChildProcess | undefined;
  #out = '';

  constructor(site: Site, name: Name) {
    this.#site = site;
    this.name = name;
    this.runtime = path.join(site.folder, name);
    fs.mkdirSync(this.runtime);
  }

  get client(): ControlClient {
    return openControlClient(path.join(this.runtime, 'control.sock'), { author: 'test', origin: 'test' });
  }

  cli(...args: string[]): Promise<Ended> {
    return cli(...args, '--runtime', this.runtime);
  }

  /** What the stand-in says from now on. */
  says(status: Partial<Omit<HeartbeatStatus, 'peer'>> & { peer?: Partial<HeartbeatStatus['peer']> }): void {
    const file = path.join(this.runtime, 'stand-in.json');
    fs.writeFileSync(`${file}.new`, JSON.stringify(status));
    fs.renameSync(`${file}.new`, file);
  }

  /** What the stand-ins were told. */
  told<K extends ToHeartbeat['kind']>(kind: K): Extract<ToHeartbeat, { kind: K }>[] {
    const file = path.join(this.runtime, 'stand-in.log');
    const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
    const messages = text.split('\n').filter((line) => line !== '');
    return messages
      .map((line) => JSON.parse(line) as ToHeartbeat)
      .filter((message): message is Extract<ToHeartbeat, { kind: K }> => message.kind === kind);
  }

  async run({ paired = true } = {}): Promise<void> {
    const { runtime, name } = this;
    const state = path.join(this.#site.folder, `${name}-state`);
    const child = spawn(
      process.execPath,
      [PULSE, '--config', this.#site.config, '--node', name, '--state', state, '--runtime', runtime],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#child = child;
    this.#out = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (this.#out += chunk));
    await until(() => {
      if (child.exitCode !== null) throw new Error(this.#out);
      return this.#out.includes('"message":"running"');
    });
    if (paired) await until(async () => (await this.ha()).heartbeat?.running === true);
  }

  ha() {
    return this.client.call('ha');
  }

  async role(): Promise<string> {
    return (await this.client.call('status')).role;
  }

  async events(): Promise<readonly ApiEvent[]> {
    return (await this.client.call('events', { query: { limit: 1_000 } })).events;
  }

  async connected(): Promise<void> {
    await until(async () => (await this.ha()).channel?.connected === true);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  async heartbeatPid(): Promise<number> {
    return (await this.ha()).heartbeat?.pid ?? 0;
  }

  /** Stand-ins live on like the heartbeat does; those of this folder are known by their arguments. */
  endHeartbeats(): void {
    for (const pid of this.heartbeats()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended in between.
      }
    }
  }

  heartbeats(): number[] {
    return fs
      .readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          const words = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
          return words.some((word) => word.endsWith('/heartbeat/main.ts')) && words.includes(this.runtime);
        } catch {
          return false;
        }
      });
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, ADDRESSES.lb1, resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
