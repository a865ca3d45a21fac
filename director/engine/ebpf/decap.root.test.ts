import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipPacket, LINK_HEADER_BYTES, tcp, udp } from '../../../test/support/packet/build.ts';
import { describeFrame } from '../../../test/support/packet/describe.ts';
import { fragments } from '../../../test/support/packet/fragments.ts';
import { address } from '../../model/address.ts';
import { testRun } from '../../native/libbpf.ts';
import { DECAP_ENDS_MAX, type DecapOutcome, type LoadedDecap, loadDecap } from './decap.ts';

const OBJECT = join(import.meta.dirname, '../../../build/bpf/decap.o');
const PASS = 0; // TC_ACT_OK
const DROP = 2; // TC_ACT_SHOT

const SERVER = { 4: '10.1.0.21', 6: 'fd00:1::21' } as const;
const DIRECTOR = { 4: '10.1.0.11', 6: 'fd00:1::11' } as const;
const INNER = {
  4: tcp({ from: '192.0.2.1:4000', to: '10.0.0.102:80', payload: 'of a client', id: 77, df: true }),
  6: udp({ from: '[2001:db8::1]:4000', to: '[fd00::102]:80', payload: 'of a client' }),
} as const;
const PAIRS = [
  { outer: 4, inner: 4 },
  { outer: 4, inner: 6 },
  { outer: 6, inner: 4 },
  { outer: 6, inner: 6 },
] as const;

interface Tunnel {
  readonly outer: 4 | 6;
  readonly inner: 4 | 6;
  readonly from?: string;
  readonly to?: string;
  readonly tos?: number;
  readonly payload?: Uint8Array;
  readonly options?: readonly number[];
  readonly padding?: number;
}

function tunnel({ outer, inner, ...wish }: Tunnel): Uint8Array {
  return ipPacket({
    from: DIRECTOR[outer],
    to: SERVER[outer],
    protocol: inner === 4 ? 4 : 41,
    payload: INNER[inner].subarray(LINK_HEADER_BYTES),
    ...wish,
  });
}

let loaded: LoadedDecap;
beforeAll(() => {
  loaded = loadDecap(OBJECT, [
    { local: address(SERVER[4]) },
    { local: address(SERVER[6]), peer: address(DIRECTOR[6]) },
  ]);
});
afterAll(() => loaded[Symbol.dispose]());

/** Runs one frame through the program and says what became of it, by verdict and by the one counter that moved. */
function meet(frame: Uint8Array) {
  const before = loaded.counters();
  const { value, data } = testRun(loaded.programFd, { data: frame });
  const after = loaded.counters();
  const moved = (Object.keys(after) as DecapOutcome[]).filter(
    (outcome) => after[outcome] !== before[outcome],
  );
  return { verdict: value, frame: data, moved };
}

function expectUntouched(frame: Uint8Array, moved: readonly DecapOutcome[]): void {
  const met = meet(frame);
  expect(met).toMatchObject({ verdict: PASS, moved });
  expect(Buffer.from(met.frame).equals(frame)).toBe(true);
}

describe('the decapsulating program', () => {
  it('gives the inner packet as it was, for every pair of families', () => {
    for (const pair of PAIRS) {
      const met = meet(tunnel(pair));
      expect(met).toMatchObject({ verdict: PASS, moved: ['decapsulated'] });
      expect(describeFrame(met.frame)).toBe(describeFrame(INNER[pair.inner]));
      expect(Buffer.from(met.frame).equals(INNER[pair.inner])).toBe(true);
    }
  });

  it('gives every inner length as it was', () => {
    fc.assert(
      fc.property(fc.constantFrom(...PAIRS), fc.nat(1_400), (pair, length) => {
        const inner = udp(
          pair.inner === 4
            ? { from: '192.0.2.1:9', to: '10.0.0.102:7', payload: length }
            : { from: '[2001:db8::1]:9', to: '[fd00::102]:7', payload: length },
        );
        const met = meet(tunnel({ ...pair, payload: inner.subarray(LINK_HEADER_BYTES) }));
        expect(Buffer.from(met.frame).equals(inner)).toBe(true);
      }),
    );
  });

  it('leaves packets alone that are no tunnel’s', () => {
    expectUntouched(INNER[4], []);
    expectUntouched(INNER[6], []);
    expectUntouched(ipPacket({ from: DIRECTOR[4], to: SERVER[4], protocol: 47, payload: 40 }), []);
  });

  it('leaves tunnels alone that end elsewhere or begin with a peer that is not allowed', () => {
    expectUntouched(tunnel({ outer: 4, inner: 4, to: '10.1.0.22' }), ['foreign']);
    expectUntouched(tunnel({ outer: 6, inner: 4, from: 'fd00:1::99' }), ['foreign']);
  });

  it('takes any peer where none is named', () => {
    expect(meet(tunnel({ outer: 4, inner: 4, from: '10.1.0.99' })).moved).toEqual(['decapsulated']);
  });

  it('leaves fragments of the outer packet, and outer options, to the stack', () => {
    const inner = udp({ from: '192.0.2.1:9', to: '10.0.0.102:7', payload: 1_400 });
    const whole = tunnel({ outer: 4, inner: 4, payload: inner.subarray(LINK_HEADER_BYTES) });
    for (const piece of fragments(whole, 600)) expectUntouched(piece, ['fragment']);
    expectUntouched(tunnel({ outer: 4, inner: 4, options: [1, 1, 1, 1] }), ['fragment']);
  });

  it('drops inner packets that are cut off or of the other version', () => {
    for (const pair of PAIRS) {
      const other = INNER[pair.inner === 4 ? 6 : 4].subarray(LINK_HEADER_BYTES);
      for (const payload of [other, new Uint8Array(0), INNER[pair.inner].slice(LINK_HEADER_BYTES, 30)])
        expect(meet(tunnel({ ...pair, payload }))).toMatchObject({ verdict: DROP, moved: ['malformed'] });
    }
  });

  it('carries a congestion mark inwards, and drops where the inner packet cannot carry it (RFC 6040)', () => {
    const marked = (tos: number): Uint8Array =>
      udp({ from: '192.0.2.1:9', to: '10.0.0.102:7', payload: 'x', tos }).subarray(LINK_HEADER_BYTES);
    const able = meet(tunnel({ outer: 4, inner: 4, tos: 3, payload: marked(2) }));
    expect(able).toMatchObject({ verdict: PASS, moved: ['decapsulated'] });
    expect(describeFrame(able.frame)).toBe('192.0.2.1:9 > 10.0.0.102:7 udp len=1 ttl=64 tos=3 id=1');
    const unable = meet(tunnel({ outer: 4, inner: 4, tos: 3, payload: marked(0) }));
    expect(unable).toMatchObject({ verdict: DROP, moved: ['congested'] });
  });

  it('survives random bytes behind a tunnel’s outer header', () => {
    fc.assert(
      fc.property(fc.constantFrom(...PAIRS), fc.uint8Array({ maxLength: 120 }), (pair, payload) => {
        expect([PASS, DROP]).toContain(meet(tunnel({ ...pair, payload })).verdict);
      }),
    );
  });

  it('refuses more ends than the table holds', () => {
    const ends = Array.from({ length: DECAP_ENDS_MAX + 1 }, () => ({ local: address(SERVER[4]) }));
    expect(() => loadDecap(OBJECT, ends)).toThrow(RangeError);
  });
});
