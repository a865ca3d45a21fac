import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HIGH_METRICS, METRICS, type Metric } from '../model/metric.ts';
import { COARSE_COLUMNS, columnOf, tidy } from './core/columns.ts';
import { rollUp } from './core/roll-up.ts';
import { plain, Site, START } from './support/site.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** What `plain` gives over so many seconds. */
const plainOver = (name: string, metric: Metric, from: number, seconds: number): number[] =>
  Array.from({ length: seconds }, (_, index) => plain(name, metric, from + index * 1_000));
const mean = (values: readonly number[]): number =>
  tidy(values.reduce((total, value) => total + value, 0) / values.length);

describe('a series', () => {
  it('has every second, those of the minute under way included', () => {
    using site = new Site();
    site.seconds(150);
    for (const metric of METRICS)
      if (metric !== 'latency_ms')
        expect(site.values('www', metric, START, START + 149_000, '1s')).toEqual(
          plainOver('www', metric, START, 150),
        );
    const answer = site.keeper.series({ subject: 'www', from: START, to: START + 10_000, points: 100 });
    expect(answer).toMatchObject({ level: '1s', step_ms: 1_000, start: START, points: 11 });
    expect([...answer.highs.keys()]).toEqual(HIGH_METRICS);
    expect(answer.highs.get('bytes_in_per_s')).toEqual(answer.values.get('bytes_in_per_s'));
  });

  it('leaves out what a subject does not have, and is empty for one that is not known', () => {
    using site = new Site();
    site.seconds(70);
    const question = { from: START, to: START + MINUTE, points: 100 };
    expect(site.keeper.series({ subject: 'director', ...question }).values.has('latency_ms')).toBe(false);
    const nobody = site.keeper.series({ subject: 'nobody', ...question });
    expect([...nobody.values.keys(), ...nobody.highs.keys()]).toEqual([]);
  });

  it('has minutes and hours that are the seconds joined, up to now', () => {
    using site = new Site();
    site.pass(30 * MINUTE);
    site.seconds(45 * 60 + 20);
    const from = START + 30 * MINUTE;
    const minutes = site.values('www/rs1', 'active', from, site.now_ms, '1m');
    expect(minutes).toEqual([
      ...new Array(45).fill(mean(plainOver('www/rs1', 'active', from, 60))),
      mean(plainOver('www/rs1', 'active', from, 20)),
    ]);
    const [first, second] = site.values('www/rs1', 'active', START, site.now_ms, '1h');
    expect(first).toBe(minutes[0]);
    expect(second).toBeCloseTo(
      mean([...plainOver('www/rs1', 'active', from, 15 * 60), ...plainOver('www/rs1', 'active', from, 20)]),
      1,
    );
  });

  it('joins intervals to no more points than were asked for, with their highs', () => {
    using site = new Site();
    site.seconds(600);
    const answer = site.keeper.series({ subject: 'www', from: START, to: START + 599_000, points: 10 });
    expect(answer).toMatchObject({ level: '1s', step_ms: 60_000, start: START, points: 10 });
    const minute = plainOver('www', 'bytes_in_per_s', START, 60);
    expect([...answer.values.get('bytes_in_per_s')!]).toEqual(new Array(10).fill(mean(minute)));
    expect([...answer.highs.get('bytes_in_per_s')!]).toEqual(new Array(10).fill(tidy(Math.max(...minute))));
  });

  it('shows a gap where nothing was sampled', () => {
    using site = new Site();
    site.seconds(5);
    site.pass(3_000);
    site.seconds(2);
    const active = site.values('www', 'active', START, START + 9_000, '1s');
    expect(active.map((value) => value !== null)).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 1, 1].map(Boolean));
  });

  it('fills the seconds that one late sample stands for', () => {
    using site = new Site();
    site.second();
    site.pass(2_900);
    const values = new Float32Array(site.names.length * METRICS.length).fill(7);
    site.keeper.sample(site.now_ms, 3_900, values);
    expect(site.values('www', 'active', START, START + 4_000, '1s')).toEqual([
      plain('www', 'active', START),
      7,
      7,
      7,
      null,
    ]);
  });

  it('equals the model for random numbers, whatever subjects come and go', () => {
    const round = fc.record({
      names: fc.subarray(['a', 'b', 'c', 'd/e'], { minLength: 1 }),
      seconds: fc.integer({ min: 1, max: 90 }),
      gap: fc.constantFrom(0, 1, 0, 30, 3_600),
      base: fc.integer({ min: 0, max: 1_000_000 }),
    });
    fc.assert(
      fc.property(fc.array(round, { minLength: 1, maxLength: 6 }), (rounds) => {
        using site = new Site();
        const known = new Map<number, number>();
        for (const { names, seconds, gap, base } of rounds) {
          site.setNames(names);
          for (let index = 0; index < seconds; index++) {
            if (names.includes('a')) known.set(site.now_ms, tidy(base + ((index * 37) % 101)));
            site.second((_name, _metric, _now) => base + ((index * 37) % 101));
          }
          site.pass(gap * 1_000);
        }
        const last = Math.max(START, ...known.keys());
        for (let minute = START; minute <= last; minute += MINUTE) {
          const column = Float64Array.from(
            { length: 60 },
            (_, at) => known.get(minute + at * 1_000) ?? Number.NaN,
          );
          const empty = new Float64Array(60).fill(Number.NaN);
          const out = new Float64Array(COARSE_COLUMNS.length);
          rollUp(
            '1s',
            METRICS.map((metric) => (metric === 'bytes_in_per_s' ? column : empty)),
            0,
            60,
            out,
          );
          const wanted = out[columnOf('bytes_in_per_s')]!;
          const [found] = site.values('a', 'bytes_in_per_s', minute, minute, '1m');
          expect(found ?? Number.NaN).toBe(wanted);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('a moment', () => {
  it('shows every subject in the second that was asked for, stored or not', () => {
    using site = new Site();
    site.seconds(90);
    for (const at of [START + 7_000, START + 7_999, START + 75_000]) {
      const { level, at: start, names, values } = site.keeper.moment(at);
      expect({ level, start, names: names.toSorted() }).toEqual({
        level: '1s',
        start: Math.floor(at / 1_000) * 1_000,
        names: site.names.toSorted(),
      });
      const row = names.indexOf('www/rs1') * METRICS.length;
      expect(values[row + columnOf('active')]).toBe(plain('www/rs1', 'active', start));
    }
  });

  it('is of the minute, then of the hour, where the second is not there', () => {
    using site = new Site();
    site.seconds(30);
    site.pass(DAY);
    site.seconds(61);
    const minute = site.keeper.moment(START + 45_000);
    expect(minute).toMatchObject({ level: '1m', at: START });
    expect(minute.names.length).toBe(3);
  });

  it('has no subjects where nothing is known, and is the newest sample’s right after it', () => {
    using site = new Site();
    site.seconds(10);
    expect(site.keeper.moment(START - 400 * DAY).names).toEqual([]);
    expect(site.keeper.moment(START + DAY)).toMatchObject({ names: [], level: '1s' });
    expect(site.keeper.moment(START + 11_500)).toMatchObject({ at: START + 9_000 });
  });
});

describe('a clock that is set', () => {
  it('back by hours: the later sample counts, second by second', () => {
    using site = new Site();
    site.pass(3 * HOUR);
    site.seconds(130);
    site.now_ms = START + 3 * HOUR + 60_000 - 2 * HOUR;
    site.seconds(60);
    site.now_ms = START + 3 * HOUR + 30_000;
    site.seconds(60, (_name, metric) => (metric === 'active' ? 1 : 2));
    site.pass(2 * MINUTE);
    site.seconds(1);
    const active = site.values('www', 'active', START + 3 * HOUR, START + 3 * HOUR + 129_000, '1s');
    const before = plainOver('www', 'active', START + 3 * HOUR, 130);
    expect(active).toEqual([...before.slice(0, 30), ...new Array(60).fill(1), ...before.slice(90)]);
    const [minute] = site.values('www', 'active', START + 3 * HOUR, START + 3 * HOUR, '1m');
    expect(minute).toBe(mean(active.slice(0, 60) as number[]));
    expect(site.values('www', 'active', START + HOUR + 60_000, START + HOUR + 119_000, '1s')).toEqual(
      plainOver('www', 'active', START, 60),
    );
  });

  it('to and fro every second loses what cannot be kept up with, and nothing else', () => {
    using site = new Site();
    for (let index = 0; index < 50; index++) {
      site.now_ms = START + (index % 2) * HOUR + index * 1_000;
      site.second(plain, false);
    }
    site.work();
    expect(site.keeper.status().dropped).toBeGreaterThan(0);
    site.now_ms = START + 10 * HOUR;
    site.seconds(70);
    expect(site.values('www', 'active', START + 10 * HOUR, START + 10 * HOUR + 69_000, '1s')).toEqual(
      plainOver('www', 'active', START, 70),
    );
  });

  it('to times that cannot be is counted and left out', () => {
    using site = new Site();
    for (const now of [-5, 9e15, Number.NaN, Number.POSITIVE_INFINITY]) {
      site.now_ms = now;
      site.second();
    }
    expect(site.keeper.status()).toMatchObject({ dropped: 4 * 3, state: 'ok' });
    expect(site.keeper.status().levels.every(({ oldest }) => oldest === undefined)).toBe(true);
  });

  it('ahead for a moment costs nothing of what is old by then', () => {
    using site = new Site();
    site.seconds(120);
    site.keeper.upkeep();
    site.work();
    site.now_ms += 40 * DAY;
    site.keeper.upkeep();
    site.work();
    site.now_ms -= 40 * DAY;
    site.keeper.upkeep();
    site.work();
    expect(site.values('www', 'active', START, START + 59_000, '1s')).toEqual(
      plainOver('www', 'active', START, 60),
    );
  });
});

describe('age', () => {
  it('takes seconds after an hour and minutes after a week, once the clock has been steady', () => {
    using site = new Site();
    site.seconds(61);
    site.pass(2 * HOUR);
    site.seconds(61);
    site.keeper.tidy();
    site.work();
    expect(site.values('www', 'active', START, START, '1s')).toEqual([]);
    expect(site.values('www', 'active', START, START, '1m')).toHaveLength(1);
    site.pass(8 * DAY);
    site.seconds(61);
    site.keeper.tidy();
    site.work();
    expect(site.values('www', 'active', START, START, '1m')).toEqual([]);
    expect(site.values('www', 'active', START, START, '1h')).toHaveLength(1);
    expect(site.keeper.status().levels.map(({ level, oldest }) => [level, oldest])).toEqual([
      ['1s', START + 8 * DAY + 2 * HOUR + 122_000],
      ['1m', START + 8 * DAY + 2 * HOUR + 120_000],
      ['1h', START],
    ]);
  });

  it('takes the names of subjects with the last that is known of them', () => {
    using site = new Site();
    site.setNames(['director', 'former']);
    site.seconds(61);
    site.setNames(['director']);
    site.pass(DAY);
    site.seconds(61);
    site.pass(2 * DAY);
    site.seconds(61);
    site.pass(370 * DAY);
    site.seconds(61);
    site.keeper.upkeep();
    site.work();
    site.restart();
    site.seconds(1);
    expect(site.values('former', 'active', START, START, '1h')).toEqual([]);
    expect(site.keeper.moment(START + 373 * DAY + 5_000).names).toEqual([]);
    expect(site.values('director', 'active', START, site.now_ms, '1h').length).toBeGreaterThan(0);
  });
});
