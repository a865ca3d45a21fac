import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seriesOf } from '../../test/console/support/detail.ts';
import { NOW } from '../../test/console/support/pictures.ts';
import type { Plot } from '../public/plot.ts';
import { axisTime, waysFrom } from '../public/span.ts';
import { short, withUnit } from '../public/units.ts';
import { chartsBody, drawPlot, pathOf } from './charts.ts';
import { SERVICE_PLOTS } from './plots.ts';
import { readSpan, spanAddress } from './span.ts';

const HOUR_MS = 3_600_000;
const plot: Plot = {
  title: 'New',
  unit: 'per second',
  lines: [{ metric: 'connections_per_s', label: 'new' }],
};

describe('a chart', () => {
  const span = { from: NOW - HOUR_MS, to: NOW };
  const draw = (of: (at: number, index: number) => number | null, points = 60): string => {
    let index = 0;
    const series = seriesOf(
      'www',
      { ...span, points },
      (_, at) => of(at, index++ % points),
      ['connections_per_s'],
      '1s',
    );
    return drawPlot(plot, span, series).text;
  };

  it('has a line for each run between gaps', () => {
    const text = draw((_, index) => (index >= 20 && index < 30 ? null : index));
    expect(text.match(/M[\d.]+ [\d.]+/g)?.length).toBeGreaterThanOrEqual(2);
    expect(text).toContain('new: 0/s to 59/s, last 59/s');
  });

  it('is a dot for one value, and says so where there is none', () => {
    expect(draw((_, index) => (index === 30 ? 7 : null))).toMatch(/d="M500\.0 \d+\.\dh0"/);
    expect(draw(() => null)).toContain('Nothing was sampled in this time.');
    expect(draw(() => 1, 0)).toContain('Nothing was sampled');
    expect(drawPlot(plot, span, undefined).text).toContain('cannot be read');
  });

  it('stays within its frame, and its numbers stay short, however large or strange they are', () => {
    expect(draw(() => 9e17)).toContain('900P/s');
    const values = fc.array(fc.oneof(fc.double({ noNaN: true }), fc.constant(null)), { maxLength: 40 });
    fc.assert(
      fc.property(values, fc.double({ min: 1, noNaN: true }), (given, ceiling) => {
        const times = given.map((_, index) => span.from + index * 1_000);
        const path = pathOf(span, times, given, ceiling);
        expect(path).toMatch(/^([ML]\d+\.\d \d+\.\d(h0)?)*$/);
        for (const [, x, y] of path.matchAll(/[ML]([\d.]+) ([\d.]+)/g)) {
          expect(Number(x)).toBeLessThanOrEqual(1_000);
          expect(Number(y)).toBeLessThanOrEqual(200);
        }
      }),
    );
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(short(value).length).toBeLessThanOrEqual(8);
      }),
    );
    expect([0, 0.25, 999.6, 1_500, 12_000].map(short)).toEqual(['0', '0.25', '1k', '1.5k', '12k']);
    expect(withUnit(1_500, 'ms')).toBe('1.5 s');
  });

  it('shows the peaks that means of minutes hide', () => {
    const series = seriesOf('www', { ...span, points: 60 }, () => 10, ['connections_per_s'], '1m');
    expect(drawPlot(plot, span, series).text).toContain('new, highest: 14/s');
  });
});

describe('a span of time', () => {
  it('is the last hour unless the address says otherwise', () => {
    expect(readSpan({}, NOW)).toEqual({ from: NOW - HOUR_MS, to: NOW, range: '1h' });
    for (const query of [{ range: 'x' }, { from: '5', to: '4' }, { from: '-1', to: 'NaN' }, { from: '1' }])
      expect(readSpan(query, NOW).range).toBe('1h');
    expect(readSpan({ from: '1000', to: '90000' }, NOW)).toEqual({
      from: 1_000,
      to: 90_000,
      range: undefined,
    });
    expect(spanAddress(readSpan({ range: '7d' }, NOW))).toBe('?range=7d');
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('from', 'to', 'range'), fc.string()), (query) => {
        const { from, to } = readSpan(query, NOW);
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeGreaterThan(from);
      }),
    );
  });

  it('leads earlier, closer and wider, and never into the future', () => {
    const spans = fc.record({
      from: fc.integer({ min: 0, max: NOW - 10_000 }),
      length: fc.integer({ min: 10_000, max: HOUR_MS }),
    });
    fc.assert(
      fc.property(spans, ({ from, length }) => {
        const here = { from, to: Math.min(NOW, from + length) };
        for (const { from: start, to } of Object.values(waysFrom(here, NOW))) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(to).toBeGreaterThan(start);
        }
        expect(waysFrom(here, NOW).later.to).toBeLessThanOrEqual(NOW + 10_000);
      }),
    );
    expect(axisTime(Date.UTC(2026, 10, 26), 3_600_000)).toBe('11-26');
    expect(
      chartsBody({
        source: '/s.json',
        plots: SERVICE_PLOTS,
        asked: readSpan({}, NOW),
        series: undefined,
        now: NOW,
      }).text,
    ).toContain('href="?range=24h#charts"');
  });
});
