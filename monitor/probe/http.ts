// http and https: one request, its status, and if asked its body. Redirects are answers like any other, never followed.
// Guarantees: reads no more than 16 KiB of headers and 64 KiB of body; an answer must be complete (or fill those
// 64 KiB) within the timeout, so a server that stalls half way fails.
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { isIP, type Socket, connect as tcpConnect } from 'node:net';
import { familyOf } from '../../director/model/address.ts';
import type { ProbeTarget } from '../../director/model/monitor.ts';
import { type Attempt, attempt } from './attempt.ts';
import { closeAbruptly } from './close-abruptly.ts';
import { match, TEXT_LIMIT_BYTES } from './pattern.ts';
import type { Probe, SpecOf } from './probe.ts';
import { connectTls } from './tls.ts';

const HEADER_LIMIT_BYTES = 16_384;

export const http: Probe<'http'> = (target, spec, context) =>
  attempt(context, (attempt) => {
    attempt.stage('connection');
    const socket = open(target, spec);
    let complete = false;
    // After a complete answer an ordinary close: a reset would be an error in the server's log once per probe.
    attempt.onEnd(() => (complete ? socket.destroy() : closeAbruptly(socket)));
    socket.once(spec.tls ? 'secureConnect' : 'connect', () => attempt.stage('answer'));
    if (spec.tls) socket.once('connect', () => attempt.stage('end of the TLS handshake'));
    socket.on('error', (error) => attempt.error(error));
    const asked = ask(socket, target, spec);
    asked.on('error', (error) => attempt.error(error));
    asked.on('response', (response) => {
      attempt.stage('complete answer');
      readAnswer(attempt, spec, response, () => {
        complete = true;
      });
    });
    asked.on('upgrade', (response) => {
      if (accepts(spec, response)) attempt.pass('HTTP 101');
      else attempt.fail('HTTP 101');
    });
    asked.end();
  });

function open(target: ProbeTarget, spec: SpecOf<'http'>): Socket {
  const to = { host: target.address, port: target.port };
  if (!spec.tls) return tcpConnect({ ...to, autoSelectFamily: false });
  return connectTls({ to }, { name: spec.sni ?? hostName(spec.host) ?? target.address, verify: spec.verify });
}

/** Over a socket of our own, not an agent's: nothing is pooled, and the timeout covers connecting too. */
function ask(socket: Socket, target: ProbeTarget, spec: SpecOf<'http'>): ClientRequest {
  return request({
    createConnection: () => socket,
    method: spec.method,
    path: spec.path,
    maxHeaderSize: HEADER_LIMIT_BYTES,
    headers: {
      host: spec.host ?? hostHeader(target, spec.tls ? 443 : 80),
      'user-agent': 'fairlead-monitor',
      accept: '*/*',
      'accept-encoding': 'identity',
      connection: 'close',
    },
  });
}

function readAnswer(
  attempt: Attempt,
  spec: SpecOf<'http'>,
  response: IncomingMessage,
  onComplete: () => void,
): void {
  const status = response.statusCode;
  if (!accepts(spec, response)) {
    attempt.fail(`HTTP ${status}`);
    return;
  }
  const chunks: Buffer[] = [];
  let length_bytes = 0;
  const conclude = (): void => {
    if (spec.body === undefined) {
      attempt.pass(`HTTP ${status}`);
      return;
    }
    const text = Buffer.concat(chunks).subarray(0, TEXT_LIMIT_BYTES).toString('utf8');
    const result = match(spec.body, text);
    if ('problem' in result) attempt.fail(`HTTP ${status}, but ${result.problem}`);
    else if (result.found) attempt.pass(`HTTP ${status}, body matches`);
    else attempt.fail(`HTTP ${status}, but the body does not match ${spec.body}`);
  };
  response.on('data', (chunk: Buffer) => {
    if (attempt.ended) return;
    if (spec.body !== undefined) chunks.push(chunk);
    length_bytes += chunk.length;
    if (length_bytes >= TEXT_LIMIT_BYTES) conclude();
  });
  response.on('end', () => {
    onComplete();
    conclude();
  });
  response.on('error', () => attempt.fail(`HTTP ${status}, but the answer was cut short`));
}

function accepts(spec: SpecOf<'http'>, { statusCode = 0 }: IncomingMessage): boolean {
  return spec.status.some((range) => statusCode >= range.from && statusCode <= range.to);
}

function hostHeader(target: ProbeTarget, usualPort: number): string {
  const host = familyOf(target.address) === 6 ? `[${target.address}]` : target.address;
  return target.port === usualPort ? host : `${host}:${target.port}`;
}

/** The Host header without its port. */
function hostName(host: string | undefined): string | undefined {
  if (host === undefined || isIP(host) !== 0) return host;
  return host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
