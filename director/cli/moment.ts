// A moment as people write it: `2h` (ago), `2026-11-25`, `2026-11-25 14:30`, with seconds, and with `Z` for UTC; else by
// this machine's time zone.
import { parseDuration } from '../config/units.ts';
import { type CommandContext, text } from './command.ts';
import { usage } from './parse.ts';

const DAY_MS = 86_400_000;
const WRITTEN = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(Z?))?$/;

/** Milliseconds since 1970; a day alone is its beginning, or its end where that is meant. */
export function parseMoment(given: string, now: number, end: 'begin' | 'end'): number | undefined {
  const ago = parseDuration(given);
  if (ago !== undefined) return now - ago;
  const match = WRITTEN.exec(given);
  if (match === null) return undefined;
  const [, day, time, zone = ''] = match;
  const at = Date.parse(`${day}T${time ?? '00:00'}${zone}`);
  // Date.parse takes 31 February for 3 March.
  if (Number.isNaN(at) || !isDay(day!)) return undefined;
  return time === undefined && end === 'end' ? at + DAY_MS - 1 : at;
}

function isDay(day: string): boolean {
  const at = Date.parse(`${day}T00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day);
}

/** From an option; undefined when it was not given. */
export function moment(context: CommandContext, name: 'from' | 'to'): number | undefined {
  const given = text(context.values, name);
  if (given === undefined) return undefined;
  const at = parseMoment(given, Date.now(), name === 'to' ? 'end' : 'begin');
  if (at !== undefined && at >= 0) return at;
  throw usage(
    `--${name} ${given} is no time.`,
    'Write how long ago (90s, 2h, 1d), a day (2026-11-25), or a time ("2026-11-25 14:30").',
  );
}
