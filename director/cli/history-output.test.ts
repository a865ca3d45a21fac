import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairleadError } from '../model/error.ts';
import { sparkline } from './sparkline.ts';
import { parseTime } from './time.ts';

const NOW = Date.UTC(2026, 0, 5, 12);

describe('a time on the command line', () => {
  it.each<[string, number]>([
    ['now', NOW],
    ['-1h', NOW - 3_600_000],
    ['-1.5s', NOW - 1_500],
    ['1767614400000', 1_767_614_400_000],
    ['2026-01-05T11:00Z', NOW - 3_600_000],
    ['2026-01-05 11:00:30+00:00', NOW - 3_570_000],
    ['2026-01-05', new Date(2026, 0, 5).getTime()],
    ['2026-01-05T11:00', new Date(2026, 0, 5, 11).getTime()],
    ['-366d', NOW - 366 * 86_400_000],
  ])('%s is understood', (text, at) => expect(parseTime(text, NOW, '--from')).toBe(at));

  it.each([
    '',
    '-',
    '1h',
    '-1',
    'yesterday',
    '2026-13-01',
    '2026-01-05T25:00',
    '99999999999999999999',
    '-1h30m',
  ])('%j is refused', (text) => expect(() => parseTime(text, NOW, '--from')).toThrow(FairleadError));

  it('is a time or a usage error, whatever is written', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(Number.isSafeInteger(parseTime(text, NOW, '--from'))).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'usage' });
        }
      }),
    );
  });
});

describe('a sparkline', () => {
  it('goes from nothing to the highest, with blanks where nothing is known', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7, 8], 20)).toBe('▁▂▃▄▅▆▇██');
    expect(sparkline([null, 5, null], 20)).toBe(' █ ');
    expect(sparkline([0, 0], 20)).toBe('▁▁');
    expect(sparkline([], 20)).toBe('');
  });

  it('shows the highest of those that share a place, and keeps to its width', () => {
    expect(sparkline([0, 8, 0, 0, null, null], 3)).toBe('█▁ ');
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.double({ noNaN: true }))),
        fc.integer({ min: 1, max: 80 }),
        (values, width) => {
          expect([...sparkline(values, width)].length).toBe(Math.min(values.length, width));
        },
      ),
    );
  });
});
