// Reads a mapping of the tree by a table of keys and zod schemas. Every field is read on its own, so that one wrong
// value hides no other; what zod finds is told in the file's own terms, at the value's own place.
import { z } from 'zod';
import { nearest } from './nearest.ts';
import type { Fault, Findings } from './problem.ts';
import { quote } from './quote.ts';
import type { Located, LocatedMap } from './tree.ts';

export type Shape = Readonly<Record<string, z.ZodType>>;
export type Values<S extends Shape> = { readonly [K in keyof S]: z.output<S[K]> };

export interface Fields<S extends Shape> {
  /** What could be read. */
  readonly some: Partial<Values<S>>;
  /** Only if all of it could. */
  readonly all: Values<S> | undefined;
}

/** A part that has its own table: handed on as it stands in the tree. */
export const PART: z.ZodType<Located | undefined> = z.custom<Located | undefined>();

/** For a schema's transform: makes `fault` the result. */
export function refuse(context: z.core.$RefinementCtx<unknown>, fault: Fault): never {
  const { message, ...params } = fault;
  context.issues.push({ code: 'custom', message, params, input: context.value });
  return z.NEVER;
}

export function readFields<S extends Shape>(
  shape: S,
  node: Located,
  what: string,
  findings: Findings,
): Fields<S> {
  const map = asMap(node, what, findings);
  if (map === undefined) return { some: {}, all: undefined };
  checkKeys(map, Object.keys(shape), what, findings);
  return readValues(shape, map, what, findings);
}

/** Reports every key that is not known; `explain` may know better than "unknown". */
export function checkKeys(
  map: LocatedMap,
  known: readonly string[],
  what: string,
  findings: Findings,
  explain: (key: string) => Fault | undefined = () => undefined,
): void {
  const keys = new Set(known);
  for (const [key, entry] of map.entries)
    if (!keys.has(key)) findings.problem(entry.keyOffset, explain(key) ?? unknownKey(key, known, what));
}

/** Reads the table's keys and leaves all others alone. */
export function readValues<S extends Shape>(
  shape: S,
  map: LocatedMap,
  what: string,
  findings: Findings,
): Fields<S> {
  let whole = true;
  const values: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(shape)) {
    const entry = map.entries.get(key);
    if (schema === PART) {
      values[key] = entry?.node;
      continue;
    }
    const result = schema.safeParse(entry && toPlain(entry.node));
    if (result.success) {
      values[key] = result.data;
      continue;
    }
    whole = false;
    if (entry === undefined) findings.problem(map.offset, missingKey(key, what));
    else
      for (const issue of result.error.issues)
        findings.problem(placeOf(entry.node, issue.path), faultOf(issue, key));
  }
  const some = values as Partial<Values<S>>;
  return { some, all: whole ? (some as Values<S>) : undefined };
}

/** A mapping whose entries may all be gone or commented out; undefined then, and after a problem. */
export function asOptionalMap(
  node: Located | undefined,
  what: string,
  findings: Findings,
): LocatedMap | undefined {
  if (node === undefined || (node.kind === 'scalar' && node.value === null)) return undefined;
  return asMap(node, what, findings);
}

/** The mapping itself, or a problem. */
export function asMap(node: Located, what: string, findings: Findings): LocatedMap | undefined {
  if (node.kind === 'map') return node;
  findings.problem(node.offset, {
    code: 'not-a-mapping',
    message: `${what} must be a mapping, not ${nameOf(node)}`,
    remedy: 'write `key: value` lines, or { key: value, … }',
  });
  return undefined;
}

function toPlain(node: Located): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(toPlain);
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, toPlain(entry.node)]));
}

export function unknownKey(key: string, known: readonly string[], what: string): Fault {
  const near = nearest(key, known);
  return {
    code: 'unknown-key',
    message: `${what} has no key ${quote(key)}`,
    remedy: near === undefined ? `known keys: ${known.join(', ')}` : `did you mean \`${near}\`?`,
  };
}

function missingKey(key: string, what: string): Fault {
  return { code: 'missing-key', message: `${what} needs the key \`${key}\`` };
}

function placeOf(node: Located, path: readonly PropertyKey[]): number {
  let current = node;
  for (const step of path) {
    const next =
      current.kind === 'list' && typeof step === 'number'
        ? current.items[step]
        : current.kind === 'map' && typeof step === 'string'
          ? current.entries.get(step)?.node
          : undefined;
    if (next === undefined) break;
    current = next;
  }
  return current.offset;
}

function faultOf(issue: z.core.$ZodIssue, key: string): Fault {
  if (issue.code === 'custom') {
    const { code, remedy } = (issue.params ?? {}) as { code?: string; remedy?: string };
    return { code: code ?? 'bad-value', message: `${key}: ${issue.message}`, remedy };
  }
  return { code: 'bad-value', message: `${key}: ${expectation(issue)}` };
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `expected one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `must ${measure(issue.origin)}at least ${issue.minimum}`;
    case 'too_big':
      return `must ${measure(issue.origin)}at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

function measure(origin: string): string {
  return origin === 'array'
    ? 'have a number of entries of '
    : origin === 'string'
      ? 'have a length of '
      : 'be ';
}

function nameOf(node: Located): string {
  if (node.kind !== 'scalar') return `a ${node.kind === 'list' ? 'list' : 'mapping'}`;
  return node.value === null ? 'empty' : quote(node.value);
}
