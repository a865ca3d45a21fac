// docs/metrics.md tells every metric as it is, and no other.
import fs from 'node:fs';
import { expect, it } from 'vitest';
import { CATALOGUE } from './catalogue.ts';

const MANUAL = fs.readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');

it('docs/metrics.md has a row for each metric, with type, labels and help', () => {
  const rows = MANUAL.split('\n').filter((line) => /^\| `(fairlead|node|keepalived)_/.test(line));
  const wanted = CATALOGUE.map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(' ')} | ${help} |`,
  );
  expect(rows.sort()).toEqual(wanted.sort());
});

it('no metric is there twice', () => {
  expect(new Set(CATALOGUE.map(({ name }) => name)).size).toBe(CATALOGUE.length);
});
