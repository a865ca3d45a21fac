// When a server that is drained will be empty, from how many connections and templates were left on it lately. Two ways of
// declining are tried: by so many a second (clients that were told to go, templates that expire), and by a share of what is
// left (connections that end by themselves); the one that fits better is taken. Where neither says anything, nothing is said.
// Pure.

export interface Left {
  /** Wall clock, milliseconds. */
  readonly at: number;
  readonly left: number;
}

export type Estimate =
  | { readonly kind: 'empty' }
  | { readonly kind: 'unknown'; readonly because: string }
  | { readonly kind: 'at'; readonly at: number; readonly by: 'number' | 'share' };

/** What is older says little about how it goes now. */
export const WINDOW_MS = 120_000;
const SAMPLES_MIN = 8;
const SPAN_MIN_MS = 15_000;
/** Further ahead than that it is no estimate, but a guess. */
const AHEAD_MAX_MS = 6 * 3_600_000;
/** A share never takes the last one: below that it is gone. */
const LAST = 0.5;

export function estimateEmpty(samples: readonly Left[], now: number): Estimate {
  const recent = samples
    .filter(({ at, left }) => Number.isFinite(at) && left >= 0 && Number.isFinite(left) && at <= now)
    .filter(({ at }) => now - at <= WINDOW_MS)
    .sort((one, other) => one.at - other.at);
  const [first, last] = [recent[0], recent.at(-1)];
  if (last?.left === 0) return { kind: 'empty' };
  if (
    first === undefined ||
    last === undefined ||
    recent.length < SAMPLES_MIN ||
    last.at - first.at < SPAN_MIN_MS
  )
    return { kind: 'unknown', because: 'it has not been watched for long enough' };

  const points = recent.map(({ at, left }) => ({ x: (at - now) / 1_000, y: left }));
  const line = leastSquares(points);
  const fall = -line.slope * ((last.at - first.at) / 1_000);
  if (!(fall >= Math.max(1, 2 * line.deviation)))
    return { kind: 'unknown', because: 'it does not decline by more than it goes up and down' };

  const curve = leastSquares(points.map(({ x, y }) => ({ x, y: Math.log(Math.max(y, LAST)) })));
  const curved = deviation(points, (x) => Math.exp(curve.start + curve.slope * x));
  const byShare = curve.slope < 0 && curved < line.deviation;
  const ahead_ms = byShare
    ? ((Math.log(LAST) - curve.start) / curve.slope) * 1_000
    : (-line.start / line.slope) * 1_000;
  if (!Number.isFinite(ahead_ms) || ahead_ms > AHEAD_MAX_MS)
    return { kind: 'unknown', because: 'at this rate it takes longer than can be told from two minutes' };
  return { kind: 'at', at: Math.round(now + Math.max(1_000, ahead_ms)), by: byShare ? 'share' : 'number' };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Fit {
  /** At x = 0, which is now. */
  readonly start: number;
  readonly slope: number;
  /** Root of the mean square of what is left over. */
  readonly deviation: number;
}

/** Least squares. */
function leastSquares(points: readonly Point[]): Fit {
  const count = points.length;
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / count;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / count;
  let above = 0;
  let below = 0;
  for (const { x, y } of points) {
    above += (x - meanX) * (y - meanY);
    below += (x - meanX) ** 2;
  }
  const slope = below === 0 ? 0 : above / below;
  const start = meanY - slope * meanX;
  return { start, slope, deviation: deviation(points, (x) => start + slope * x) };
}

function deviation(points: readonly Point[], of: (x: number) => number): number {
  return Math.sqrt(points.reduce((sum, { x, y }) => sum + (y - of(x)) ** 2, 0) / points.length);
}
