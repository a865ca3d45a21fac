import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairleadError } from '../../model/error.ts';
import { ChunkEncoder, COLUMNS_MAX, decodeChunk, ROWS_MAX } from './chunk.ts';
import { tidy } from './columns.ts';

const number = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MAX_VALUE, 5e-324),
  fc.constantFrom(2 ** 51, 2 ** 53, -(2 ** 53), 2 ** 51 / 1_000, Number.MAX_SAFE_INTEGER, 0.1 + 0.2),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((value) => value / 1_000),
  fc.float().map(tidy),
);

const table = (rows: fc.Arbitrary<number>): fc.Arbitrary<Float64Array[]> =>
  fc.tuple(rows, fc.integer({ min: 1, max: 26 })).chain(([length, width]) =>
    fc.array(
      fc
        .oneof(
          fc.array(number, { minLength: length, maxLength: length }),
          fc.constant<number[]>(new Array(length).fill(Number.NaN)),
          number.map((value) => new Array<number>(length).fill(value)),
        )
        .map((values) => Float64Array.from(values)),
      { minLength: width, maxLength: width },
    ),
  );

const encoder = new ChunkEncoder();
const encodeChunk = (columns: readonly Float64Array[]): Uint8Array => encoder.encode(columns);

const withoutMinusZero = (columns: readonly Float64Array[]): number[][] =>
  columns.map((column) => [...column].map((value) => value + 0));

describe('the codec', () => {
  it('gives every table of numbers back as it was', () => {
    fc.assert(
      fc.property(table(fc.integer({ min: 0, max: 70 })), (columns) => {
        const decoded = decodeChunk(encodeChunk(columns));
        if (decoded instanceof FairleadError) throw decoded;
        expect(withoutMinusZero(decoded)).toEqual(withoutMinusZero(columns));
      }),
      { numRuns: 500 },
    );
  });

  it('takes tables up to its limits and refuses larger ones', () => {
    const columns = Array.from({ length: COLUMNS_MAX }, (_, index) =>
      Float64Array.from({ length: ROWS_MAX }, (_one, row) => (row * (index + 1)) % 977),
    );
    expect(decodeChunk(encodeChunk(columns))).toEqual(columns);
    expect(() => encodeChunk([...columns, columns[0]!])).toThrow(RangeError);
    expect(() => encodeChunk([new Float64Array(ROWS_MAX + 1)])).toThrow(RangeError);
  });

  it('answers anything else with a coded error', () => {
    const isRefused = (bytes: Uint8Array): void => {
      const decoded = decodeChunk(bytes);
      if (decoded instanceof FairleadError) expect(decoded.code).toBe('history-damaged');
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), isRefused));
    fc.assert(
      fc.property(table(fc.integer({ min: 1, max: 60 })), fc.nat(), fc.nat(), (columns, cut, flip) => {
        const bytes = encodeChunk(columns);
        const short = decodeChunk(bytes.subarray(0, cut % bytes.length));
        expect(short).toBeInstanceOf(FairleadError);
        const changed = bytes.slice();
        changed[flip % bytes.length]! ^= 1 << (flip % 8);
        expect(decodeChunk(changed)).toBeInstanceOf(FairleadError);
      }),
    );
  });

  it('survives random bits behind a right checksum', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 3, maxLength: 400 }), (bytes) => {
        bytes[0] = 1;
        let one = 1;
        let other = 1;
        for (const byte of bytes.subarray(3)) {
          one = (one + byte) % 255;
          other = (other + one) % 255;
        }
        bytes[1] = other;
        bytes[2] = one;
        const decoded = decodeChunk(bytes);
        if (decoded instanceof FairleadError) expect(decoded.code).toBe('history-damaged');
      }),
      { numRuns: 2_000 },
    );
  });

  it('makes quiet columns small', () => {
    const quiet = Array.from({ length: 13 }, (_, index) => new Float64Array(60).fill(index));
    expect(encodeChunk(quiet).length).toBeLessThan(40);
  });
});

describe('the number that is kept', () => {
  it('has four digits and is the same when it is kept again, in single precision too', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e15, max: 1e15, noNaN: true }), (value) => {
        const kept = tidy(value);
        expect(Math.abs(kept - value)).toBeLessThanOrEqual(Math.max(0.000501, Math.abs(value) * 0.000501));
        expect(tidy(kept)).toBe(kept);
        expect(tidy(Math.fround(kept))).toBe(kept);
      }),
      { numRuns: 2_000 },
    );
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(tidy(odd)).toBe(odd);
    expect(tidy(-0)).toBe(0);
  });
});
