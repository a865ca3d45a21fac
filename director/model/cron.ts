// Cron expressions: minute, hour, day of month, month, day of week, with seconds before them if there are six fields. Numbers,
// names of months and days, lists, ranges and steps; what node-cron takes in the same sense (cron.test.ts holds one against
// the other), and less: a day of the month together with a day of the week is refused, since cron's programs differ about it.

export interface Cron {
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: readonly number[];
  readonly months: readonly number[];
  /** 0 is Sunday. */
  readonly weekdays: readonly number[];
}

export type ParsedCron = Cron | { readonly fault: string };

interface Field {
  readonly what: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS = {
  seconds: { what: 'second', min: 0, max: 59 },
  minutes: { what: 'minute', min: 0, max: 59 },
  hours: { what: 'hour', min: 0, max: 23 },
  days: { what: 'day of month', min: 1, max: 31 },
  months: { what: 'month', min: 1, max: 12, names: MONTHS },
  // 7 is Sunday too.
  weekdays: { what: 'day of week', min: 0, max: 7, names: WEEKDAYS },
} satisfies Readonly<Record<keyof Cron, Field>>;
const KEYS = Object.keys(FIELDS) as (keyof Cron)[];
/** In leap years. */
const DAYS_OF_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const TEXT_MAX = 256;

export function parseCron(text: string): ParsedCron {
  const words = text.trim().split(/\s+/);
  if (text.length > TEXT_MAX || (words.length !== 5 && words.length !== 6))
    return { fault: `has ${words.length === 1 && words[0] === '' ? 0 : words.length} fields, not 5` };
  const all = words.length === 5 ? ['0', ...words] : words;
  const values: Partial<Record<keyof Cron, readonly number[]>> = {};
  for (const [index, key] of KEYS.entries()) {
    const read = readField(all[index]!, FIELDS[key]);
    if (typeof read === 'string') return { fault: read };
    values[key] = key === 'weekdays' ? sorted(read.map((day) => day % 7)) : read;
  }
  const cron = values as Cron;
  if (cron.days.length < 31 && cron.weekdays.length < 7)
    return { fault: 'names days of the month and days of the week; programs differ about what that means' };
  if (cron.months.every((month) => cron.days[0]! > DAYS_OF_MONTH[month - 1]!))
    return { fault: `never comes: no such month has a day ${cron.days[0]}` };
  return cron;
}

/** The values in rising order, or what is wrong. */
function readField(text: string, field: Field): number[] | string {
  const values: number[] = [];
  for (const part of text.split(',')) {
    const read = readPart(part, field);
    if (typeof read === 'string') return read;
    values.push(...read);
  }
  return sorted(values);
}

function readPart(part: string, field: Field): number[] | string {
  const { what, min, max } = field;
  const match = /^(?:(\*)|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:\/(\d{1,3}))?$/i.exec(part);
  if (match === null) return `has no ${what} ${JSON.stringify(part)}`;
  const [, star, first, last, stride] = match;
  const step = stride === undefined ? 1 : Number(stride);
  if (step < 1) return `has a step of 0 for the ${what}`;
  const from = star === undefined ? readValue(first!, field) : min;
  const to = star !== undefined ? max : last === undefined ? from : readValue(last, field);
  if (from === undefined || to === undefined)
    return `has no ${what} ${JSON.stringify(part)}; it is from ${min} to ${max}`;
  if (to < from) return `has a ${what} range that runs backwards, ${JSON.stringify(part)}`;
  if (stride !== undefined && star === undefined && last === undefined)
    return `has a step behind a single ${what}, ${JSON.stringify(part)}`;
  const values: number[] = [];
  for (let value = from; value <= to; value += step) values.push(value);
  return values;
}

function readValue(text: string, { min, max, names }: Field): number | undefined {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + min;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

function sorted(values: readonly number[]): number[] {
  return [...new Set(values)].sort((one, other) => one - other);
}
