// A director for the tests of the command line: `fairlead run` as a real process with folders of its own, real servers
// on loopback, and the command line spawned as people do.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openControlClient } from '../../../director/control/client.ts';

const MAIN = fileURLToPath(new URL('../../../director/cli/main.ts', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  out(): string;
}

/** Starts the command line; it is killed when the test's instance is disposed of. */
export function start(
  args: readonly string[],
  env: Record<string, string> = {},
  stdout: 'pipe' | number = 'pipe',
  input?: string,
): Started {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: [input === undefined ? 'ignore' : 'pipe', stdout, 'pipe'],
    env: { ...process.env, NO_COLOR: '1', FAIRLEAD_RUNTIME: '', ...env },
  });
  child.stdin?.end(input);
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (status, signal) => resolve({ status, signal, out, err })),
  );
  return { child, ended, out: () => out };
}

export const cli = (...args: string[]): Promise<Ended> => start(args).ended;

/** A real server whose health is whether it listens. */
export class RealServer implements AsyncDisposable {
  #server: http.Server | undefined;
  port = 0;

  static async open(): Promise<RealServer> {
    const real = new RealServer();
    await real.up();
    return real;
  }

  async up(): Promise<void> {
    const server = http.createServer((_request, response) => response.end('ok'));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }
}

export class Instance implements AsyncDisposable {
  readonly folder: string;
  readonly config: string;
  readonly runtime: string;
  readonly state: string;
  #running: Started | undefined;

  constructor(text: string) {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-'));
    this.config = path.join(this.folder, 'fairlead.yaml');
    this.runtime = path.join(this.folder, 'run');
    this.state = path.join(this.folder, 'state');
    fs.writeFileSync(this.config, text);
  }

  get socket(): string {
    return path.join(this.runtime, 'control.sock');
  }

  get client() {
    return openControlClient(this.socket, { author: 'test', origin: 'test' });
  }

  runArguments(): string[] {
    return [
      ...['run', '--config', this.config, '--node', 'lb1'],
      ...['--state', this.state, '--runtime', this.runtime],
    ];
  }

  /** Returns once it answers. */
  async run(...more: string[]): Promise<Started> {
    const running = start([...this.runArguments(), ...more]);
    this.#running = running;
    await until(async () => {
      if (running.child.exitCode !== null || running.child.signalCode !== null)
        throw new Error(`it ended: ${JSON.stringify(await running.ended)}`);
      return running.out().includes('"message":"running"');
    });
    return running;
  }

  get pid(): number {
    return this.#running?.child.pid ?? 0;
  }

  async end(signal: NodeJS.Signals): Promise<Ended | undefined> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return undefined;
    running.child.kill(signal);
    return running.ended;
  }

  /** A command against this instance. */
  cli(...args: string[]): Promise<Ended> {
    return cli(...args, '--runtime', this.runtime);
  }

  async json<T>(...args: string[]): Promise<T> {
    const { status, out, err } = await this.cli(...args, '--json');
    if (status !== 0) throw new Error(`${args.join(' ')}: ${status} ${err}`);
    return JSON.parse(out) as T;
  }

  file(name: string, content: string | Buffer): string {
    const file = path.join(this.folder, name);
    fs.writeFileSync(file, content);
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

const PATIENCE_MS = 30_000;
const STEP_MS = 25;

/** Waits for a condition, however slow the machine is today. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  patience_ms = PATIENCE_MS,
): Promise<void> {
  const end = Date.now() + patience_ms;
  for (;;) {
    if (await condition()) return;
    if (Date.now() > end) throw new Error(`never true: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}

export interface ConfigurationOptions {
  readonly servers: Readonly<Record<string, number>>;
  readonly scheduler?: string;
  readonly extra?: string;
}

export function configurationText({ servers, scheduler = 'wlc', extra = '' }: ConfigurationOptions): string {
  const lines = Object.entries(servers).map(
    ([name, port]) => `      ${name}: { address: 127.0.0.1:${port}, weight: 1 }`,
  );
  return `cluster: web
directors:
  lb1: { address: 127.0.0.1 }
engine: { kind: memory }
services:
  www:
    listen: tcp://127.0.0.100:80
    scheduler: ${scheduler}
    method: nat
    monitor: { http: /, interval: 200ms, timeout: 1s, rise: 1, fall: 2 }
    servers:
${lines.join('\n')}
${extra}`;
}
