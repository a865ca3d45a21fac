// What a benchmark gives: figures with units, some of them with a target, and how they are shown.

export interface Target {
  readonly limit: number;
  readonly better: 'less' | 'more';
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** How it came about: spread, count, what it was compared with. */
  readonly detail?: string;
  readonly target?: Target;
}

export interface SectionResult {
  readonly section: string;
  readonly title: string;
  readonly seconds: number;
  readonly figures: readonly Figure[];
  /** Why it could not run, or not to its end. */
  readonly failure?: string;
}

export function verdictOf({ value, target }: Figure): 'met' | 'missed' | undefined {
  if (!target) return undefined;
  return (target.better === 'less' ? value <= target.limit : value >= target.limit) ? 'met' : 'missed';
}

export const atMost = (limit: number): Target => ({ limit, better: 'less' });
export const atLeast = (limit: number): Target => ({ limit, better: 'more' });

/** An aligned table per section; figures without a target are for information. */
export function formatResults(results: readonly SectionResult[]): string {
  return results.map(formatSection).join('\n');
}

function formatSection(result: SectionResult): string {
  const rows = result.figures.map(rowOf);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  const lines = rows.map(([name, value, target, verdict, detail]) =>
    [
      `  ${name!.padEnd(widths[0]!)}`,
      value!.padStart(widths[1]!),
      target!.padEnd(widths[2]!),
      verdict!.padEnd(widths[3]!),
      detail!,
    ]
      .join('  ')
      .trimEnd(),
  );
  const failure = result.failure === undefined ? [] : [`  could not be measured: ${result.failure}`];
  return [
    `${result.section}: ${result.title} (${result.seconds.toFixed(1)} s)`,
    ...lines,
    ...failure,
    '',
  ].join('\n');
}

function rowOf(figure: Figure): readonly string[] {
  const { name, value, unit, target, detail } = figure;
  const bound = target ? `${target.better === 'less' ? '<=' : '>='} ${formatNumber(target.limit)}` : '';
  return [name, `${formatNumber(value)} ${unit}`.trim(), bound, verdictOf(figure) ?? '', detail ?? ''];
}

/** Three digits, and groups of three: 0.0123, 1.52, 65.1, 14 300. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  const rounded = Math.abs(value) >= 1000 ? Number(value.toPrecision(4)) : value;
  const text = Number.isInteger(value) && Math.abs(value) < 1000 ? String(value) : rounded.toFixed(digits);
  return text.replace(/\B(?=(\d{3})+$)/g, text.includes('.') ? '' : ' ');
}
