import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { diffText } from './diff.ts';

const folder = mkdtempSync(join(tmpdir(), 'fairlead-diff-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Few different lines, so that texts have much in common in many ways. */
const text = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'c', '', '- x', '@@'), { maxLength: 40 }), fc.boolean())
  .map(([lines, ended]) => lines.join('\n') + (ended && lines.length > 0 ? '\n' : ''));

function patched(before: string, diff: string): string {
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  writeFileSync(from, before);
  const done = spawnSync('patch', ['--quiet', '--output', to, from], { input: diff });
  if (done.status !== 0) throw new Error(`${done.stdout}${done.stderr}`);
  return spawnSync('cat', [to], { encoding: 'utf8' }).stdout;
}

/** What a unified diff says of one side: hunk by hunk, first line and lines. */
function follow(before: string, diff: string): string {
  const lines = before.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const after: string[] = [];
  let at = 0;
  const body = diff.split('\n').slice(2, -1);
  for (const [index, line] of body.entries()) {
    const content = body[index + 1]?.startsWith('\\') ? line.slice(1) : `${line.slice(1)}\n`;
    const header = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@$/.exec(line);
    if (header) {
      const start = Number(header[1]) - (header[2] === '0' ? 0 : 1);
      after.push(...lines.slice(at, start));
      at = start;
    } else if (line.startsWith('+')) after.push(content);
    else if (!line.startsWith('\\')) {
      expect(lines[at++]).toBe(content);
      if (line.startsWith(' ')) after.push(content);
    }
  }
  return [...after, ...lines.slice(at)].join('');
}

describe('diffText', () => {
  it('is empty for equal texts', () => {
    expect(diffText('', '')).toBe('');
    expect(diffText('a\nb\n', 'a\nb\n')).toBe('');
  });

  it('shows changes with three lines around them, far ones apart', () => {
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index + 1}\n`);
    const changed = lines.with(4, 'five\n').with(16, 'seventeen\n');
    expect(diffText(lines.join(''), changed.join(''), ['old.yaml', 'new.yaml'])).toBe(`--- old.yaml
+++ new.yaml
@@ -2,7 +2,7 @@
 line 2
 line 3
 line 4
-line 5
+five
 line 6
 line 7
 line 8
@@ -14,7 +14,7 @@
 line 14
 line 15
 line 16
-line 17
+seventeen
 line 18
 line 19
 line 20
`);
  });

  it('tells a missing line end', () => {
    expect(diffText('a', 'a\n')).toBe(
      '--- before\n+++ after\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n',
    );
  });

  it('counts from line 0 where one side is empty', () => {
    expect(diffText('', 'a\n')).toBe('--- before\n+++ after\n@@ -0,0 +1 @@\n+a\n');
    expect(diffText('a\nb\n', '')).toBe('--- before\n+++ after\n@@ -1,2 +0,0 @@\n-a\n-b\n');
  });

  it('leads from one text to the other', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(follow(before, diffText(before, after))).toBe(after);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is as short as it can be', () => {
    const distance = (a: string[], b: string[]): number => {
      let row = Array.from({ length: b.length + 1 }, (_, index) => index);
      for (const [i, line] of a.entries()) {
        const next = [i + 1];
        for (const [j, other] of b.entries())
          next.push(line === other ? row[j]! : Math.min(row[j + 1]!, next[j]!) + 1);
        row = next;
      }
      return row.at(-1)!;
    };
    const lines = fc.array(fc.constantFrom('a\n', 'b\n', 'c\n'), { maxLength: 25 });
    fc.assert(
      fc.property(lines, lines, (a, b) => {
        const changes = diffText(a.join(''), b.join(''))
          .split('\n')
          .slice(2)
          .filter((line) => /^[-+]/.test(line));
        expect(changes).toHaveLength(distance(a, b));
      }),
      { numRuns: 500 },
    );
  });

  it.skipIf(spawnSync('patch', ['--version']).status !== 0)('is understood by patch', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        fc.pre(before !== after && after !== '');
        expect(patched(before, diffText(before, after))).toBe(after);
      }),
      { numRuns: 30 },
    );
  });

  it('tells texts that have nothing in common as replaced, without searching long', () => {
    const lines = (word: string) =>
      Array.from({ length: 5_000 }, (_, index) => `${word} ${index}\n`).join('');
    const diff = diffText(`first\n${lines('a')}last\n`, `first\n${lines('b')}last\n`);
    expect(diff.split('\n')[2]).toBe('@@ -1,5002 +1,5002 @@');
    expect(follow(`first\n${lines('a')}last\n`, diff)).toBe(`first\n${lines('b')}last\n`);
  });
});
