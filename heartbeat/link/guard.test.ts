import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Beat } from '../core/types.ts';
import { decodeBeat, encodeFrame, nameHash, signedPart } from './frame.ts';
import { Guard, type Rejection } from './guard.ts';
import type { Keyring } from './keys.ts';
import { anyBeat, beat, KEY, OTHER_KEY, ring } from './support/beats.ts';

const LINKS = 2;
let boots = 1_000;

/** A director's end of the links. */
class End {
  readonly node: string;
  readonly bootId = boots++;
  readonly guard: Guard;
  sequence = 0;

  constructor(node: string, options: { keyring?: Keyring; cluster?: string; peer?: string } = {}) {
    this.node = node;
    const { keyring = ring(), cluster = 'web', peer = node === 'lb1' ? 'lb2' : 'lb1' } = options;
    this.guard = new Guard({ cluster, node, peer, bootId: this.bootId, links: LINKS, keyring });
  }

  /** The frames of its next beat, per link. */
  say(changes: Partial<Beat> = {}): readonly (readonly Uint8Array[])[] {
    this.sequence = changes.sequence ?? this.sequence + 1;
    const heard = this.guard.heard(0);
    return this.guard.seal(
      beat({ director: this.node, bootId: this.bootId, sequence: this.sequence, heard, ...changes }),
    );
  }

  /** Verdicts on frames that come in on a link: `ok`, or why not. */
  hears(frames: readonly Uint8Array[], link = 0, now_ms = 0): ('ok' | Rejection)[] {
    return frames.map((frame) => {
      const verdict = this.guard.judge(link, frame, '10.0.0.1', now_ms);
      return typeof verdict === 'string' ? verdict : 'ok';
    });
  }
}

/** Two ends that know each other. */
function pair(): [End, End] {
  const [one, other] = [new End('lb1'), new End('lb2')];
  acquaint(one, other);
  return [one, other];
}

function acquaint(one: End, other: End): void {
  for (let turn = 0; turn < 3; turn++) {
    other.hears(one.say()[0]!);
    one.hears(other.say()[0]!);
  }
  expect(one.guard.peerBootId).toBe(other.bootId);
  expect(other.guard.peerBootId).toBe(one.bootId);
}

describe('first contact', () => {
  it('takes one beat each way until beats are acted upon', () => {
    const [one, other] = [new End('lb1'), new End('lb2')];
    expect(other.hears(one.say()[0]!)).toEqual(['unconfirmed']);
    expect(one.hears(other.say()[0]!)).toEqual(['ok']);
    expect(other.hears(one.say()[0]!)).toEqual(['ok']);
  });

  it('gives the beat as it was said', () => {
    const [one, other] = pair();
    fc.assert(
      fc.property(anyBeat, (inner) => {
        const said = { ...inner, bootId: one.bootId, sequence: ++one.sequence };
        expect(other.guard.judge(0, one.say(said)[0]![0]!, 'x', 0)).toEqual(said);
      }),
    );
  });

  it('follows a peer that starts anew, and it follows us', () => {
    const [one, other] = pair();
    const again = new End('lb2');
    expect(again.hears(one.say()[0]!)).toEqual(['unconfirmed']);
    expect(one.hears(again.say()[0]!)).toEqual(['ok']);
    expect(again.hears(one.say()[0]!)).toEqual(['ok']);
    expect(one.hears(other.say()[0]!)).toEqual(['retired-boot']);
  });

  it('tells a new boot nothing of what the one before had sent', () => {
    const [one] = pair();
    const again = new End('lb2');
    one.hears(again.say()[0]!);
    const [toNew, toFormer] = one.say()[0]!.map((frame) => decodeBeat(frame, 'lb1')?.heard[0]);
    expect([toNew, toFormer]).toEqual([undefined, { sequence: 3, age_ms: 0 }]);
  });

  it('goes on hearing the confirmed boot while another one claims to be new', () => {
    const [one, other] = pair();
    const claims = new End('lb2').say()[0]!;
    for (let turn = 0; turn < 5; turn++) {
      expect(one.hears(claims)).toEqual(['unconfirmed']);
      expect(other.hears(one.say()[0]!)).toEqual(['unconfirmed', 'ok']);
      expect(one.hears(other.say()[0]!)).toEqual(['ok']);
    }
    expect(one.say()[0]).toHaveLength(1); // it fell silent
  });
});

describe('what is not authentic', () => {
  const frame = (changes: { cluster?: string; sender?: string; boot?: number }, by = ring()) => {
    const { cluster = 'web', sender = 'lb1', boot = 5 } = changes;
    const outer = { cluster: nameHash(cluster), sender: nameHash(sender), keyId: by.keyId, link: 0, echo: 0 };
    const bytes = encodeFrame(outer, beat({ bootId: boot }));
    bytes.set(by.sign(signedPart(bytes)), bytes.length - 16);
    return bytes;
  };

  it.each<[Rejection, Parameters<typeof frame>[0], Keyring?]>([
    ['unconfirmed', {}],
    ['other-cluster', { cluster: 'mail' }],
    ['unknown-director', { sender: 'lb3' }],
    ['own-name', { sender: 'lb2' }],
    ['unknown-key', {}, ring(OTHER_KEY)],
    ['malformed', { boot: 0 }],
  ])('is refused: %s', (reason, changes, by) => {
    const end = new End('lb2');
    expect(end.hears([frame(changes, by)])).toEqual([reason]);
    expect(end.guard.status(0)[0]).toMatchObject({ received: 0, rejected: { [reason]: 1 } });
  });

  it('is refused without a key, whatever key it names', () => {
    const [one, other] = pair();
    const keyless: Keyring = { ...ring(), keyId: ring().keyId, sign: () => new Uint8Array(16) };
    one.guard.change({ keyring: keyless, links: LINKS });
    expect(other.hears(one.say()[0]!)).toEqual(['bad-signature']);
  });

  it('is refused when it is our own, heard back', () => {
    const [one] = pair();
    expect(one.hears(one.say()[0]!)).toEqual(['own-frame']);
  });

  it('is refused with any bit that is another', () => {
    const [one, other] = pair();
    const good = one.say()[0]![0]!;
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = Uint8Array.from(good);
      bad[bit >>> 3]! ^= 1 << (bit & 7);
      expect(other.hears([bad])).not.toEqual(['ok']);
    }
    expect(other.hears([good])).toEqual(['ok']);
  });

  it('is refused at every other length', () => {
    const [one, other] = pair();
    const good = one.say()[0]![0]!;
    for (let length = 0; length < good.length; length++)
      expect(other.hears([good.subarray(0, length)])).toEqual(['truncated']);
    expect(other.hears([Uint8Array.of(...good, 0)])).toEqual(['oversized']);
  });

  it('is refused, however long it goes on, and takes no memory', () => {
    const [one, other] = pair();
    const counted = () => Object.values(other.guard.status(0)[0]!.rejected).reduce((sum, n) => sum + n, 0);
    const before = counted();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(other.hears([bytes])).not.toEqual(['ok']);
      }),
      { numRuns: 2_000 },
    );
    expect(counted() - before).toBe(2_000);
    expect(other.hears(one.say()[0]!)).toEqual(['ok']);
  });
});

describe('a change of keys', () => {
  it('loses no beat when the new one goes to both before either signs by it', () => {
    const [one, other] = pair();
    const steps = [
      [other, ring(KEY, OTHER_KEY)],
      [one, ring(OTHER_KEY, KEY)],
      [other, ring(OTHER_KEY)],
      [one, ring(OTHER_KEY)],
    ] as const;
    for (const [end, keyring] of steps) {
      end.guard.change({ keyring, links: LINKS });
      // `other` verifies by both until `one` signs by the new key, and signs by the old one until then.
      expect(other.hears(one.say()[0]!)).toEqual(['ok']);
      expect(one.hears(other.say()[0]!)).toEqual(['ok']);
    }
  });

  it('forgets nothing of what was accepted, nor does a change of links', () => {
    const [one, other] = pair();
    const recorded = one.say()[0]!;
    expect(other.hears(recorded)).toEqual(['ok']);
    other.guard.change({ keyring: ring(), links: 1 });
    expect(other.hears(recorded)).toEqual(['replayed']);
    expect(other.hears(one.say()[0]!)).toEqual(['ok']);
    expect(other.guard.status(0)).toMatchObject([{ received: 1, lost_permille: 0 }]);
  });
});

describe('what was recorded', () => {
  it('is not accepted again, in any order, on any link', () => {
    const [one, other] = pair();
    const recorded = Array.from({ length: 100 }, () => one.say()).flatMap((frames) => frames[0]!);
    expect(new Set(other.hears(recorded))).toEqual(new Set(['ok']));
    for (const link of [0, 1])
      for (const again of [recorded, recorded.toReversed()])
        expect(new Set(other.hears(again, link))).toEqual(new Set(['replayed']));
  });

  it('is not accepted by a receiver that has started anew', () => {
    const [one, other] = [new End('lb1'), new End('lb2')];
    const recorded: Uint8Array[] = [];
    for (let turn = 0; turn < 20; turn++) {
      const frames = one.say()[0]!;
      recorded.push(...frames);
      other.hears(frames);
      one.hears(other.say()[0]!);
    }
    const again = new End('lb2');
    for (let turn = 0; turn < 3; turn++) {
      expect(new Set(again.hears(recorded))).toEqual(new Set(['unconfirmed']));
      again.say(); // which echoes the recorded boot
    }
    acquaint(one, again);
    expect(again.hears(recorded)).not.toContain('ok');
  });

  it('is not accepted, and misleads nobody, after more boots than are remembered', () => {
    const us = new End('lb1');
    const recorded: Uint8Array[] = [];
    for (let boot = 0; boot < 40; boot++) {
      const peer = new End('lb2');
      for (let turn = 0; turn < 4; turn++) {
        const frames = peer.say()[0]!;
        recorded.push(...frames);
        us.hears(frames);
        peer.hears(us.say()[0]!);
      }
      expect(us.guard.peerBootId).toBe(peer.bootId);
    }
    const last = us.guard.peerBootId;
    for (const frame of [...recorded, ...recorded.toReversed()]) {
      expect(us.hears([frame])).not.toEqual(['ok']);
      us.say();
    }
    expect(us.guard.peerBootId).toBe(last);
    acquaint(us, new End('lb2'));
  });

  it('is of no use when it was held back while others went on', () => {
    const [one, other] = pair();
    const held = Array.from({ length: 100 }, () => one.say()).map((frames) => frames[1]![0]!);
    other.hears(one.say()[0]!, 0);
    const verdicts = other.hears(held, 1);
    expect(verdicts.slice(0, 50).every((verdict) => verdict === 'late')).toBe(true);
  });
});

describe('the order of beats', () => {
  it('may be changed by the network: what comes late is not acted upon, nor is it lost', () => {
    const [one, other] = pair();
    const [first, second, third] = [one.say()[0]!, one.say()[0]!, one.say()[0]!];
    expect([third, first, first, second].flatMap((frames) => other.hears(frames))).toEqual([
      'ok',
      'late',
      'replayed',
      'late',
    ]);
    expect(other.guard.status(0)[0]).toMatchObject({ lost_permille: 0 });
  });

  it('is kept for each link, so that one beat is accepted on each', () => {
    const [one, other] = pair();
    for (let turn = 0; turn < 3; turn++) {
      const [left, right] = one.say();
      expect([...other.hears(left!, 0), ...other.hears(right!, 1), ...other.hears(left!, 0)]).toEqual([
        'ok',
        'ok',
        'replayed',
      ]);
    }
  });

  it('goes on when the counters wrap, and shows it to nobody', () => {
    const [one, other] = pair();
    for (const sequence of [0x7fff_fff0, 0xffff_ffe0]) {
      for (const [link, frames] of one.say({ sequence }).entries()) other.hears(frames, link);
      one.hears(other.say({ sequence })[0]!);
    }
    for (let sequence = 0xffff_fff0; sequence < 2 ** 32 + 16; sequence++) {
      const frame = one.say({ sequence })[0]![0]!;
      expect(other.guard.judge(0, frame, 'x', 0)).toMatchObject({ sequence });
      expect(other.hears([frame])).toEqual(['replayed']);
      const answer = one.guard.judge(0, other.say({ sequence })[0]![0]!, 'x', 0);
      expect(answer).toMatchObject({ sequence, heard: [{ sequence }, { sequence: 0xffff_ffe0 }] });
    }
    expect(other.guard.status(0)[0]).toMatchObject({ last_sequence: 2 ** 32 + 15 });
  });
});

describe('the report on a link', () => {
  it('says what came, when, from where, and what the peer heard of us', () => {
    const [one, other] = [new End('lb1'), new End('lb2')];
    acquaint(one, other);
    other.hears(one.say({ heard: [undefined, { sequence: 77, age_ms: 30 }] })[1]!, 1, 1_000);
    expect(other.guard.status(1_250)[1]).toEqual({
      sent: 3,
      received: 1,
      lost_permille: 667, // two of three went out on the other link only
      rejected: {},
      last_sequence: 4,
      heard_age_ms: 250,
      they_heard_sequence: 77,
      they_heard_age_ms: 280,
      peer_address: '10.0.0.1',
    });
    expect(other.guard.heard(1_250)).toEqual([
      { sequence: 3, age_ms: 1_250 },
      { sequence: 4, age_ms: 250 },
    ]);
  });

  it('counts what other links brought meanwhile as lost', () => {
    const [one, other] = pair();
    for (let turn = 0; turn < 500; turn++) other.hears(one.say()[0]!, 0);
    const [left, right] = other.guard.status(0);
    expect(left!.lost_permille).toBe(0);
    expect(right!.lost_permille).toBe(1_000);
  });

  it('forgets what an earlier boot of the peer had heard', () => {
    const [one] = pair();
    const again = new End('lb2');
    again.hears(one.say()[0]!);
    one.hears(again.say()[1]!, 1);
    expect(one.guard.heard(0)[0]).toBeUndefined();
    expect(one.guard.status(0)[0]).not.toHaveProperty('they_heard_age_ms');
  });
});
