// Whether anybody else in the network answers: pings to the witnesses, several per deadtime, so that at the moment of a
// takeover the answer is fresh. One witness that answers is enough.
import type { Address } from '../director/model/address.ts';
import { familyOf } from '../director/model/address.ts';
import type { Clock } from '../director/model/clock.ts';
import { type EchoSocket, openEchoSocket } from '../director/native/icmp.ts';

const PINGS_PER_DEADTIME = 3;
const LEAST_INTERVAL_MS = 20;
const PING_BYTES = 16;

export interface Witnesses extends Disposable {
  /** Within the deadtime. */
  reachable(now_ms: number): boolean;
}

export function watchWitnesses(options: {
  readonly addresses: readonly Address[];
  readonly deadtime_ms: number;
  readonly identifier: number;
  readonly clock: Clock;
  readonly complain: (what: string) => void;
}): Witnesses {
  const { addresses, deadtime_ms, clock, identifier } = options;
  const interval_ms = Math.max(LEAST_INTERVAL_MS, deadtime_ms / PINGS_PER_DEADTIME);
  const resources = new DisposableStack();
  let answered_ms = Number.NEGATIVE_INFINITY;
  let sequence = 0;
  let timer: Disposable | undefined;
  const sockets = new Map<number, EchoSocket>();
  for (const family of new Set(addresses.map(familyOf)))
    try {
      const socket = openEchoSocket(family, (from, reply) => {
        if (reply.identifier === identifier && addresses.includes(from)) answered_ms = clock.monotonic_ms();
      });
      sockets.set(family, resources.use(socket));
    } catch (error) {
      options.complain(`witnesses cannot be asked: ${error instanceof Error ? error.message : error}`);
    }
  const ask = (): void => {
    sequence = (sequence + 1) & 0xffff;
    for (const to of addresses)
      try {
        sockets.get(familyOf(to))?.send(to, { identifier, sequence, payload: new Uint8Array(PING_BYTES) });
      } catch {
        // No way to it: as if it did not answer.
      }
    timer = clock.after(interval_ms, ask);
  };
  ask();
  return {
    reachable: (now_ms) => now_ms - answered_ms <= deadtime_ms,
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]();
      resources.dispose();
    },
  };
}
