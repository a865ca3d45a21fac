import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseMoment } from './moment.ts';

const NOW = Date.UTC(2026, 10, 25, 12);
const at = (given: string, end: 'begin' | 'end' = 'begin') => parseMoment(given, NOW, end);

it('reads how long ago, days and times', () => {
  expect(at('2h')).toBe(NOW - 7_200_000);
  expect(at('2026-11-25 10:00Z')).toBe(Date.UTC(2026, 10, 25, 10));
  expect(at('2026-11-25T10:00:07Z')).toBe(Date.UTC(2026, 10, 25, 10, 0, 7));
  expect(at('2026-11-25')).toBe(new Date(2026, 10, 25).getTime());
  expect(at('2026-11-25', 'end')).toBe(new Date(2026, 10, 26).getTime() - 1);
  expect(at('2026-11-25 10:00')).toBe(new Date(2026, 10, 25, 10).getTime());
});

it.each([
  '',
  'yesterday',
  '2026-13-01',
  '2026-02-30',
  '2026-11-25 25:00',
  '25.11.2026',
  '1764072000',
  '-2h',
  '2h ago',
])('%j is none', (given) => expect(at(given)).toBeUndefined());

it('takes any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const value = at(text);
      expect(value === undefined || Number.isFinite(value)).toBe(true);
    }),
  );
});
