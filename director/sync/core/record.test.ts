import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ControlRecord,
  emptyDigests,
  RangeSet,
  readControl,
  WHAT,
  writeControl,
  writeDigests,
} from './control-record.ts';
import { entryHash, hashEntry } from './hash.ts';
import {
  OPERATION,
  RECORD_BYTES_MAX,
  RECORD_FLAG,
  type RecordNote,
  readRecord,
  writeRecord,
} from './record.ts';
import { KIND, MAPPED, SLOT_WORDS, TCP, UDP, WORD } from './slot.ts';

const RUNS = 2_000;
const word = fc.integer({ min: 0, max: 0xffff_ffff });
const four = word.map((last) => [0, 0, MAPPED, last]);
const six = fc.tuple(word, word, word, word).filter(([a, b, c]) => a !== 0 || b !== 0 || c !== MAPPED);
/** Both ends of one family, the destination of any: tunnels lead from one to the other. */
const ends = fc.oneof(fc.tuple(four, four), fc.tuple(six, six));
const lifetime = fc.integer({ min: 0, max: 8_000_000 });

const entry = fc
  .record({
    ends,
    destination: fc.oneof(four, six),
    udp: fc.boolean(),
    template: fc.boolean(),
    state: fc.integer({ min: 0, max: 10 }),
    method: fc.integer({ min: 0, max: 3 }),
    ports: word,
    server_port: fc.integer({ min: 0, max: 0xffff }),
    timeout_ms: lifetime,
    sequence: fc.tuple(word, word),
  })
  .map((each) => {
    const words = new Uint32Array(SLOT_WORDS);
    words[0] = each.template
      ? 12 | (KIND.template << 8)
      : (each.udp ? 11 : each.state) | (KIND.connection << 8);
    words.set(each.ends[0], WORD.client);
    words.set(each.ends[1], WORD.virtual);
    words.set(each.destination, WORD.destination);
    words[WORD.ports] = each.ports;
    words[WORD.server_end] = each.server_port | ((each.udp ? UDP : TCP) << 16) | (each.method << 24);
    if (each.template) words[WORD.timeout_ms] = each.timeout_ms;
    else if (each.sequence[1] !== 0) words.set(each.sequence, WORD.sequence_base);
    return words;
  });

function newNote(): RecordNote {
  return { operation: 0, controlled: false, expired: false, lifetime_ms: 0, fault: undefined };
}

function write(words: Uint32Array, operation: number = OPERATION.created, flags = 0, lifetime_ms = 1_000) {
  const bytes = new Uint8Array(RECORD_BYTES_MAX);
  const end = writeRecord(new DataView(bytes.buffer), 0, words, 0, words[0]!, operation, flags, lifetime_ms);
  return bytes.subarray(0, end);
}

function read(bytes: Uint8Array, end = bytes.length) {
  const note = newNote();
  const words = new Uint32Array(SLOT_WORDS);
  const at = readRecord(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, end, words, 0, note);
  return { at, words, note };
}

describe('a record', () => {
  it('is read as it was written, of any family, method, state and kind', () => {
    const operations = fc.constantFrom(
      ...[OPERATION.created, OPERATION.state, OPERATION.touch, OPERATION.bulk],
    );
    fc.assert(
      fc.property(entry, operations, lifetime, fc.boolean(), (words, operation, lifetime_ms, controlled) => {
        const bytes = write(words, operation, controlled ? RECORD_FLAG.controlled : 0, lifetime_ms);
        const found = read(bytes);
        expect(found.at).toBe(bytes.length);
        expect(found.words).toEqual(words);
        const template = words[0]! >>> 8 === KIND.template;
        expect(found.note).toEqual({
          operation,
          controlled: controlled && !template,
          expired: false,
          lifetime_ms,
          fault: undefined,
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('takes 23 bytes for a connection of IPv4', () => {
    const [words] = fc.sample(
      entry
        .filter((each) => each[0]! >>> 8 === KIND.connection && each[WORD.client + 2] === MAPPED)
        .filter((each) => each[WORD.destination + 2] === MAPPED && each[WORD.sequence_delta] === 0),
      { numRuns: 1, seed: 1 },
    );
    expect(write(words!)).toHaveLength(23);
  });

  it('keeps lifetimes of days to the second, and none beyond 49 days', () => {
    const [words] = fc.sample(entry, { numRuns: 1, seed: 2 });
    for (const [given, kept] of [
      [86_400_500, 86_401_000],
      [1e12, 4_294_960_000],
      [-5, 0],
      [0.2, 1],
    ] as const)
      expect(read(write(words!, OPERATION.created, 0, given)).note.lifetime_ms).toBe(kept);
  });

  it('is refused with a reason when it is cut off anywhere', () => {
    fc.assert(
      fc.property(entry, (words) => {
        const bytes = write(words);
        for (let end = 0; end < bytes.length; end++)
          expect(read(bytes, end)).toMatchObject({ at: -1, note: { fault: 'cut-off' } });
      }),
      { numRuns: 200 },
    );
  });

  it('ends within its bounds, or with a reason, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const { at, note } = read(bytes);
        if (at < 0) expect(note.fault).toBeDefined();
        else expect(at).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: RUNS },
    );
  });

  it('that was read says the same when it is written again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 23, maxLength: 80 }), (bytes) => {
        const { at, words, note } = read(bytes);
        if (at < 0) return;
        const flags =
          (note.controlled ? RECORD_FLAG.controlled : 0) | (note.expired ? RECORD_FLAG.expired : 0);
        const again = read(write(words, note.operation, flags, note.lifetime_ms));
        expect({ ...again, at: 0 }).toEqual({ words, note, at: 0 });
      }),
      { numRuns: RUNS },
    );
  });
});

describe('the hash of an entry', () => {
  it('has a key part that the destination does not change, and a whole that it does', () => {
    fc.assert(
      fc.property(entry, word, (words, other) => {
        hashEntry(words, 0);
        const { key, whole } = entryHash;
        const elsewhere = words.slice();
        elsewhere[WORD.destination + 3]! ^= other || 1;
        hashEntry(elsewhere, 0);
        expect(entryHash.key).toBe(key);
        expect(entryHash.whole).not.toBe(whole);
        // neither the state nor this director's numbers are part of it
        words[0] = (words[0]! & ~0xff) | 1;
        words[WORD.service] = words[WORD.server] = other;
        hashEntry(words, 0);
        expect([entryHash.key, entryHash.whole]).toEqual([key, whole]);
      }),
    );
  });
});

describe('a word about tables', () => {
  const control: ControlRecord = { what: 0, number: 0, ranges: new Uint8Array() };

  it('is read as it was written', () => {
    const ranges = new RangeSet();
    for (const range of [0, 7, 8, 1_023]) ranges.add(range);
    const view = new DataView(new ArrayBuffer(1_400));
    const end = writeControl(view, 3, WHAT.request, 4_000_000_000, ranges.bytes);
    expect(readControl(view, 3, end, control, emptyDigests())).toBe(end);
    expect(control).toEqual({ what: WHAT.request, number: 4_000_000_000, ranges: ranges.bytes });
    const digests = emptyDigests();
    digests.entries[64] = 5;
    digests.wholes[127] = 0xffff_ffff;
    const read = emptyDigests();
    const next = writeDigests(view, 0, digests, 64);
    expect(readControl(view, 0, next, control, read)).toBe(next);
    expect(read).toEqual(digests);
  });

  it('is refused when cut off, and never read beyond its end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 900 }), (bytes) => {
        if (bytes.length > 0) bytes[0] = OPERATION.control;
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        const end = readControl(view, 0, bytes.length, control, emptyDigests());
        expect(end).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: RUNS },
    );
  });
});
