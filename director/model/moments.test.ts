// Moments of cron expressions, over changes of the clocks, and against node-cron's own idea of them.
import fc from 'fast-check';
import cron from 'node-cron';
import { describe, expect, it } from 'vitest';
import { type Cron, parseCron } from './cron.ts';
import { nextMoment, openZone, previousMoment } from './moments.ts';

const BERLIN = openZone('Europe/Berlin')!;
const UTC = openZone('UTC')!;

function read(text: string): Cron {
  const parsed = parseCron(text);
  if ('fault' in parsed) throw new Error(parsed.fault);
  return parsed;
}

function upTo(text: string, from: string, count: number): string[] {
  const moments: string[] = [];
  let at: number | undefined = Date.parse(from);
  while (at !== undefined && moments.length < count) {
    at = nextMoment(read(text), BERLIN, at);
    if (at !== undefined) moments.push(new Date(at).toISOString());
  }
  return moments;
}

describe('a moment that the clocks skip', () => {
  it('comes when they have skipped it, once', () => {
    expect(upTo('30 2 * * *', '2026-03-27T12:00:00Z', 3)).toEqual([
      '2026-03-28T01:30:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
    expect(upTo('*/20 2 * * *', '2026-03-29T00:59:00Z', 2)).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:00:00.000Z',
    ]);
  });
});

describe('a moment that the clocks repeat', () => {
  it('comes the first time only', () => {
    expect(upTo('30 2 * * *', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
    const between = Date.parse('2026-10-25T01:40:00Z');
    expect(previousMoment(read('50 2 * * *'), BERLIN, between)).toBe(Date.parse('2026-10-25T00:50:00Z'));
  });
});

it('29 February comes after a century without one', () => {
  const at = nextMoment(read('0 0 29 2 *'), UTC, Date.parse('2096-03-01T00:00:00Z'));
  expect(at).toBe(Date.parse('2104-02-29T00:00:00Z'));
});

const zones = fc.constantFrom(
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'UTC',
);
const times = fc.integer({ min: Date.parse('2020-01-01'), max: Date.parse('2040-01-01') });
const field = (min: number, max: number) =>
  fc.oneof(
    fc.constant('*'),
    fc.integer({ min, max }).map(String),
    fc.integer({ min: 1, max: 20 }).map((step) => `*/${step}`),
    fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 }).map((all) => all.join(',')),
    fc
      .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
      .map(([one, other]) => `${Math.min(one, other)}-${Math.max(one, other)}`),
  );
const expressions = fc
  .tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6), fc.boolean())
  .map(([minute, hour, day, month, weekday, byDay]) =>
    [minute, hour, byDay ? day : '*', month, byDay ? '*' : weekday].join(' '),
  );

describe('moments, at random', () => {
  it('before and after fit together', () => {
    fc.assert(
      fc.property(expressions, zones, times, (text, name, at) => {
        const [expression, zone] = [read(text), openZone(name)!];
        const next = nextMoment(expression, zone, at)!;
        const previous = previousMoment(expression, zone, at)!;
        expect(previous).toBeLessThanOrEqual(at);
        expect(next).toBeGreaterThan(at);
        expect(previousMoment(expression, zone, next)).toBe(next);
        expect(previousMoment(expression, zone, next - 1)).toBe(previous);
        expect(nextMoment(expression, zone, previous)).toBe(next);
      }),
      { numRuns: 300 },
    );
  });

  it('node-cron takes what is taken here, and has the same moments where no clock is put forward', () => {
    fc.assert(
      fc.property(expressions, times, (text, at) => {
        expect(cron.validate(text)).toBe(true);
        const task = cron.createTask(text, () => {}, { timezone: 'UTC' });
        const next = nextMoment(read(text), UTC, at)!;
        expect(task.match(new Date(next))).toBe(true);
        for (const between of [Math.floor((at + next) / 120_000) * 60_000, next - 60_000])
          if (between > at && between < next) expect(task.match(new Date(between))).toBe(false);
        void task.destroy();
      }),
      { numRuns: 200 },
    );
  });
});

describe('what is no expression', () => {
  it.each([
    ['', 'fields'],
    ['0 2 * *', 'fields'],
    ['60 2 * * *', 'minute "60"'],
    ['0 24 * * *', 'hour'],
    ['0 2 31 2 *', 'never comes'],
    ['0 2 30 2 *', 'never comes'],
    ['*/0 * * * *', 'step of 0'],
    ['5/10 * * * *', 'step behind a single minute'],
    ['0 2 1 * 1', 'programs differ'],
    ['0 2 L * *', 'day of month "L"'],
    ['0 22-2 * * *', 'backwards'],
    ['@daily', 'fields'],
    ['0 2 * * funday', 'day of week'],
    [`${'1,'.repeat(1_000)}1 * * * *`, 'fields'],
  ])('%s is refused', (text, why) => {
    expect(parseCron(text)).toEqual({ fault: expect.stringContaining(why) });
  });

  it('whatever the text, there is an answer, and node-cron takes what is taken', () => {
    const characters = fc.string({ unit: fc.constantFrom(...'0123456789*/-, sunjanL#W'), maxLength: 30 });
    fc.assert(
      fc.property(characters, (text) => {
        if (!('fault' in parseCron(text))) expect(cron.validate(text)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
