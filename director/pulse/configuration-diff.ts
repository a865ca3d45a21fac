// What differs between two configurations, as lines for people: `services.www.scheduler: rr -> wlc`. Pure.
// Things with a name are compared by name, so that a new server in the middle of a list is one line.
import type { Configuration } from '../config/configuration.ts';

const LINES_MAX = 1_000;

export function diffConfigurations(before: Configuration, after: Configuration): string[] {
  const lines: string[] = [];
  compare('', before, after, lines);
  return lines.length > LINES_MAX
    ? [...lines.slice(0, LINES_MAX), `... and ${lines.length - LINES_MAX} more`]
    : lines;
}

/** Parts that are read once, at start. */
const AT_START = ['cluster', 'directors', 'heartbeat', 'sync', 'console'] as const;
const ENGINE_AT_START = ['kind', 'interfaces', 'hook', 'connections_max'] as const;

/** Changes that wait for the next start. */
export function needsRestart(before: Configuration, after: Configuration): string[] {
  const lines: string[] = [];
  for (const part of AT_START) compare(part, before[part], after[part], lines);
  for (const part of ENGINE_AT_START)
    compare(`engine.${part}`, before.engine[part], after.engine[part], lines);
  return lines;
}

function compare(path: string, before: unknown, after: unknown, lines: string[]): void {
  if (before === undefined && after === undefined) return;
  const paired = before !== undefined && after !== undefined && isListOfAsMany(before, after);
  const left = paired ? byPlace(before) : members(before);
  const right = paired ? byPlace(after) : members(after);
  if (left === undefined || right === undefined) {
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    if (before === undefined) lines.push(`+ ${path}: ${show(after)}`);
    else if (after === undefined) lines.push(`- ${path}: ${show(before)}`);
    else lines.push(`~ ${path}: ${show(before)} -> ${show(after)}`);
    return;
  }
  for (const [key, value] of left) compare(join(path, key), value, right.get(key), lines);
  for (const [key, value] of right) if (!left.has(key)) compare(join(path, key), undefined, value, lines);
}

/** Undefined: a value to be compared as a whole. */
function members(value: unknown): Map<string, unknown> | undefined {
  if (Array.isArray(value)) {
    const named = value.every((item) => isObject(item) && typeof item.name === 'string');
    return named ? new Map(value.map((item: { name: string }) => [item.name, item])) : undefined;
  }
  return isObject(value) ? new Map(Object.entries(value)) : undefined;
}

/** Things without names that neither came nor went, such as the monitors of a service, are told one by one. */
function isListOfAsMany(before: unknown, after: unknown): boolean {
  if (!Array.isArray(before) || !Array.isArray(after) || before.length !== after.length) return false;
  return [...before, ...after].every((item) => isObject(item) && !('name' in item));
}

function byPlace(list: unknown): Map<string, unknown> {
  return new Map((list as readonly unknown[]).map((item, index) => [String(index + 1), item]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function show(value: unknown): string {
  if (!isObject(value)) return String(value);
  const text = JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 157)}...` : text;
}
