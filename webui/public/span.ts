// Spans of time that charts show, and the ways from one to another: earlier, later, closer, wider. Shared by server and
// browser; pure.

export interface Span {
  /** Wall clock, milliseconds. */
  readonly from: number;
  readonly to: number;
}

export const RANGES = [
  { name: '1h', title: '1 hour', span_ms: 3_600_000 },
  { name: '24h', title: '24 hours', span_ms: 86_400_000 },
  { name: '7d', title: '7 days', span_ms: 7 * 86_400_000 },
  { name: '1y', title: '1 year', span_ms: 366 * 86_400_000 },
] as const;
export type RangeName = (typeof RANGES)[number]['name'];

export const SPAN_MIN_MS = 10_000;
export const SPAN_MAX_MS = 10 * 366 * 86_400_000;

/** `from` before `to`, neither too close nor too far apart, not before 1970. */
export function tidySpan(from: number, to: number): Span {
  const length = Math.min(SPAN_MAX_MS, Math.max(SPAN_MIN_MS, Math.round(to - from)));
  const start = Math.max(0, Math.round((from + to) / 2 - length / 2));
  return { from: start, to: start + length };
}

/** Half a span to either side, half as long, twice as long; never into the future. */
export function waysFrom({ from, to }: Span, now: number): Readonly<Record<Way, Span>> {
  const half = (to - from) / 2;
  const shift = (by: number): Span => {
    const within = Math.min(by, Math.max(0, now - to));
    return tidySpan(from + within, to + within);
  };
  const end = Math.min(to + half, Math.max(now, to));
  return {
    earlier: shift(-half),
    later: shift(half),
    closer: tidySpan(from + half / 2, to - half / 2),
    wider: tidySpan(end - 4 * half, end),
  };
}
export type Way = 'earlier' | 'later' | 'closer' | 'wider';

const DAY_MS = 86_400_000;

/** A moment as an axis tells it, as exactly as its neighbours are apart. UTC, like every time of the console. */
export function axisTime(at: number, step_ms: number): string {
  const text = new Date(at).toISOString();
  if (step_ms >= 27 * DAY_MS) return text.slice(0, 7);
  if (step_ms >= DAY_MS || at % DAY_MS === 0) return text.slice(5, 10);
  return text.slice(11, step_ms >= 60_000 ? 16 : 19);
}
