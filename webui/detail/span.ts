// Which span of time an address asks for: a range that ends now, or two moments. What cannot be understood is the last hour.
import type { Fields } from '../page.ts';
import { RANGES, type RangeName, type Span, tidySpan } from '../public/span.ts';

export interface AskedSpan extends Span {
  /** Ends now, and goes on; undefined: stands still. */
  readonly range: RangeName | undefined;
}

const MOMENT_MAX = 8_000_000_000_000_000;

export function readSpan(query: Fields, now: number): AskedSpan {
  const [from, to] = [momentOf(query.from), momentOf(query.to)];
  if (from !== undefined && to !== undefined && from < to) return { ...tidySpan(from, to), range: undefined };
  const { name, span_ms } = RANGES.find((each) => each.name === query.range) ?? RANGES[0];
  return { from: Math.max(0, now - span_ms), to: now, range: name };
}

function momentOf(text: string | undefined): number | undefined {
  const value = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return value <= MOMENT_MAX ? value : undefined;
}

/** `?range=24h` or `?from=…&to=…`. */
export function spanAddress(asked: Span & { readonly range?: RangeName | undefined }): string {
  return asked.range === undefined ? `?from=${asked.from}&to=${asked.to}` : `?range=${asked.range}`;
}
