// Numbers as people read them, in the terminal and in the console.

/** Three digits or so: `0`, `12`, `3.4k`, `12M`. */
export function amount(value: number): string {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (value >= size) return `${trim(value / size)}${unit}`;
  return trim(value);
}

function trim(value: number): string {
  return value >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}
