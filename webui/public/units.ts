// Numbers of charts as people read them. Shared by server and browser; pure.

/** What the values of a chart are, and so what stands behind them. */
export const UNITS = ['count', 'per second', 'bit/s', 'ms'] as const;
export type Unit = (typeof UNITS)[number];

const PREFIXES = [
  ['E', 1e18],
  ['P', 1e15],
  ['T', 1e12],
  ['G', 1e9],
  ['M', 1e6],
  ['k', 1e3],
] as const;

/** Three digits or so, and never more than seven characters: `0`, `0.4`, `12`, `3.4k`, `1.2E`. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '?';
  if (Math.abs(value) >= 1e21) return value.toExponential(0);
  for (const [prefix, size] of PREFIXES)
    if (Math.abs(value) >= size * 0.9995) return `${digits(value / size)}${prefix}`;
  return digits(value);
}

function digits(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toFixed(Math.abs(value) >= 1 ? 1 : 2)));
}

export function withUnit(value: number, unit: Unit): string {
  if (unit === 'bit/s') return `${short(value)}bit/s`;
  if (unit === 'ms') return value >= 1_000 ? `${short(value / 1_000)} s` : `${short(value)} ms`;
  return unit === 'count' ? short(value) : `${short(value)}/s`;
}
