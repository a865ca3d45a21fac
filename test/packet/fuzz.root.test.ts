// Frames of every kind of nonsense through both shells: nothing may crash, every frame must be counted once, a frame
// that is left to this host must be as it came, and one that is sent on must be as whole as it came.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EbpfEngine } from '../../director/engine/ebpf/ebpf-engine.ts';
import { address } from '../../director/model/address.ts';
import { type TestRunResult, testRun } from '../../director/native/libbpf.ts';
import { SystemError } from '../../director/native/libc.ts';
import { arbitraryFrame } from '../support/packet/arbitrary.ts';
import { arbitraryPopulation } from '../support/packet/arbitrary-steps.ts';
import { LINK_HEADER_BYTES } from '../support/packet/build.ts';
import { concat, hex, put16, u16, wireAddress } from '../support/packet/bytes.ts';
import { pseudoHeaderSum, sumOf } from '../support/packet/checksum.ts';
import { type Decoded, decode } from '../support/packet/decode.ts';
import { fragments } from '../support/packet/fragments.ts';
import { auditTables } from '../support/packet-books.ts';
import { PacketEngines, type Shell } from '../support/packet-engine.ts';

/** FAIRLEAD_RUNS=2000 npx vitest run test/packet/fuzz for a long look; the seed is printed on failure. */
const BATCHES = Number(process.env.FAIRLEAD_RUNS ?? (process.env.FAIRLEAD_GUEST === '1' ? 6 : 120));
const FRAMES_PER_BATCH = 90;
const CAPACITY = 200;
const WAYS = { mtu: 1500, tunnelSource: { 4: address('10.1.0.11'), 6: address('fd00:1::11') } };
/** What leaves this host or stays with it, by the program's return value. */
const LEFT_ALONE: Readonly<Record<Shell, number>> = { tc: 0, xdp: 2 };
/** Everything that a program may return: shot, redirected, or left alone; dropped, passed, sent back, redirected. */
const KNOWN: Readonly<Record<Shell, readonly number[]>> = { tc: [0, 2, 7], xdp: [1, 2, 3, 4] };
/** A page less what the kernel keeps for itself is the most that test-run takes for xdp. */
const LONGEST = 3_200;

/** What happens to a frame on its way, beyond what arbitrary-frames.ts does to it. */
const damage = fc.oneof(
  fc.record({ do: fc.constant('cut' as const), at: fc.nat(1_500), to: fc.nat() }),
  fc.record({ do: fc.constant('grow' as const), at: fc.nat(LONGEST), to: fc.nat() }),
  fc.record({ do: fc.constant('byte' as const), at: fc.nat(120), to: fc.nat(255) }),
  fc.record({ do: fc.constant('length' as const), at: fc.nat(), to: fc.nat(0xffff) }),
  fc.record({
    do: fc.constant('type' as const),
    at: fc.nat(),
    to: fc.constantFrom(0x0800, 0x86dd, 0x8100, 0x0806),
  }),
);
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(frame: Uint8Array, { do: what, at, to }: Damage): Uint8Array {
  const copy = frame.slice();
  switch (what) {
    case 'cut':
      return copy.slice(0, Math.max(LINK_HEADER_BYTES, at % copy.length));
    case 'grow':
      return concat(copy, new Uint8Array(Math.max(0, at - copy.length)).fill(to & 255));
    case 'byte':
      copy[LINK_HEADER_BYTES + (at % Math.max(1, copy.length - LINK_HEADER_BYTES))] = to;
      return copy;
    case 'length':
      // total length of IPv4, payload length of IPv6
      if (copy.length > 20) put16(copy, LINK_HEADER_BYTES + (copy[12] === 0x86 ? 4 : 2), to);
      return copy;
    case 'type':
      put16(copy, 12, to);
      return copy;
  }
}

const cutUp = arbitraryFrame().chain((frame) =>
  fc
    .record({ mtu: fc.integer({ min: 96, max: 1_500 }), pick: fc.nat(), id: fc.nat(2) })
    .map(({ mtu, pick, id }) => {
      const packet = decode(frame);
      if (packet.kind !== 'ip' || packet.fragment || packet.payload.length === 0) return frame;
      const pieces = packet.payloadAt + 16 > mtu ? [frame] : fragments(frame, mtu, id);
      return pieces[pick % pieces.length]!;
    }),
);

const anyFrame: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: arbitraryFrame() },
  { weight: 4, arbitrary: fc.tuple(arbitraryFrame(), damage).map(([frame, how]) => damaged(frame, how)) },
  { weight: 2, arbitrary: cutUp },
  { weight: 1, arbitrary: fc.tuple(cutUp, damage).map(([frame, how]) => damaged(frame, how)) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: LINK_HEADER_BYTES, maxLength: 200 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.constantFrom(0x0800, 0x86dd))
      .map(([bytes, type]) => concat(new Uint8Array(12), Uint8Array.of(type >> 8, type & 255), bytes)),
  },
);

/** Undefined for a frame that test-run itself does not take: fewer than 14 bytes, or for tc less than an IP header. */
function feed(engine: EbpfEngine, shell: Shell, frame: Uint8Array): TestRunResult | undefined {
  try {
    return testRun(engine.tables.programs[shell], { data: frame });
  } catch (error) {
    if (error instanceof SystemError && error.code === 'errno-EINVAL') return undefined;
    throw error;
  }
}

/** Whether every checksum that a whole packet carries is right; undefined where there is none to be checked. */
function isWhole(packet: Decoded): boolean | undefined {
  if (packet.family === 4 && sumOf(packet.bytes.subarray(0, packet.payloadAt)) !== 0xffff) return false;
  if (packet.fragment) return undefined;
  const { payload, protocol } = packet;
  if (protocol === 4 || protocol === 41) return undefined;
  if (protocol === 1) return sumOf(payload) === 0xffff;
  if (protocol !== 6 && protocol !== 17 && protocol !== 58) return undefined;
  if (protocol === 17 && payload.length >= 8 && u16(payload, 6) === 0) return undefined;
  const length = protocol === 17 ? u16(payload, 4) : payload.length;
  if (length > payload.length) return undefined;
  const [from, to] = [wireAddress(packet.source), wireAddress(packet.destination)];
  return sumOf(payload.subarray(0, length), pseudoHeaderSum(from, to, protocol, length)) === 0xffff;
}

const sumOfDrops = (engine: EbpfEngine) =>
  Object.values(engine.snapshot().totals.dropped).reduce((sum, each) => sum + each, 0);

class Batch {
  readonly #engine: EbpfEngine;
  readonly #shell: Shell;
  fed = 0;

  constructor(engine: EbpfEngine, shell: Shell) {
    this.#engine = engine;
    this.#shell = shell;
  }

  meet(frame: Uint8Array): void {
    const before = this.#engine.snapshot().totals;
    const result = feed(this.#engine, this.#shell, frame);
    if (!result) return;
    this.fed++;
    expect(KNOWN[this.#shell]).toContain(result.value);
    const after = this.#engine.snapshot().totals;
    if (after.local > before.local) this.#isUntouched(frame, result);
    if (after.forwarded > before.forwarded) this.#isWholeStill(frame, result);
  }

  #isUntouched(frame: Uint8Array, { value, data }: TestRunResult): void {
    expect(value).toBe(LEFT_ALONE[this.#shell]);
    if (!Buffer.from(data).equals(frame)) expect(hex(data)).toBe(hex(frame));
  }

  #isWholeStill(frame: Uint8Array, { data }: TestRunResult): void {
    const [before, after] = [decode(frame), decode(data)];
    if (before.kind !== 'ip') expect.fail(`forwarded though it is no IP: ${hex(frame)}`);
    if (after.kind !== 'ip') expect.fail(`became no IP: ${hex(frame)} became ${hex(data)}`);
    const [was, is] = [isWhole(before), isWhole(after)];
    if (was !== false && is === false) expect.fail(`lost its checksum: ${hex(frame)} became ${hex(data)}`);
    if (before.family === after.family && was === false && is === true)
      expect.fail(`was given a right checksum for a wrong one: ${hex(frame)} became ${hex(data)}`);
  }
}

function expectBooksBalance(engine: EbpfEngine, fed: number): void {
  const { totals, tables } = engine.snapshot();
  expect(totals.in).toBe(fed);
  expect(totals.forwarded + totals.local + sumOfDrops(engine)).toBe(fed);
  engine.sweep();
  expect(engine.connections({}, Number.POSITIVE_INFINITY)).toHaveLength(tables[0]!.used);
  expect(auditTables(engine.tables)).toEqual([]);
}

describe.each(['tc', 'xdp'] as const)('any frame under %s', (shell) => {
  let engines: PacketEngines | undefined;
  beforeAll(() => {
    engines = new PacketEngines(shell);
  });
  afterAll(() => engines?.[Symbol.dispose]());

  it('is counted once, and is left as it was or sent on as whole as it came', () => {
    const seen = { in: 0, forwarded: 0, local: 0, dropped: 0 };
    const batch = fc.array(anyFrame, {
      minLength: FRAMES_PER_BATCH,
      maxLength: FRAMES_PER_BATCH,
      size: 'max',
    });
    fc.assert(
      fc.property(arbitraryPopulation, batch, (steps, frames) => {
        using engine = engines!.create({ capacity: CAPACITY, ...WAYS });
        if (!(engine instanceof EbpfEngine)) throw new TypeError('not the ebpf engine');
        engine.setClock(1_000);
        engine.apply(steps);
        const here = new Batch(engine, shell);
        for (const frame of frames) here.meet(frame);
        expectBooksBalance(engine, here.fed);
        const { totals } = engine.snapshot();
        for (const field of ['in', 'forwarded', 'local'] as const) seen[field] += totals[field];
        seen.dropped += sumOfDrops(engine);
      }),
      { numRuns: BATCHES, endOnFailure: process.env.CI === 'true' },
    );
    // Otherwise it was no test: every fate must have been met.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(BATCHES);
  }, 120_000);
});
