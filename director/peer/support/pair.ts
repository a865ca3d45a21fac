// Two ends of a channel on this machine, as the tests use them: real sockets on two loopback addresses.
import net from 'node:net';
import { keyringsFrom } from '../../../heartbeat/link/keys.ts';
import type { Clock } from '../../model/clock.ts';
import { FairleadError } from '../../model/error.ts';
import { openPeerChannel } from '../channel.ts';
import type { PeerState } from '../state.ts';
import type { PeerChannel, PeerChannelOptions, PeerEndpoint } from '../types.ts';

export const KEY = '7'.repeat(64);
export const OTHER_KEY = '8'.repeat(64);

export const keyring = (...keys: string[]): PeerChannelOptions['keyring'] => keyringsFrom(keys);

/** Time that runs faster by the factor, so that limits of seconds are reached. */
export function hurriedClock(factor = 1): Clock {
  return {
    now: () => Date.now(),
    monotonic_ms: () => performance.now() * factor,
    after(delay_ms, run) {
      const timer = setTimeout(run, delay_ms / factor);
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
  };
}

export interface Ends {
  readonly lb1: PeerEndpoint;
  readonly lb2: PeerEndpoint;
}

export async function freeEnds(): Promise<Ends> {
  const lb1 = { address: '127.0.0.2', port: await freePort('127.0.0.2') };
  return { lb1, lb2: { address: '127.0.0.3', port: await freePort('127.0.0.3') } };
}

async function freePort(host: string): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface End extends AsyncDisposable {
  readonly channel: PeerChannel;
  readonly states: PeerState[];
  readonly log: string[];
  readonly changes: boolean[];
}

export async function openEnd(
  which: 'lb1' | 'lb2',
  ends: Ends,
  more: Partial<PeerChannelOptions> = {},
): Promise<End> {
  const peer = which === 'lb1' ? 'lb2' : 'lb1';
  const states: PeerState[] = [];
  const log: string[] = [];
  const changes: boolean[] = [];
  const channel = await openPeerChannel({
    own: ends[which],
    remote: ends[peer],
    node: which,
    peer,
    cluster: 'c1',
    keyring: keyring(KEY),
    clock: hurriedClock(),
    log: (level, message, fields) => log.push(`${level} ${message} ${JSON.stringify(fields)}`),
    onState: (state) => states.push(state) > 0,
    onConnection: (connected) => changes.push(connected),
    serve: async () => {
      throw new FairleadError('refused', 'Nothing is served here.');
    },
    ...more,
  });
  return { channel, states, log, changes, [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose]() };
}
