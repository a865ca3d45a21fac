// docs/configuration.md and the reader agree: every key is explained, every example is a good configuration.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_TIMEOUTS_MS } from '../model/state.ts';
import { parseConfiguration } from './parse.ts';
import { formatProblem } from './problem.ts';
import { TABLES, TIMEOUT_STATES } from './schema.ts';
import { parseDuration } from './units.ts';

const MANUAL = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

/** First cells of the manual's tables, with the rest of the row. */
const ROWS = MANUAL.split('\n').flatMap((line) => {
  const cells = /^\|(?<keys>[^|]*)\|(?<rest>.*)\|$/.exec(line)?.groups;
  return [...(cells?.keys ?? '').matchAll(/`([^`]+)`/g)].map(([, key]) => ({
    key,
    rest: cells?.rest ?? '',
  }));
});

describe('the manual', () => {
  it.each(Object.entries(TABLES).flatMap(([table, shape]) => Object.keys(shape).map((key) => [key, table])))(
    'explains %s (%s)',
    (key) => expect(ROWS.map((row) => row.key)).toContain(key),
  );

  it.each(Object.entries(TIMEOUT_STATES))('tells the default of the timeout %s', (key, state) => {
    const defaults = ROWS.filter(
      (row) => row.key === key && row.rest.includes(state === 'UDP' ? 'UDP' : state),
    );
    const told = defaults.map(({ rest }) => parseDuration(/`(\w+)` $/.exec(rest)?.[1] ?? ''));
    expect(told).toEqual([DEFAULT_TIMEOUTS_MS[state]]);
  });

  const examples = [...MANUAL.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text ?? '');

  it.each(examples)('gives a good example: %s', (example) => {
    const needed = { cluster: 'cluster: web', directors: 'directors: { lb1: { address: 10.0.0.11 } }' };
    const missing = Object.entries(needed).filter(([key]) => !new RegExp(`^${key}:`, 'm').test(example));
    const parsed = parseConfiguration([...missing.map(([, line]) => line), example].join('\n'), 'manual');
    expect('problems' in parsed ? parsed.problems.map(formatProblem) : []).toEqual([]);
  });
});
