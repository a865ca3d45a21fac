// Those who are not a channel: connections to an end with or without the key, and a peer that behaves as a test tells it.
import type http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { identityOf, peerKeys } from '../key.ts';
import type { PeerEndpoint } from '../types.ts';
import { type Ends, KEY, keyring } from './pair.ts';

const key = peerKeys(keyring(KEY), 'c1')[0]!;

/** From lb2's address to lb1, without a handshake. */
export async function connectPlain(ends: Ends, from = ends.lb2.address): Promise<net.Socket> {
  const socket = net.connect({ host: ends.lb1.address, port: ends.lb1.port, localAddress: from });
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()));
  return socket;
}

/** Resolves with a connected socket, or undefined if the handshake fails. */
export async function connectTls(
  ends: Ends,
  options: tls.ConnectionOptions = {},
): Promise<tls.TLSSocket | undefined> {
  const socket = tls.connect({
    host: ends.lb1.address,
    port: ends.lb1.port,
    localAddress: ends.lb2.address,
    ciphers: 'TLS_CHACHA20_POLY1305_SHA256',
    ca: [],
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk: key.psk, identity: identityOf('c1', 'lb2', key) }),
    ...options,
  } as tls.ConnectionOptions);
  return await new Promise((resolve) => {
    socket.on('error', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
    socket.once('secureConnect', () => resolve(socket));
  });
}

/** One request with the key, as bytes; the whole answer as text, however the connection ends. */
export async function askRaw(ends: Ends, bytes: string | Buffer): Promise<string> {
  const socket = await connectTls(ends);
  if (socket === undefined) return 'no handshake';
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  socket.end(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

export function put(body: string | Buffer, path = '/peer/state'): Buffer {
  const head = `PUT ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(body)]);
}

export interface FakePeer extends AsyncDisposable {
  readonly requests: string[];
}

/** lb2 as the test wants it. */
export async function openFakePeer(
  at: PeerEndpoint,
  answer: (request: http.IncomingMessage, response: http.ServerResponse) => void,
  options: https.ServerOptions = { pskCallback: () => key.psk, ciphers: 'TLS_CHACHA20_POLY1305_SHA256' },
): Promise<FakePeer> {
  const requests: string[] = [];
  const server = https.createServer(options, (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.on('error', () => {});
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(at.port, at.address, resolve));
  return {
    requests,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
