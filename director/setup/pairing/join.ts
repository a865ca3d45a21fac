// The joining end of a pairing: shows the one-time code, is told the configuration, and takes the key once it has decided
// to. Guarantees: talks to nobody who does not know the code; what it is told is limited in size and time.
import tls from 'node:tls';
import type { Clock } from '../../model/clock.ts';
import { EXIT, FairleadError } from '../../model/error.ts';
import { CIPHERS } from '../../peer/server.ts';
import { keyOfCode } from './secret.ts';
import {
  byeSchema,
  hello,
  IDENTITY,
  keySchema,
  LineConnection,
  OFFER_MAX_BYTES,
  type Offer,
  offerSchema,
} from './wire.ts';

const CONNECT_TIMEOUT_MS = 10_000;

export interface JoinOptions {
  readonly host: string;
  readonly port: number;
  readonly code: string;
  readonly version: string;
  readonly hostname: string;
  readonly clock: Clock;
}

export interface Joining extends Disposable {
  readonly offer: Offer;
  /** How far the other clock is ahead of ours. */
  readonly clockAhead_ms: number;
  /** The text of the key file. With this the code is spent. */
  take(node: string): Promise<string>;
  /** Why this machine cannot be the second director; the code stays good. */
  refuse(reason: string): void;
  /** Everything is written. Never fails: it is. */
  done(): Promise<void>;
}

export async function openJoining(options: JoinOptions): Promise<Joining> {
  const { clock, version, hostname } = options;
  const socket = await connect(options);
  const line = new LineConnection(socket, clock);
  try {
    const asked_ms = clock.now();
    line.send(hello(version, hostname));
    const offer = await line.receive(offerSchema, OFFER_MAX_BYTES);
    return {
      offer,
      clockAhead_ms: offer.now - (asked_ms + clock.now()) / 2,
      async take(node) {
        line.send({ take: node });
        return (await line.receive(keySchema)).key;
      },
      refuse: (reason) => line.send({ refused: reason.slice(0, 2_000) }),
      async done() {
        line.send({ done: true });
        await line.receive(byeSchema).catch(() => undefined);
      },
      [Symbol.dispose]: () => line[Symbol.dispose](),
    };
  } catch (error) {
    line[Symbol.dispose]();
    throw error;
  }
}

function connect({ host, port, code, clock }: JoinOptions): Promise<tls.TLSSocket> {
  const psk = keyOfCode(code);
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      host,
      port,
      minVersion: 'TLSv1.3',
      ciphers: CIPHERS,
      pskCallback: () => ({ psk, identity: IDENTITY }),
      ca: [],
      rejectUnauthorized: true,
      // Whoever shows a certificate has not shown the code.
      checkServerIdentity: (_host, certificate) =>
        Object.keys(certificate).length === 0 ? undefined : new Error('it shows a certificate'),
    });
    const limit = clock.after(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error('it does not answer')));
    const fail = (error: Error & { readonly code?: string }): void => {
      limit[Symbol.dispose]();
      socket.destroy();
      reject(whyNot(error, host, port));
    };
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      limit[Symbol.dispose]();
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

function whyNot(error: Error & { readonly code?: string }, host: string, port: number): FairleadError {
  const where = `${host} port ${port}`;
  const code = error.code ?? '';
  if (code.startsWith('ERR_SSL') || code === 'EPROTO')
    return new FairleadError('wrong-code', `${where} does not accept this code.`, {
      remedy:
        'Read the code again on the other director: it is good once, for ten minutes, for a few attempts.',
      exit: EXIT.refused,
      cause: error,
    });
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET')
    return new FairleadError('nobody-invites', `Nobody invites at ${where}.`, {
      remedy:
        'Run "fairlead pair --invite" on the first director, and give the address and port that it names.',
      cause: error,
    });
  return new FairleadError('unreachable', `${where} cannot be reached: ${error.message}.`, {
    remedy: 'See that the first director is there, and that no filter is in between.',
    cause: error,
  });
}
