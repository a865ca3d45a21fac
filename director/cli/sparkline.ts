// A row of numbers as a row of blocks, as wide as there is room for.
const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** From the least (or 0, if nothing is below) to the highest; a blank where there is no number. */
export function sparkline(values: readonly (number | null)[], width_max: number): string {
  const cells = squeeze(values, Math.max(1, width_max));
  const there = cells.filter((value) => value !== null);
  const least = Math.min(0, ...there);
  const span = Math.max(...there) - least;
  return cells
    .map((value) => {
      if (value === null) return ' ';
      const part = span > 0 ? (value - least) / span : 0;
      return BLOCKS[Math.min(BLOCKS.length - 1, Math.floor(part * BLOCKS.length))] ?? ' ';
    })
    .join('');
}

/** Neighbours share a cell where there are too many: the highest of them is shown. */
function squeeze(values: readonly (number | null)[], width: number): (number | null)[] {
  if (values.length <= width) return [...values];
  return Array.from({ length: width }, (_, cell) => {
    const from = Math.floor((cell * values.length) / width);
    const to = Math.floor(((cell + 1) * values.length) / width);
    const there = values.slice(from, to).filter((value) => value !== null);
    return there.length === 0 ? null : Math.max(...there);
  });
}
