import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DURATION_MAX_MS,
  formatBytes,
  formatDuration,
  parseBytes,
  parseDuration,
  parsePercent,
  parseSize,
} from './units.ts';

describe('durations', () => {
  it.each([
    ['100ms', 100],
    ['1s', 1_000],
    ['1.5s', 1_500],
    ['6m', 360_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['0s', 0],
    ['0.001s', 1],
  ])('reads %s', (text, value_ms) => expect(parseDuration(text)).toBe(value_ms));

  it.each(['', '1', 's', '1 s', '-1s', '1e3s', '0.5ms', '1S', '1min', '1s1', '9999999d', '٣s', '1.s', '.5s'])(
    'refuses %j',
    (text) => expect(parseDuration(text)).toBeUndefined(),
  );

  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: DURATION_MAX_MS }), (value_ms) => {
        expect(parseDuration(formatDuration(value_ms))).toBe(value_ms);
      }),
    );
  });
});

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['262144', 262_144],
    ['64Ki', 65_536],
    ['1Mi', 1_048_576],
    ['2Gi', 2_147_483_648],
    ['250k', 250_000],
    ['1M', 1_000_000],
  ])('reads %s', (text, value) => expect(parseSize(text)).toBe(value));

  it.each(['', 'Mi', '1MB', '1 Mi', '1.5Mi', '-1', '0x10', '1e6', '999999999999Gi'])('refuses %j', (text) =>
    expect(parseSize(text)).toBeUndefined(),
  );
});

describe('sizes in bytes', () => {
  it.each([
    ['0', 0],
    ['256MiB', 268_435_456],
    ['1GiB', 1_073_741_824],
    ['500MB', 500_000_000],
    ['8kB', 8_000],
  ])('reads %s', (text, value) => expect(parseBytes(text)).toBe(value));

  it.each(['', '1', '00', 'MiB', '1 MiB', '1.5MiB', '-1MiB', '1Mi', '1e3MB', '9999999999GiB'])(
    'refuses %j',
    (text) => expect(parseBytes(text)).toBeUndefined(),
  );

  it('come back as they were written, shortest', () => {
    fc.assert(
      fc.property(
        fc.nat(10_000_000),
        fc.constantFrom('KiB', 'MiB', 'GiB', 'kB', 'MB', 'GB'),
        (count, unit) => {
          const bytes = parseBytes(`${count}${unit}`)!;
          expect(parseBytes(formatBytes(bytes))).toBe(bytes);
        },
      ),
    );
  });
});

describe('percentages', () => {
  it.each([
    ['0%', 0],
    ['10%', 0.1],
    ['2.5%', 0.025],
    ['100%', 1],
  ])('reads %s', (text, value) => expect(parsePercent(text)).toBeCloseTo(value));

  it.each(['10', '%', '101%', '-1%', '1 %'])('refuses %j', (text) =>
    expect(parsePercent(text)).toBeUndefined(),
  );
});
