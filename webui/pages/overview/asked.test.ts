import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressOf, minuteAfter, minuteText, readAsked, SORTS, STATES } from './asked.ts';

const usual = { q: '', states: 'all', sort: 'configured', page: 1, at: undefined };

describe('what an address asks for', () => {
  it('is the usual where nothing can be understood', () => {
    const query = { states: 'x', sort: '__proto__', page: '-1', at: 'yesterday' };
    expect(readAsked(query)).toEqual(usual);
    for (const page of ['0', '1.5', 'NaN', '1e99', '']) expect(readAsked({ page }).page).toBe(1);
    for (const at of ['2026-13-45T99:99', '1969-12-31T23:59', '2026-11-25', `${'9'.repeat(9_999)}`])
      expect(readAsked({ at }).at).toBeUndefined();
  });

  it('is a minute in UTC, and the next one follows it', () => {
    const { at } = readAsked({ at: '2026-11-25T23:59' });
    expect(at).toBe(Date.UTC(2026, 10, 25, 23, 59));
    expect(minuteText(minuteAfter(at!))).toBe('2026-11-26T00:00');
    expect(readAsked({ at: '2026-11-25T23:59:31' }).at).toBe(at);
  });

  it('comes back from the address that is made of it', () => {
    const asked = fc.record({
      q: fc.string({ maxLength: 200 }).map((text) => text.trim()),
      states: fc.constantFrom(...STATES),
      sort: fc.constantFrom(...SORTS),
      page: fc.oneof(fc.integer({ min: 1, max: 1_000_000 }), fc.constant('all' as const)),
      at: fc.option(
        fc.integer({ min: 0, max: 100_000_000 }).map((minute) => minute * 60_000),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(asked, (given) => {
        const { searchParams } = new URL(addressOf(given), 'https://console');
        expect(readAsked(Object.fromEntries(searchParams))).toEqual(given);
      }),
    );
  });

  it('takes random queries without a fault', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (query) => void addressOf(readAsked(query))),
    );
  });
});
