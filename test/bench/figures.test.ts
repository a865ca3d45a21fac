import { describe, expect, it } from 'vitest';
import { atLeast, atMost, formatNumber, formatResults, verdictOf } from './figures.ts';

const figure = { name: 'time', value: 3, unit: 'ns' };

describe('a figure', () => {
  it('meets its target up to the limit, in either direction', () => {
    expect(verdictOf({ ...figure, target: atMost(3) })).toBe('met');
    expect(verdictOf({ ...figure, target: atMost(2.9) })).toBe('missed');
    expect(verdictOf({ ...figure, target: atLeast(3) })).toBe('met');
    expect(verdictOf({ ...figure, target: atLeast(4) })).toBe('missed');
    expect(verdictOf(figure)).toBeUndefined();
  });

  it.each([
    [0, '0'],
    [0.01234, '0.0123'],
    [1.5, '1.50'],
    [65, '65'],
    [65.13, '65.1'],
    [999, '999'],
    [1000, '1 000'],
    [14_321, '14 320'],
    [1_234_567, '1 235 000'],
    [-65.13, '-65.1'],
  ])('shows %d as %s', (value, text) => expect(formatNumber(value)).toBe(text));
});

describe('the table', () => {
  it('is aligned, and says what could not be measured', () => {
    const text = formatResults([
      {
        section: 'packets',
        title: 'what it costs',
        seconds: 1,
        figures: [
          { ...figure, detail: 'median 4', target: atMost(10) },
          { name: 'a longer name', value: 14_321, unit: 'ns' },
        ],
        failure: 'no kernel',
      },
    ]);
    expect(text.split('\n')).toEqual([
      'packets: what it costs (1.0 s)',
      '  time                3 ns  <= 10  met  median 4',
      '  a longer name  14 320 ns',
      '  could not be measured: no kernel',
      '',
    ]);
  });
});
