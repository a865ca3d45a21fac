// The inviting end of a pairing: listens for a while at one address, and gives configuration and key to whoever knows the
// one-time code. Guarantees: ends after its time, after one success, after a few wrong codes; the key is handed out once;
// a few connections at a time, each limited in size and time; whoever has not shown the code learns nothing.
import { constants } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import type { Clock } from '../../model/clock.ts';
import { FairleadError } from '../../model/error.ts';
import { CIPHERS } from '../../peer/server.ts';
import { keyOfCode } from './secret.ts';
import {
  doneSchema,
  type Hello,
  helloSchema,
  IDENTITY,
  LineConnection,
  type Offer,
  offer as offerOf,
  takeSchema,
} from './wire.ts';

const HANDSHAKE_TIMEOUT_MS = 5_000;
const CONNECTIONS_MAX = 16;
const WRONG_CODES_MAX = 5;

export interface InviteOptions {
  readonly address: string;
  readonly port: number;
  readonly code: string;
  readonly lasts_ms: number;
  /** Asked anew for each guest. */
  readonly offer: () => Omit<Offer, 'format' | 'now'>;
  /** The text of the key file. */
  readonly key: string;
  /** Whom the key may be given to. */
  readonly guest: string;
  readonly clock: Clock;
  readonly tell: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface Invitation extends AsyncDisposable {
  readonly port: number;
  /** Resolves with what became of the guest; rejects when nobody came, or too many came with wrong codes. */
  readonly outcome: Promise<Paired>;
}

export interface Paired {
  readonly hostname: string;
  /** It confirmed that everything is written. */
  readonly confirmed: boolean;
}

/** Resolves when it listens. */
export async function openInvitation(options: InviteOptions): Promise<Invitation> {
  const host = new Host(options);
  await host.listen();
  return host;
}

class Host implements Invitation {
  readonly outcome: Promise<Paired>;
  port = 0;
  readonly #options: InviteOptions;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #result = Promise.withResolvers<Paired>();
  readonly #limits = new DisposableStack();
  #wrongCodes = 0;
  /** Handed out once; with that the code is spent. */
  #spent = false;
  #ended = false;

  constructor(options: InviteOptions) {
    this.#options = options;
    this.outcome = this.#result.promise;
    this.outcome.catch(() => {}); // whoever waits for it is told; nobody may
    const psk = keyOfCode(options.code);
    const secure = tls.createServer({
      pskCallback: (_socket, identity) => (identity === IDENTITY && !this.#ended ? psk : null),
      minVersion: 'TLSv1.3',
      ciphers: CIPHERS,
      secureOptions: constants.SSL_OP_NO_TICKET,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    });
    secure.on('tlsClientError', (error: Error & { readonly code?: string }, socket) => {
      socket.destroy();
      if (error.code === 'ERR_SSL_BINDER_DOES_NOT_VERIFY') this.#wrongCode(socket);
    });
    secure.on('secureConnection', (socket) => void this.#receive(socket));
    this.#server = net.createServer((socket) => {
      if (this.#sockets.size >= CONNECTIONS_MAX || this.#ended) {
        socket.destroy();
        return;
      }
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      secure.emit('connection', socket);
    });
  }

  async listen(): Promise<void> {
    const { address, port, clock, lasts_ms, signal } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.on('error', (cause: Error) =>
        reject(
          new FairleadError('cannot-listen', `Cannot listen on ${address} port ${port}: ${cause.message}.`, {
            remedy: 'Name an address of this machine with --listen, or another port with --port.',
            cause,
          }),
        ),
      );
      this.#server.listen({ host: address, port }, resolve);
    });
    this.port = (this.#server.address() as net.AddressInfo).port;
    this.#limits.use(clock.after(lasts_ms, () => this.#fail(nobodyCame(lasts_ms))));
    const interrupt = (): void =>
      this.#fail(new FairleadError('interrupted', 'Interrupted; nobody was paired.'));
    signal?.addEventListener('abort', interrupt);
    this.#limits.defer(() => signal?.removeEventListener('abort', interrupt));
    if (signal?.aborted === true) interrupt();
  }

  #wrongCode(socket: tls.TLSSocket): void {
    this.#wrongCodes++;
    const left = WRONG_CODES_MAX - this.#wrongCodes;
    this.#options.tell(
      `somebody came with a wrong code${from(socket)}; ${Math.max(0, left)} more and this ends`,
    );
    if (left <= 0)
      this.#fail(
        new FairleadError(
          'wrong-codes',
          `${WRONG_CODES_MAX} times somebody came with a wrong code: the code is void.`,
          {
            remedy: 'Begin again with "fairlead pair --invite", and read out the new code.',
          },
        ),
      );
  }

  async #receive(socket: tls.TLSSocket): Promise<void> {
    const { clock, tell, guest, key, offer } = this.#options;
    using line = new LineConnection(socket, clock);
    let handed: Hello | undefined;
    try {
      const hello = await line.receive(helloSchema);
      tell(`${JSON.stringify(hello.hostname)}${from(socket)} knows the code and looks at the configuration`);
      line.send(offerOf({ ...offer(), now: clock.now() }));
      const asked = await line.receive(takeSchema);
      if ('refused' in asked) {
        tell(
          `it cannot be the second director: ${JSON.stringify(asked.refused).slice(1, -1)}. The code is still good`,
        );
        return;
      }
      if (asked.take !== guest || this.#spent || this.#ended) return;
      this.#spent = true;
      handed = hello;
      line.send({ key });
      await line.receive(doneSchema);
      line.send({ bye: true });
      this.#succeed({ hostname: hello.hostname, confirmed: true });
    } catch (error) {
      if (handed !== undefined) this.#succeed({ hostname: handed.hostname, confirmed: false });
      else tell(error instanceof FairleadError ? error.message : String(error));
    }
  }

  #succeed(paired: Paired): void {
    this.#end();
    this.#result.resolve(paired);
  }

  #fail(error: FairleadError): void {
    this.#end();
    this.#result.reject(error);
  }

  #end(): void {
    this.#ended = true;
    this.#limits.dispose();
    this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    // What was sent last may still be under way.
    for (const socket of this.#sockets) socket.destroySoon();
  }
}

function from(socket: tls.TLSSocket): string {
  return socket.remoteAddress === undefined ? '' : ` from ${socket.remoteAddress}`;
}

function nobodyCame(lasts_ms: number): FairleadError {
  return new FairleadError(
    'nobody-came',
    `Nobody came with the code within ${Math.round(lasts_ms / 60_000)} minutes.`,
    {
      remedy: 'Begin again with "fairlead pair --invite".',
    },
  );
}
