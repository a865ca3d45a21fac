// Times as people give them on the command line: `-1h` before now, `now`, a date with or without a time of day (of this
// machine's time zone unless it says another), or milliseconds since 1970.
import { parseDuration } from '../config/units.ts';
import { usage } from './parse.ts';

const TIME_MAX_MS = 8_640_000_000_000_000;

export function parseTime(text: string, now: number, what: string): number {
  const at = read(text, now);
  if (at !== undefined && at >= 0 && at <= TIME_MAX_MS) return Math.floor(at);
  throw usage(
    `${what} is no time: ${JSON.stringify(text)}.`,
    'Write -1h, now, 2026-01-31, 2026-01-31T14:05, or milliseconds since 1970.',
  );
}

function read(text: string, now: number): number | undefined {
  if (text === 'now') return now;
  if (text.startsWith('-')) {
    const before_ms = parseDuration(text.slice(1));
    return before_ms === undefined ? undefined : Math.max(0, now - before_ms);
  }
  if (/^\d{6,16}$/.test(text)) return Number(text);
  const match = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  if (match === null) return undefined;
  const [, date, time = '00:00', zone = ''] = match;
  const at = Date.parse(`${date}T${time}${zone}`);
  return Number.isNaN(at) ? undefined : at;
}
