// What a session accepts, and what it does not: datagrams here are authentic, yet cut, old, foreign or nonsense.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DATAGRAM_KIND, emptyHeader, HEADER_BYTES, MAC_BYTES, readHeader, writeHeader } from './datagram.ts';
import { Inbound } from './inbound.ts';
import { Outbound } from './outbound.ts';
import { Session, type SessionEffect } from './session.ts';

interface Talker {
  readonly session: Session;
  readonly sent: Uint8Array[];
  readonly effects: SessionEffect[];
}

let numbers = 1;
function talker(node: number, peer: number): Talker {
  const session = new Session({ cluster: 1, node, peer, random: () => numbers++, acknowledged: () => {} });
  return { session, sent: [], effects: [] };
}

function take(to: Talker, effects: SessionEffect[]): void {
  for (const effect of effects) {
    to.effects.push(effect);
    if (effect.kind !== 'send') continue;
    const datagram = new Uint8Array(effect.length + MAC_BYTES);
    datagram.set(effect.bytes.subarray(0, effect.length));
    to.sent.push(datagram);
  }
}

function give(to: Talker, datagram: Uint8Array, now: number): void {
  take(to, to.session.step({ kind: 'datagram', bytes: datagram.slice(), length: datagram.length }, now));
}

/** All that was sent arrives, until nobody has anything to say. */
function converse(one: Talker, other: Talker, now: number): Uint8Array[] {
  const seen: Uint8Array[] = [];
  for (let round = 0; round < 20; round++)
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const)
      for (const datagram of from.sent.splice(0)) {
        seen.push(datagram);
        give(to, datagram, now);
      }
  return seen;
}

function say(from: Talker, byte: number, now: number): void {
  const batch = from.session.outbound.room();
  batch.view.setUint8(batch.end, byte);
  from.session.outbound.wrote(batch, batch.end + 1, 0);
  take(from, from.session.step({ kind: 'seal' }, now));
}

function met(): { a: Talker; b: Talker; recorded: Uint8Array[] } {
  const [a, b] = [talker(1, 2), talker(2, 1)];
  take(a, a.session.step({ kind: 'tick' }, 1_000));
  take(b, b.session.step({ kind: 'tick' }, 1_000));
  const recorded = converse(a, b, 1_000);
  expect([a.session.isUp, b.session.isUp]).toEqual([true, true]);
  return { a, b, recorded };
}

const delivered = ({ effects }: Talker) =>
  effects.flatMap((effect) => (effect.kind === 'deliver' ? [effect.bytes[0]] : []));

describe('a session', () => {
  it('delivers each batch once and in order', () => {
    const { a, b } = met();
    for (let byte = 1; byte <= 5; byte++) say(a, byte, 1_001);
    const [one, two, three, four, five] = a.sent.splice(0);
    for (const datagram of [two, two, five, one, three, four]) give(b, datagram!, 1_002);
    expect(delivered(b)).toEqual([1, 2, 3, 4, 5]);
    expect(b.session.rejected).toEqual({ replayed: 1 });
  });

  it('takes nothing that was recorded before a restart of either side, nor within the session', () => {
    const { a, b, recorded } = met();
    say(a, 9, 1_001);
    recorded.push(...converse(a, b, 1_001));
    for (const datagram of recorded) give(b, datagram, 1_002);
    expect(delivered(b)).toEqual([9]);
    const fresh = talker(1, 2);
    take(fresh, fresh.session.step({ kind: 'tick' }, 1_003));
    converse(fresh, b, 1_040);
    expect(b.effects.filter(({ kind }) => kind === 'up')).toHaveLength(2);
    for (const datagram of recorded) give(b, datagram, 1_080);
    expect(delivered(b)).toEqual([9]);
    expect(b.effects.filter(({ kind }) => kind === 'up')).toHaveLength(2);
    say(fresh, 4, 1_100);
    converse(fresh, b, 1_100);
    expect(delivered(b)).toEqual([9, 4]);
  });

  it('is not disturbed by a hello that is played back, which it answers sparingly', () => {
    const { a, b } = met();
    const stranger = talker(1, 2);
    take(stranger, stranger.session.step({ kind: 'tick' }, 1_000));
    const [hello] = stranger.sent;
    b.sent.length = 0;
    for (let count = 0; count < 100; count++) give(b, hello!, 1_100);
    expect(b.sent).toHaveLength(1);
    say(a, 3, 1_002);
    converse(a, b, 1_002);
    expect(delivered(b)).toEqual([3]);
  });

  it('finds a peer again whose numbers it has lost', () => {
    const { a, b } = met();
    const away = talker(2, 1);
    // b is replaced and a hears nothing of it for long; then both talk
    for (let now = 1_100; now < 9_000; now += 50) {
      take(a, a.session.step({ kind: 'tick' }, now));
      if (now < 4_000) a.sent.length = 0;
      else {
        take(away, away.session.step({ kind: 'tick' }, now));
        converse(a, away, now);
      }
    }
    expect([a.session.isUp, away.session.isUp]).toEqual([true, true]);
    say(away, 6, 9_001);
    converse(a, away, 9_001);
    expect(delivered(a)).toEqual([6]);
    expect(b.session.isUp).toBe(true);
  });

  it('tells a gap when the sender has given up', () => {
    const { a, b } = met();
    for (let byte = 1; byte <= 3; byte++) say(a, byte, 1_001);
    a.sent.length = 0;
    a.session.outbound.abandon();
    say(a, 7, 1_002);
    converse(a, b, 1_002);
    expect(delivered(b)).toEqual([7]);
    expect(b.effects).toContainEqual({ kind: 'gap', lost: 4 });
  });

  it('refuses other clusters, other directors and other sessions, each with its reason', () => {
    const { a, b } = met();
    say(a, 1, 1_001);
    const datagram = a.sent.splice(0)[0]!;
    for (const [at, reason] of [
      [7, 'other-cluster'],
      [11, 'not-the-peer'],
      [19, 'other-session'],
      [27, 'other-session'],
      [0, 'magic'],
      [2, 'version'],
      [79, 'length'],
      [44, 'spare-bits'],
      [12, 'number'],
    ] as const) {
      const changed = datagram.slice();
      changed[at]! ^= 0x80;
      give(b, changed, 1_002);
      expect(b.session.rejected[reason], reason).toBeGreaterThan(0);
    }
    expect(delivered(b)).toEqual([]);
  });

  it('survives any bytes, and any bit turned over', () => {
    const { a, b } = met();
    say(a, 1, 1_001);
    const datagram = a.sent.splice(0)[0]!;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_500 }), fc.nat(datagram.length * 8 - 1), (bytes, bit) => {
        give(b, bytes, 1_002);
        const changed = datagram.slice();
        changed[bit >>> 3]! ^= 1 << (bit & 7);
        give(b, changed, 1_002);
      }),
    );
    b.sent.length = 0;
    give(b, datagram.subarray(0, 50), 1_003);
    expect(b.session.rejected['too-short']).toBeGreaterThan(0);
  });
});

describe('a header', () => {
  it('is read as it was written', () => {
    const number = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    const small = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(
        number,
        number,
        number,
        small,
        fc.integer({ min: 1, max: 1_200 }),
        (from, to, serial, ahead, length) => {
          const header = {
            ...emptyHeader(),
            kind: DATAGRAM_KIND.batch,
            cluster: 5,
            sender: ahead,
            from,
            to,
            serial,
          };
          Object.assign(header, {
            epoch: to,
            flags: 3,
            key: 200,
            records: 7,
            sequence: from,
            oldest: 1,
            expected: serial,
            ahead,
            length,
          });
          const view = new DataView(new ArrayBuffer(HEADER_BYTES + length + MAC_BYTES));
          writeHeader(view, header);
          const found = emptyHeader();
          expect(readHeader(view, view.byteLength, found)).toBeUndefined();
          expect(found).toEqual(header);
        },
      ),
    );
  });
});

describe('batches on their way', () => {
  it('are bounded: when the history is full, all is given up at once', () => {
    const outbound = new Outbound();
    let kept = 0;
    for (; kept < 10_000; kept++) {
      const batch = outbound.room();
      outbound.wrote(batch, batch.end + 1, 0);
      if (!outbound.seal()) break;
    }
    expect(kept).toBe(4_096);
    expect(outbound.kept).toBe(0);
    expect(outbound.overflowed).toBe(4_097);
    expect(outbound.oldest).toBe(4_098);
  });

  it('go out again when later ones were acknowledged, and when nothing is heard', () => {
    const outbound = new Outbound();
    for (let count = 0; count < 10; count++) {
      const batch = outbound.room();
      outbound.wrote(batch, batch.end + 1, 0);
      outbound.seal();
    }
    const sent: number[] = [];
    const send = (now: number) => outbound.transmit(now, ({ sequence }) => sent.push(sequence));
    send(0);
    // 1 is taken, 2 is missing, 3 to 6 are there
    outbound.acknowledge(2, 0b1111, 30, () => {});
    sent.length = 0;
    send(30);
    expect(sent).toContain(2);
    expect(sent).not.toContain(3);
    sent.length = 0;
    send(2_000);
    expect(sent).toEqual([2, 7, 8, 9, 10]);
    outbound.acknowledge(11, 0, 2_001, () => {});
    expect(outbound.underWay).toBe(0);
  });

  it('wait in a bounded window for one that is missing', () => {
    const inbound = new Inbound();
    const arrived = { bytes: new Uint8Array(), records: 0 };
    for (let sequence = 2; sequence < 5_000; sequence++) inbound.take(sequence, arrived, () => {});
    expect(inbound.waiting).toBe(1_024);
    expect(inbound.take(9_000, arrived, () => {})).toBe('beyond-window');
    let count = 0;
    expect(inbound.passAll(() => count++)).toBe(1);
    expect(count).toBe(1_024);
  });

  it('are known by serials, each once, and not when they are too old', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 300 }), (serials) => {
        const inbound = new Inbound();
        const seen = new Set<number>();
        let highest = 0;
        for (const serial of serials) {
          expect(inbound.isFresh(serial)).toBe(!seen.has(serial) && serial > highest - 4_096);
          seen.add(serial);
          highest = Math.max(highest, serial);
        }
      }),
    );
  });
});
