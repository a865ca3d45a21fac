// The listening end: HTTPS by pre-shared key (TLS 1.3, RFC 8446 2.2, with a key exchange of its own for forward secrecy; no
// early data, hence no replay), on the own address only. Listens as soon as the address is there.
import { constants } from 'node:crypto';
import type http from 'node:http';
import https from 'node:https';
import type tls from 'node:tls';
import type { Clock } from '../model/clock.ts';
import { Admission } from './admission.ts';
import { findKey } from './key.ts';
import type { Refusals } from './refusals.ts';
import type { PeerChannelOptions } from './types.ts';

/** With a pre-shared key OpenSSL takes the suites with SHA-256 only (SSL_CTX_set_psk_server_callback(3)). */
export const CIPHERS = 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';
const LISTEN_AGAIN_MS = { first: 250, last: 5_000 };
const LIMITS = {
  handshakeTimeout: 2_000,
  maxHeaderSize: 16 * 1024,
  headersTimeout: 3_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
};
/** Nothing moved on a connection for so long. */
const IDLE_MS = 20_000;

export interface PeerServer extends AsyncDisposable {
  listening(): boolean;
  because(): string;
}

export type Answering = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** Resolves after the first attempt to listen, whatever became of it. */
export async function openPeerServer(
  options: PeerChannelOptions,
  refusals: Refusals,
  answer: Answering,
): Promise<PeerServer> {
  const identities = new WeakMap<object, string>();
  const counted = new WeakSet<object>();
  const refuse = (socket: tls.TLSSocket, reason: string): void => {
    if (!counted.has(socket)) refusals.count(reason, socket.remoteAddress);
    counted.add(socket);
  };
  const admission = new Admission(options.remote.address, refusals);
  const pskCallback = (socket: tls.TLSSocket, identity: string): Buffer | null => {
    const key = keyOrRefusal(identity, options);
    if (typeof key === 'string') {
      refuse(socket, key);
      return null;
    }
    identities.set(socket, identity);
    return key.psk;
  };
  const server = https.createServer(
    {
      ...LIMITS,
      pskCallback,
      minVersion: 'TLSv1.3',
      ciphers: CIPHERS,
      // A resumed session would name no key.
      secureOptions: constants.SSL_OP_NO_TICKET,
    },
    (request, response) => {
      // A key that has left the key file ends what was begun with it.
      const identity = identities.get(request.socket);
      const key = identity === undefined ? 'unknown-key' : keyOrRefusal(identity, options);
      if (typeof key !== 'string') return answer(request, response);
      refuse(request.socket as tls.TLSSocket, key);
      request.socket.destroy();
    },
  );
  guard(server, admission);
  server.setTimeout(IDLE_MS, (socket) => socket.destroy());
  server.on('secureConnection', (socket) => admission.proven(socket.remotePort));
  // Of failed handshakes too: Node's server hands 'tlsClientError' on.
  server.on('clientError', (error, socket) => {
    refuse(socket as tls.TLSSocket, reasonOf(error));
    socket.destroy();
  });
  const listener = new Listener(server, options);
  await listener.listen();
  return {
    listening: () => server.listening,
    because: () => listener.because,
    async [Symbol.asyncDispose]() {
      listener[Symbol.dispose]();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      admission.closeAll();
      await closed;
    },
  };
}

function keyOrRefusal(identity: string, options: PeerChannelOptions): ReturnType<typeof findKey> {
  try {
    return findKey(identity, options);
  } catch {
    return 'unknown-key';
  }
}

/** Before TLS gets to see a connection. */
function guard(server: https.Server, admission: Admission): void {
  const inner = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket) => {
    if (admission.arrived(socket)) for (const each of inner) each.call(server, socket);
  });
}

/** What OpenSSL calls it, in our spelling. */
function reasonOf(error: Error & { readonly code?: string }): string {
  switch (error.code) {
    case 'ERR_SSL_BINDER_DOES_NOT_VERIFY':
      return 'wrong-key';
    case 'ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM':
    case 'ERR_SSL_NO_SHARED_CIPHER':
      return 'no-key';
    case 'ERR_TLS_HANDSHAKE_TIMEOUT':
      return 'handshake-timeout';
    case 'ECONNRESET':
      return 'handshake-broken-off';
    default:
      return (error.code ?? 'unknown')
        .toLowerCase()
        .replace(/^err_(ssl_)?/, '')
        .replaceAll('_', '-');
  }
}

/** The address may come late, or its last user may not have gone yet: tried until it works. */
class Listener implements Disposable {
  readonly #server: https.Server;
  readonly #options: PeerChannelOptions;
  readonly #clock: Clock;
  #wait_ms = LISTEN_AGAIN_MS.first;
  #timer: Disposable | undefined;
  #ended = false;
  because = 'not tried yet';

  constructor(server: https.Server, options: PeerChannelOptions) {
    this.#server = server;
    this.#options = options;
    this.#clock = options.clock;
    server.on('error', (error) => this.#failed(error));
  }

  async listen(): Promise<void> {
    const { address, port } = this.#options.own;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#server.off('listening', done).off('error', done);
        resolve();
      };
      this.#server.once('listening', done).once('error', done);
      this.#server.listen({ host: address, port });
    });
    if (!this.#server.listening) return;
    this.because = `on ${address} port ${port}`;
    this.#wait_ms = LISTEN_AGAIN_MS.first;
  }

  #failed(error: Error): void {
    const { address, port } = this.#options.own;
    const because = `cannot listen on ${address} port ${port}: ${error.message}`;
    if (because !== this.because)
      this.#options.log('warn', 'the peer channel cannot listen', { because, remedy: 'It is tried again.' });
    this.because = because;
    if (this.#ended || this.#server.listening) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.after(this.#wait_ms, () => void this.listen());
    this.#wait_ms = Math.min(LISTEN_AGAIN_MS.last, this.#wait_ms * 2);
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#timer?.[Symbol.dispose]();
  }
}
