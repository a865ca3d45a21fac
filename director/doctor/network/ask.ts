// Questions to the network: who answers for an address on a link (by ARP probes and solicitations, which change nobody's
// cache), and who answers pings. Guarantees: each ends within its time, without a privilege there are no answers and a
// reason; nothing is sent but questions.

import { collectClaims } from '../../../heartbeat/takeover/claims.ts';
import type { Vip } from '../../../heartbeat/takeover/vip.ts';
import { type Address, familyOf } from '../../model/address.ts';
import type { Clock } from '../../model/clock.ts';
import { FairleadError } from '../../model/error.ts';
import { type EchoSocket, openEchoSocket } from '../../native/icmp.ts';
import type { Link } from '../../native/rtnetlink.ts';
import type { LinkAnswer, LinkQuestion } from './facts.ts';

const LINK_TIMEOUT_MS = 900;
const PING_TIMEOUT_MS = 1_000;
const PINGS = 3;
const PING_BYTES = 16;
const ASKED_MAX = 1_024;

export async function askLinks(
  questions: readonly LinkQuestion[],
  links: readonly Link[],
  clock: Clock,
): Promise<readonly LinkAnswer[]> {
  const byInterface = Map.groupBy(questions.slice(0, ASKED_MAX), (each) => each.interface);
  const asked = [...byInterface].map(async ([name, list]) => {
    const vips = list.map((each): Vip => ({ address: each.address, prefix_bits: 32, interface: name }));
    const claims = await collectClaims({ links, vips, clock, timeout_ms: LINK_TIMEOUT_MS });
    return claims.map(({ address, mac }): LinkAnswer => ({ interface: name, address, mac }));
  });
  return (await Promise.all(asked)).flat();
}

/** Which of them answer. */
export async function pingAll(addresses: readonly Address[], clock: Clock): Promise<Map<Address, boolean>> {
  const wanted = [...new Set(addresses)].slice(0, ASKED_MAX);
  const answered = new Set<Address>();
  const identifier = process.pid & 0xffff;
  const enough = Promise.withResolvers<void>();
  using resources = new DisposableStack();
  const sockets = new Map<number, EchoSocket>();
  for (const family of new Set(wanted.map(familyOf))) {
    const socket = openEchoSocket(family, (from, reply) => {
      if (reply.identifier !== identifier || !wanted.includes(from)) return;
      answered.add(from);
      if (answered.size === wanted.length) enough.resolve();
    });
    sockets.set(family, resources.use(socket));
  }
  const ask = (sequence: number): void => {
    for (const to of wanted) if (!answered.has(to)) sendPing(sockets, to, identifier, sequence);
  };
  ask(0);
  for (let turn = 1; turn < PINGS; turn++)
    resources.use(clock.after((PING_TIMEOUT_MS / PINGS) * turn, () => ask(turn)));
  resources.use(clock.after(PING_TIMEOUT_MS, () => enough.resolve()));
  if (wanted.length > 0) await enough.promise;
  return new Map(wanted.map((address) => [address, answered.has(address)]));
}

function sendPing(
  sockets: ReadonlyMap<number, EchoSocket>,
  to: Address,
  identifier: number,
  sequence: number,
): void {
  try {
    sockets.get(familyOf(to))?.send(to, { identifier, sequence, payload: new Uint8Array(PING_BYTES) });
  } catch (error) {
    // No way to it: as if it did not answer.
    if (!(error instanceof FairleadError)) throw error;
  }
}
