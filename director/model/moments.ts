// When a cron expression's moments are, in a time zone. Each wall-clock time that it names comes once: one that the clocks skip
// in spring comes when they have skipped it, one that they repeat in autumn comes the first time. Moments are therefore in order,
// and a moment's number of milliseconds is its name.
import type { Cron } from './cron.ts';

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
/** Longer than clocks are ever put forward or back by. */
const SHIFT_MAX_MS = 4 * 3_600_000;
/** From one 29 February to the next where a year divisible by 100 lies between, and a day. */
const DAYS_MAX = 8 * 366 + 1;

export interface Zone {
  readonly name: string;
  /** How far its wall clock is ahead of UTC at this time. */
  offset_ms(at: number): number;
}

/** Undefined: there is no such zone. */
export function openZone(name: string): Zone | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-GB', {
      ...{ timeZone: name, hourCycle: 'h23', era: 'short' },
      ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
  } catch {
    return undefined;
  }
  return {
    name,
    offset_ms(at) {
      const whole = Math.floor(at / SECOND_MS) * SECOND_MS;
      const parts = new Map(format.formatToParts(whole).map(({ type, value }) => [type, Number(value)]));
      const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
      const wall = Date.UTC(
        ...([part('year'), part('month') - 1, part('day')] as const),
        ...([part('hour'), part('minute'), part('second')] as const),
      );
      return wall - whole;
    },
  };
}

/** The last moment that is not after `at`; undefined: there is none for years. */
export function previousMoment(cron: Cron, zone: Zone, at: number): number | undefined {
  const offset_ms = Math.max(zone.offset_ms(at), zone.offset_ms(at - SHIFT_MAX_MS));
  for (let wall = wallBefore(cron, at + offset_ms + 1); wall !== undefined; wall = wallBefore(cron, wall)) {
    const moment = momentOf(zone, wall);
    if (moment <= at) return moment;
  }
  return undefined;
}

/** The first moment after `at`. */
export function nextMoment(cron: Cron, zone: Zone, at: number): number | undefined {
  const offset_ms = Math.min(zone.offset_ms(at), zone.offset_ms(at - SHIFT_MAX_MS));
  for (let wall = wallAfter(cron, at + offset_ms); wall !== undefined; wall = wallAfter(cron, wall)) {
    const moment = momentOf(zone, wall);
    if (moment > at) return moment;
  }
  return undefined;
}

/** Wall-clock times are written as milliseconds of a UTC that shows the same. */
function momentOf(zone: Zone, wall: number): number {
  const before = zone.offset_ms(wall - DAY_MS);
  const after = zone.offset_ms(wall + DAY_MS);
  const candidates = [wall - before, wall - after].filter((at) => at + zone.offset_ms(at) === wall);
  if (candidates.length > 0) return Math.min(...candidates);
  // Skipped: the first moment of the new offset.
  let low = wall - Math.max(before, after);
  let high = wall - Math.min(before, after);
  while (high - low > SECOND_MS) {
    const middle = Math.floor((low + high) / 2 / SECOND_MS) * SECOND_MS;
    if (zone.offset_ms(middle) === after) high = middle;
    else low = middle;
  }
  return high;
}

/** The last wall-clock time before this one. */
function wallBefore(cron: Cron, wall: number): number | undefined {
  let day = Math.floor((wall - 1) / DAY_MS);
  let until = Math.floor((wall - 1 - day * DAY_MS) / SECOND_MS);
  for (let count = 0; count < DAYS_MAX; count++) {
    const time = isDay(cron, day) ? lastTime(cron, until) : undefined;
    if (time !== undefined) return day * DAY_MS + time * SECOND_MS;
    day--;
    until = DAY_MS / SECOND_MS - 1;
  }
  return undefined;
}

/** The first wall-clock time after this one. */
function wallAfter(cron: Cron, wall: number): number | undefined {
  let day = Math.floor(wall / DAY_MS);
  let from = Math.floor((wall - day * DAY_MS) / SECOND_MS) + 1;
  for (let count = 0; count < DAYS_MAX; count++) {
    const time = isDay(cron, day) ? firstTime(cron, from) : undefined;
    if (time !== undefined) return day * DAY_MS + time * SECOND_MS;
    day++;
    from = 0;
  }
  return undefined;
}

function isDay(cron: Cron, day: number): boolean {
  const date = new Date(day * DAY_MS);
  return (
    cron.months.includes(date.getUTCMonth() + 1) &&
    cron.days.includes(date.getUTCDate()) &&
    cron.weekdays.includes(date.getUTCDay())
  );
}

/** Second of the day, at most `until`. */
function lastTime({ hours, minutes, seconds }: Cron, until: number): number | undefined {
  for (const hour of hours.toReversed()) {
    if (hour * 3_600 > until) continue;
    for (const minute of minutes.toReversed()) {
      const begin = hour * 3_600 + minute * 60;
      if (begin > until) continue;
      const second = seconds.findLast((each) => begin + each <= until);
      if (second !== undefined) return begin + second;
    }
  }
  return undefined;
}

/** Second of the day, at least `from`. */
function firstTime({ hours, minutes, seconds }: Cron, from: number): number | undefined {
  for (const hour of hours) {
    if (hour * 3_600 + 3_599 < from) continue;
    for (const minute of minutes) {
      const begin = hour * 3_600 + minute * 60;
      if (begin + 59 < from) continue;
      const second = seconds.find((each) => begin + each >= from);
      if (second !== undefined) return begin + second;
    }
  }
  return undefined;
}
