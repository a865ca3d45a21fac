// What is wrong with a configuration file, and where. Problems are collected, not thrown, so that one pass tells all;
// a file that cannot be used at all ends in one ConfigurationError that carries them.
import { EXIT, FairleadError } from '../model/error.ts';

export interface ConfigProblem {
  readonly file: string;
  /** From 1; 0 = the file as a whole. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly remedy?: string;
  /** Stable, kebab-case. */
  readonly code: string;
}

/** More than these are not told: the first ones usually cause the others. */
export const PROBLEMS_MAX = 50;
/** Collected before sorting; a file with more wrong places is refused all the same. */
const COLLECTED_MAX = 2_000;

export function formatProblem(problem: ConfigProblem): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}:${problem.column}` : problem.file;
  return `${place}: ${problem.message}${problem.remedy === undefined ? '' : ` (${problem.remedy})`}`;
}

export class ConfigurationError extends FairleadError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super('bad-configuration', problems.map(formatProblem).join('\n'), { exit: EXIT.usage });
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}

export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string | undefined;
}

/** Problems and warnings by their place in the text. */
export class Findings {
  readonly #problems: (Fault & { offset: number })[] = [];
  readonly #warnings: (Fault & { offset: number })[] = [];
  /** A value that several aliases stand for is read, and found wrong, as often as it is used; told once. */
  readonly #told = new Set<string>();
  #dropped = 0;

  problem(offset: number, fault: Fault): void {
    const key = `${offset} ${fault.code} ${fault.message}`;
    if (this.#told.has(key)) return;
    if (this.#told.size < COLLECTED_MAX) this.#told.add(key);
    if (this.#problems.length < COLLECTED_MAX) this.#problems.push({ ...fault, offset });
    else this.#dropped++;
  }

  warning(offset: number, fault: Fault): void {
    if (this.#warnings.length < COLLECTED_MAX) this.#warnings.push({ ...fault, offset });
  }

  get failed(): boolean {
    return this.#problems.length > 0;
  }

  problems(file: string, text: string): ConfigProblem[] {
    const all = locate(this.#problems, file, text);
    const total = all.length + this.#dropped;
    if (total <= PROBLEMS_MAX) return all;
    const shown = all.slice(0, PROBLEMS_MAX - 1);
    const { line, column } = shown.at(-1)!;
    const message = `${total - shown.length} more problems are not shown`;
    return [...shown, { file, line, column, message, code: 'more-problems' }];
  }

  warnings(file: string, text: string): ConfigProblem[] {
    return locate(this.#warnings, file, text).slice(0, PROBLEMS_MAX);
  }
}

/** Sorted by place; lines are counted in one walk through the text. */
function locate(
  faults: readonly (Fault & { offset: number })[],
  file: string,
  text: string,
): ConfigProblem[] {
  let line = 1;
  let lineStart = 0;
  return [...faults]
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, message, remedy, code }) => {
      for (let next = text.indexOf('\n', lineStart); next >= 0 && next < offset; ) {
        line++;
        lineStart = next + 1;
        next = text.indexOf('\n', lineStart);
      }
      const column = Math.min(offset, text.length) - lineStart + 1;
      return { file, line, column, message, ...(remedy === undefined ? {} : { remedy }), code };
    });
}
