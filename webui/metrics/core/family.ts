// A metric as one entry of a table: name, type, help, labels, and how its samples follow from a subject (the director, a link,
// a service, a server). Text and documents are made from these tables.

interface Common {
  /** Unit last, `_total` for counters. */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
}

/** One sample for each subject; undefined or not finite: none. */
export interface Plain<S> extends Common {
  readonly value: (subject: S) => number | undefined;
}

/** One sample for each state, 1 for the present one. An undefined state: no sample. */
export interface Enumerated<S> extends Common {
  readonly label: string;
  readonly states: readonly string[];
  readonly state: (subject: S) => string | undefined;
}

/** Any number of samples, each with its own labels. */
export interface Labelled<S> extends Common {
  readonly labels: readonly string[];
  readonly each: (subject: S) => Iterable<readonly [labels: readonly string[], value: number | undefined]>;
}

export type Family<S> = Plain<S> | Enumerated<S> | Labelled<S>;

export function gauge<S>(name: string, help: string, value: Plain<S>['value']): Plain<S> {
  return { name, type: 'gauge', help, value };
}

export function counter<S>(name: string, help: string, value: Plain<S>['value']): Plain<S> {
  return { name, type: 'counter', help, value };
}

export function states<S>(
  name: string,
  help: string,
  all: readonly string[],
  state: Enumerated<S>['state'],
  label = 'state',
): Enumerated<S> {
  return { name, type: 'gauge', help, label, states: all, state };
}

export function labelled<S>(
  type: Common['type'],
  name: string,
  help: string,
  labels: readonly string[],
  each: Labelled<S>['each'],
): Labelled<S> {
  return { name, type, help, labels, each };
}

export function info<S>(
  name: string,
  help: string,
  labels: readonly string[],
  of: (subject: S) => readonly string[],
): Labelled<S> {
  return labelled('gauge', name, help, labels, (subject) => [[of(subject), 1]]);
}

/** A record of counts: one label. */
export function* entries(counts: Readonly<Record<string, number>> | undefined) {
  for (const [key, value] of Object.entries(counts ?? {})) yield [[key], value] as const;
}

export const seconds = (value_ms: number | undefined): number | undefined =>
  value_ms === undefined ? undefined : value_ms / 1_000;
export const yesNo = (value: boolean | undefined): number | undefined =>
  value === undefined ? undefined : Number(value);

/** Samples that a subject has at most; labelled ones are counted as one. */
export function samplesMax<S>(families: readonly Family<S>[]): number {
  return families.reduce((sum, family) => sum + ('states' in family ? family.states.length : 1), 0);
}
