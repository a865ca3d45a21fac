// Quantities with their units, from text: durations, counts and percentages. Each reader gives a value or undefined;
// what is wrong with the text is for the caller to say.

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const SIZE_UNITS: Readonly<Record<string, number>> = {
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};
const BYTE_UNITS: Readonly<Record<string, number>> = {
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};
/** Nothing here lives longer; also keeps every product a safe integer. */
export const DURATION_MAX_MS = 366 * 86_400_000;

/** `100ms`, `1.5s`, `6m`, `1h`, `1d`; whole milliseconds only. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text);
  if (!match) return undefined;
  const value_ms = Number(match[1]) * DURATION_UNITS_MS[match[2]!]!;
  const rounded = Math.round(value_ms);
  return Math.abs(value_ms - rounded) < 1e-6 && rounded <= DURATION_MAX_MS ? rounded : undefined;
}

/** The shortest text that parseDuration reads back as the same value. */
export function formatDuration(value_ms: number): string {
  const unit = ['d', 'h', 'm', 's'].find((name) => value_ms > 0 && value_ms % DURATION_UNITS_MS[name]! === 0);
  return unit === undefined ? `${value_ms}ms` : `${value_ms / DURATION_UNITS_MS[unit]!}${unit}`;
}

/** `262144`, `64Ki`, `1Mi`, `250k`. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,12})(k|M|G|Ki|Mi|Gi)?$/.exec(text);
  if (!match) return undefined;
  const value = Number(match[1]) * (match[2] === undefined ? 1 : SIZE_UNITS[match[2]]!);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** `10%` -> 0.1. */
export function parsePercent(text: string): number | undefined {
  const match = /^(\d{1,3}(?:\.\d{1,2})?)%$/.exec(text);
  return match && Number(match[1]) <= 100 ? Number(match[1]) / 100 : undefined;
}

/** `256MiB`, `1GiB`, `500MB`; without a unit only 0. */
export function parseBytes(text: string): number | undefined {
  if (text === '0') return 0;
  const match = /^(\d{1,9})(kB|MB|GB|KiB|MiB|GiB)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * BYTE_UNITS[match[2]!]!;
}

/** The shortest text that parseBytes reads back as the same value, where there is one. */
export function formatBytes(bytes: number): string {
  const unit = ['GiB', 'GB', 'MiB', 'MB', 'KiB', 'kB'].find((name) => bytes % BYTE_UNITS[name]! === 0);
  return bytes === 0 || unit === undefined ? `${bytes}` : `${bytes / BYTE_UNITS[unit]!}${unit}`;
}
