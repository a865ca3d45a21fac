// The asking end: requests to the peer over a few kept connections, each with a time limit. An error says whether
// the request can have been carried out. With several keys the next one is tried when one is not accepted.
import type http from 'node:http';
import https from 'node:https';
import type tls from 'node:tls';
import { FairleadError } from '../model/error.ts';
import { collectText } from './collect.ts';
import { flatten, passable } from './headers.ts';
import { identityOf, type PeerKey, peerKeys } from './key.ts';
import { CIPHERS } from './server.ts';
import type { PeerChannelOptions, PeerChannelStatus, PeerReply, PeerRequest } from './types.ts';

/** Connection and handshake; from an address that is gone no refusal comes. */
const CONNECT_TIMEOUT_MS = 3_000;
const HEADERS_MAX_BYTES = 16 * 1024;

/** `own`: hello and states; `calls`: the control API, so that slow answers there do not hold up the others. */
export type Lane = 'own' | 'calls';
const CONNECTIONS: Readonly<Record<Lane, number>> = { own: 2, calls: 4 };

export interface Exchange extends PeerRequest {
  readonly lane: Lane;
  readonly timeout_ms: number;
  readonly reply_max_bytes: number;
}

interface Progress extends Disposable {
  /** From now on the request may be carried out. */
  sent: boolean;
  connecting: Disposable | undefined;
  begin(): void;
}

class KeyNotAccepted extends FairleadError {
  constructor(where: string, cause: unknown) {
    super('peer-unreachable', `${where} does not accept our key.`, {
      remedy: 'Let both directors have the same key file, cluster name and names of each other.',
      cause,
    });
  }
}

export class PeerClient implements Disposable {
  readonly #options: PeerChannelOptions;
  readonly #agents: Readonly<Record<Lane, https.Agent>>;
  readonly #ended = new AbortController();
  /** Which of the keys; grows when one is not accepted. */
  #choice = 0;
  #tls: PeerChannelStatus['tls'];

  constructor(options: PeerChannelOptions) {
    this.#options = options;
    this.#agents = { own: this.#createAgent(CONNECTIONS.own), calls: this.#createAgent(CONNECTIONS.calls) };
  }

  #createAgent(maxSockets: number): https.Agent {
    return new https.Agent({
      keepAlive: true,
      maxSockets,
      maxCachedSessions: 0,
      localAddress: this.#options.own.address,
      minVersion: 'TLSv1.3',
      ciphers: CIPHERS,
      pskCallback: () => this.#offerKey(),
      ca: [],
      rejectUnauthorized: true,
      // Whoever shows a certificate has not shown the key.
      checkServerIdentity: (_host, certificate) =>
        Object.keys(certificate).length === 0 ? undefined : new Error('the peer shows a certificate'),
    });
  }

  #offerKey(): tls.PSKCallbackNegotation | null {
    const { cluster, node } = this.#options;
    const keys = this.#keys();
    const key = keys[this.#choice % keys.length];
    return key === undefined ? null : { psk: key.psk, identity: identityOf(cluster, node, key) };
  }

  /** None while the key file cannot be read. */
  #keys(): PeerKey[] {
    try {
      return peerKeys(this.#options.keyring, this.#options.cluster);
    } catch {
      return [];
    }
  }

  /** What the last connection was made of. */
  tls(): PeerChannelStatus['tls'] {
    return this.#tls;
  }

  async exchange(asked: Exchange): Promise<PeerReply> {
    for (let others = this.#keys().length - 1; ; others--) {
      const choice = this.#choice;
      try {
        return await this.#attempt(asked);
      } catch (error) {
        if (!(error instanceof KeyNotAccepted)) throw error;
        if (this.#choice === choice) this.#choice++;
        if (others <= 0) throw error;
      }
    }
  }

  async #attempt(asked: Exchange): Promise<PeerReply> {
    const attempt = new AbortController();
    const { clock } = this.#options;
    const after = (limit_ms: number, what: string): Disposable =>
      clock.after(limit_ms, () => attempt.abort(new Error(`no ${what} within ${limit_ms} ms`)));
    using _timeout = after(asked.timeout_ms, 'answer');
    using progress: Progress = {
      sent: false,
      connecting: undefined,
      begin() {
        this.connecting = after(CONNECT_TIMEOUT_MS, 'connection');
      },
      [Symbol.dispose]() {
        this.connecting?.[Symbol.dispose]();
      },
    };
    try {
      const signal = AbortSignal.any([attempt.signal, this.#ended.signal]);
      const response = await this.#send(asked, signal, progress);
      const body = await collectText(response, asked.reply_max_bytes);
      return { status: response.statusCode ?? 0, headers: flatten(response.headers), body };
    } catch (error) {
      throw this.#toError(attempt.signal.aborted ? attempt.signal.reason : error, progress.sent);
    }
  }

  #send(asked: Exchange, signal: AbortSignal, progress: Progress): Promise<http.IncomingMessage> {
    const { remote } = this.#options;
    return new Promise((resolve, reject) => {
      const request = https.request({
        agent: this.#agents[asked.lane],
        host: remote.address,
        port: remote.port,
        method: asked.method,
        path: asked.path,
        headers: {
          ...passable(asked.headers),
          ...(asked.body === undefined ? {} : { 'content-length': Buffer.byteLength(asked.body) }),
        },
        maxHeaderSize: HEADERS_MAX_BYTES,
        signal,
      });
      request.on('error', reject);
      request.on('response', resolve);
      request.on('socket', (socket) => {
        progress.sent = request.reusedSocket;
        if (progress.sent) return;
        progress.begin();
        socket.once('secureConnect', () => {
          progress.sent = true;
          progress[Symbol.dispose]();
          this.#connected(socket as tls.TLSSocket);
        });
      });
      request.end(asked.body);
    });
  }

  #connected(socket: tls.TLSSocket): void {
    socket.setNoDelay(true);
    const exchange = socket.getEphemeralKeyInfo() as { name?: string } | null;
    const keys = this.#keys();
    this.#tls = {
      protocol: socket.getProtocol() ?? 'unknown',
      cipher: [socket.getCipher().name, exchange?.name].filter((part) => part !== undefined).join(' '),
      key: keys[this.#choice % keys.length]?.id ?? 'unknown',
    };
  }

  #toError(cause: unknown, sent: boolean): FairleadError {
    if (cause instanceof FairleadError) return cause;
    const { peer, remote } = this.#options;
    const where = `The director ${peer} (${remote.address} port ${remote.port})`;
    const error = cause as Error & { readonly code?: string };
    if (this.#ended.signal.aborted)
      return new FairleadError('stopping', 'This director is stopping.', { cause });
    if (sent)
      return new FairleadError('peer-no-answer', `${where} did not answer: ${error.message}.`, {
        remedy: 'What was asked may have been carried out: look before you try again.',
        cause,
      });
    if (error.code?.startsWith('ERR_INVALID_') || error.code === 'ERR_UNESCAPED_CHARACTERS')
      return new FairleadError('bad-request', `This cannot be asked of the peer: ${error.message}.`, {
        cause,
      });
    if (error.code === 'EPROTO' || error.code?.startsWith('ERR_SSL')) return new KeyNotAccepted(where, cause);
    return new FairleadError('peer-unreachable', `${where} cannot be reached: ${error.message}.`, {
      remedy: 'See "fairlead status" there, and the link between the two.',
      cause,
    });
  }

  /** Whatever waits on them would wait for the end of its time: a peer that comes back knows nothing of them. */
  dropConnections(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
    this.dropConnections();
  }
}
