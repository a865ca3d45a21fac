// ping: an ICMP echo that comes back is a pass. All nannies share one raw socket per family.
// Guarantees: a reply counts only from the address that was asked, with the same identifier, sequence number and 8 random
// bytes, so that neither another program's ping nor a forged or late reply passes for it.
import { randomBytes, randomInt } from 'node:crypto';
import { type Address, type Family, familyOf } from '../../director/model/address.ts';
import { type Echo, type EchoSocket, openEchoSocket } from '../../director/native/icmp.ts';
import { attempt } from './attempt.ts';
import type { Probe } from './probe.ts';

interface Waiting {
  readonly address: Address;
  readonly cookie: Buffer;
  readonly answered: () => void;
}

const COOKIE_BYTES = 8;
const SEQUENCES = 65_536;

export function createPing(): Probe<'ping'> & Disposable {
  const identifier = randomInt(SEQUENCES);
  const waiting = new Map<number, Waiting>();
  const sockets = new Map<Family, EchoSocket>();
  let last = randomInt(SEQUENCES);

  const onReply = (from: Address, reply: Echo): void => {
    const asked = waiting.get(reply.sequence);
    if (reply.identifier !== identifier || asked?.address !== from) return;
    if (asked.cookie.equals(reply.payload)) asked.answered();
  };

  /** Opened at the first ping: a director without pings needs no raw sockets. */
  const socketFor = (family: Family): EchoSocket => {
    const socket = sockets.get(family) ?? openEchoSocket(family, onReply);
    sockets.set(family, socket);
    return socket;
  };

  const freeSequence = (): number => {
    for (let turn = 0; turn < SEQUENCES; turn++) {
      last = (last + 1) % SEQUENCES;
      if (!waiting.has(last)) return last;
    }
    throw new RangeError('more pings under way than there are sequence numbers');
  };

  const ping: Probe<'ping'> = ({ address }, _spec, context) =>
    attempt(context, (attempt) => {
      attempt.stage('echo reply');
      const sequence = freeSequence();
      const cookie = randomBytes(COOKIE_BYTES);
      waiting.set(sequence, { address, cookie, answered: () => attempt.pass('echo reply') });
      attempt.onEnd(() => waiting.delete(sequence));
      const sent = socketFor(familyOf(address)).send(address, { identifier, sequence, payload: cookie });
      if (!sent) attempt.inconclusive("this director's send queue is full");
    });

  return Object.assign(ping, {
    [Symbol.dispose]() {
      for (const socket of sockets.values()) socket[Symbol.dispose]();
      sockets.clear();
    },
  });
}
