// Prometheus' text format 0.0.4: HELP and TYPE once before the samples of a metric, labels escaped, no value that is not finite.
import type { Enumerated, Family, Labelled, Plain } from './family.ts';

/** A subject with its labels, written once as they stand before every one of its samples. */
export interface Subject<S> {
  readonly of: S;
  readonly labels: string;
}

export function subject<S>(of: S, labels: Readonly<Record<string, string>> = {}): Subject<S> {
  return { of, labels: pairs(Object.keys(labels), Object.values(labels)) };
}

function pairs(names: readonly string[], values: readonly string[]): string {
  let text = '';
  for (let index = 0; index < names.length; index++)
    text += `${index === 0 ? '' : ','}${names[index]}="${escapeLabel(values[index] ?? '')}"`;
  return text;
}

function escapeLabel(text: string): string {
  return /[\\"\n]/.test(text)
    ? text.replace(/[\\"\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`))
    : text;
}

function escapeHelp(text: string): string {
  return text.replace(/[\\\n]/g, (found) => (found === '\n' ? '\\n' : '\\\\'));
}

/** Each family with all of its subjects; those without a sample are left out. */
export function write<S>(families: readonly Family<S>[], subjects: readonly Subject<S>[]): string {
  let text = '';
  for (const family of families) {
    const samples = samplesOf(family, subjects);
    if (samples !== '')
      text += `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.type}\n${samples}`;
  }
  return text;
}

function samplesOf<S>(family: Family<S>, subjects: readonly Subject<S>[]): string {
  if ('value' in family) return plain(family, subjects);
  return 'states' in family ? enumerated(family, subjects) : labelled(family, subjects);
}

function plain<S>(family: Plain<S>, subjects: readonly Subject<S>[]): string {
  let text = '';
  for (const { of, labels } of subjects) {
    const value = family.value(of);
    if (isSample(value))
      text += labels === '' ? `${family.name} ${value}\n` : `${family.name}{${labels}} ${value}\n`;
  }
  return text;
}

function enumerated<S>(family: Enumerated<S>, subjects: readonly Subject<S>[]): string {
  const ends = family.states.map((state) => [state, `${pairs([family.label], [state])}} `] as const);
  let text = '';
  for (const { of, labels } of subjects) {
    const present = family.state(of);
    if (present === undefined) continue;
    const head = labels === '' ? `${family.name}{` : `${family.name}{${labels},`;
    for (const [state, end] of ends) text += `${head}${end}${state === present ? 1 : 0}\n`;
  }
  return text;
}

function labelled<S>(family: Labelled<S>, subjects: readonly Subject<S>[]): string {
  let text = '';
  for (const { of, labels } of subjects)
    for (const [values, value] of family.each(of)) {
      if (!isSample(value)) continue;
      const own = pairs(family.labels, values);
      text += `${family.name}{${labels === '' ? own : `${labels},${own}`}} ${value}\n`;
    }
  return text;
}

function isSample(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}

/** Prometheus refuses a whole scrape that says one series twice; of leaving namesakes the first stands. */
export function distinct<S>(subjects: readonly Subject<S>[]): Subject<S>[] {
  const seen = new Set<string>();
  return subjects.filter(({ labels }) => !seen.has(labels) && seen.add(labels));
}
