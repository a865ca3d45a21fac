// Real servers on loopback for the tests of probes, well-behaved and hostile ones, and a certificate for them.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { address } from '../../director/model/address.ts';
import type { ProbeTarget } from '../../director/model/monitor.ts';
import type { ProbeContext } from '../probe/probe.ts';

export interface Listening extends AsyncDisposable {
  readonly target: ProbeTarget;
}

/** Anything with net.Server's face: tcp, tls, http and https servers alike. */
export async function listen(server: Server, host = '127.0.0.1', port = 0): Promise<Listening> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => {}); // probes reset their connections
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    target: { address: address(host), port: (server.address() as AddressInfo).port },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function serveTcp(onConnection: (socket: Socket) => void, host?: string): Promise<Listening> {
  return listen(createServer(onConnection), host);
}

/** A port that nobody listens at. */
export async function closedPort(): Promise<ProbeTarget> {
  await using server = await serveTcp(() => {});
  return server.target;
}

/** A server whose process is stopped: the kernel still accepts two connections for it, but nobody ever answers. */
export async function serveStopped(): Promise<Listening> {
  const program = `const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  return {
    target: { address: address('127.0.0.1'), port: Number(String(line)) },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

export function context(timeout_ms = 5_000, signal = new AbortController().signal): ProbeContext {
  return { timeout_ms, signal, service: 'www' };
}

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** A file in a folder of its own; without content only its name. */
export function scratchFile(name: string, content?: Uint8Array): Disposable & { readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-test-'));
  const path = join(folder, name);
  if (content !== undefined) writeFileSync(path, content);
  return { path, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

/** Self-signed, for www.example and 127.0.0.1. */
export function makeCertificate(): Certificate {
  using key = scratchFile('key.pem');
  using cert = scratchFile('cert.pem');
  const subject = ['-subj', '/CN=www.example', '-addext', 'subjectAltName=DNS:www.example,IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key.path, '-out', cert.path], {
    stdio: 'pipe',
  });
  return { key: readFileSync(key.path), cert: readFileSync(cert.path) };
}
