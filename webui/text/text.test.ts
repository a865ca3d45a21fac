// Differences of texts and their merging: whatever the texts are, applying what is told gives the other text.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffTexts } from './hunks.ts';
import { type Edit, editsOf, linesOf, textOfForm } from './line-edits.ts';
import { mergeTexts } from './merge.ts';
import { diffView, partnersOf, spansAround } from './text-view.ts';

const someLines = fc.array(fc.constantFrom('a', 'b', 'c', '', '  d'), { maxLength: 40 });

function applied(lines: readonly string[], edits: readonly Edit[]): string[] {
  const result: string[] = [];
  let line = 0;
  for (const { from, to, lines: fresh } of edits) {
    result.push(...lines.slice(line, from), ...fresh);
    line = to;
  }
  return [...result, ...lines.slice(line)];
}

describe('edits', () => {
  it('make one text of the other', () => {
    fc.assert(
      fc.property(someLines, someLines, (before, after) => {
        const { edits, coarse } = editsOf(before, after);
        expect(coarse).toBe(false);
        expect(applied(before, edits)).toEqual(after);
        for (const { at, lines } of edits) expect(after.slice(at, at + lines.length)).toEqual(lines);
      }),
    );
  });

  it('are given up on where everything differs, without much work', () => {
    const [before, after] = ['x', 'y'].map((name) =>
      Array.from({ length: 100_000 }, (_, n) => `${name}${n}`),
    );
    const { edits, coarse } = editsOf(['same', ...before!, 'end'], ['same', ...after!, 'end']);
    expect([coarse, edits.length, edits[0]!.from, edits[0]!.to]).toEqual([true, 1, 1, 100_001]);
  });

  it('know no difference between line ends', () => {
    expect(linesOf('a\r\nb\rc\n')).toEqual(['a', 'b', 'c']);
    expect(diffTexts('a\r\nb\r\n', 'a\nb').hunks).toEqual([]);
    expect(textOfForm('a\r\nb\rc\n\n')).toBe('a\nb\nc\n\n');
  });
});

describe('a diff', () => {
  it('shows each change with its surroundings, its sign and its numbers', () => {
    const before = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);
    const after = before.toSpliced(9, 1, 'ten', 'and a half');
    const { hunks, added, removed } = diffTexts(before.join('\n'), after.join('\n'), 1);
    expect([added, removed]).toEqual([2, 1]);
    expect(hunks).toEqual([
      [
        { kind: 'kept', text: 'line 9', before: 9, after: 9 },
        { kind: 'removed', text: 'line 10', before: 10 },
        { kind: 'added', text: 'ten', after: 10 },
        { kind: 'added', text: 'and a half', after: 11 },
        { kind: 'kept', text: 'line 11', before: 11, after: 12 },
      ],
    ]);
  });

  it('tells every line that changed, and keeps its numbers right', () => {
    fc.assert(
      fc.property(someLines, someLines, (before, after) => {
        const { hunks, added, removed } = diffTexts(before.join('\n'), after.join('\n'));
        const lines = hunks.flat();
        expect(lines.filter(({ kind }) => kind === 'added').length).toBe(added);
        expect(lines.filter(({ kind }) => kind === 'removed').length).toBe(removed);
        for (const line of lines) {
          if (line.before !== undefined) expect(before[line.before - 1]).toBe(line.text);
          if (line.after !== undefined) expect(after[line.after - 1]).toBe(line.text);
        }
      }),
    );
  });

  it('shows so many lines and counts the rest', () => {
    const long = Array.from({ length: 5_000 }, (_, index) => `x${index}`).join('\n');
    const { hunks, added, left_out } = diffTexts('', long);
    expect([hunks.flat().length, added, left_out]).toEqual([2_000, 5_000, 3_000]);
  });
});

describe('a diff as it is drawn', () => {
  const draw = (before: string, after: string): string =>
    diffView(diffTexts(before, after), { before: 'one', after: 'two' }).text;

  it('lets stand out what differs within a line that was changed', () => {
    expect(draw('weight: 1', 'weight: 20')).toContain('<del>weight: <mark>1</mark></del>');
    expect(draw('weight: 1', 'weight: 20')).toContain('<ins>weight: <mark>20</mark></ins>');
    expect(draw('a: <b>', 'a: <i>')).toContain('<ins>a: &lt;<mark>i</mark>&gt;</ins>');
    expect(draw('scheduler: wlc', 'scheduler: wrr')).toContain('<ins>scheduler: <mark>wrr</mark></ins>');
    expect(draw('a: 100ms', 'a: 200ms')).toContain('<ins>a: <mark>200ms</mark></ins>');
    expect(draw('a, b', 'a, x, b')).toContain('<ins>a, <mark>x, </mark>b</ins>');
    expect(draw('abc', 'xyz')).not.toContain('<mark>');
    expect(draw('weight: 1', 'weight: 2\nweight: 3')).not.toContain('<mark>');
  });

  it('pairs lines one with the other, whatever the texts are', () => {
    fc.assert(
      fc.property(someLines, someLines, (before, after) => {
        for (const hunk of diffTexts(before.join('\n'), after.join('\n')).hunks) {
          const partners = partnersOf(hunk);
          expect(partners.length).toBe(hunk.length);
          for (const [index, { kind }] of hunk.entries())
            if (kind === 'kept') expect(partners[index]).toBeUndefined();
          const paired = (kind: string) =>
            hunk.filter((line, index) => line.kind === kind && partners[index] !== undefined).length;
          expect(paired('added')).toBe(paired('removed'));
        }
      }),
    );
  });

  it('says that nothing differs, and that it was cut', () => {
    expect(draw('a\n', 'a')).toContain('are the same, line for line');
    const [before, after] = ['x', 'y'].map((name) =>
      Array.from({ length: 3_000 }, (_, n) => name + n).join('\n'),
    );
    const text = draw(before!, after!);
    expect(text).toContain('differ too much');
    expect(text).toContain('Cut: 4000 changed lines more');
  });
});

describe('a merge', () => {
  const base = ['a', 'b', 'c', 'd', 'e', 'f', ''].join('\n');

  it('has what both changed', () => {
    expect(mergeTexts(base, base.replace('a', 'A'), base.replace('e', 'E\nE2'))).toEqual({
      text: 'A\nb\nc\nd\nE\nE2\nf\n',
    });
  });

  it('takes once what both changed alike', () => {
    const both = base.replace('c', 'C');
    expect(mergeTexts(base, both, both.replace('f', 'F'))).toEqual({ text: 'a\nb\nC\nd\ne\nF\n' });
  });

  it('guesses nothing where both changed the same place, or its neighbour', () => {
    expect(mergeTexts(base, base.replace('c', 'C'), base.replace('c', 'X'))).toEqual({
      clashes: [{ from_line: 3, to_line: 3 }],
      coarse: false,
    });
    expect(mergeTexts(base, base.replace('c', 'C'), base.replace('d', 'X'))).toHaveProperty('clashes');
  });

  it('gives each side back where the other changed nothing', () => {
    fc.assert(
      fc.property(someLines, someLines, (one, other) => {
        const [before, after] = [one, other].map((lines) => lines.map((line) => `${line}\n`).join(''));
        expect(mergeTexts(before!, after!, before!)).toEqual({ text: after });
        expect(mergeTexts(before!, before!, after!)).toEqual({ text: after });
        expect(mergeTexts(before!, after!, after!)).toEqual({ text: after });
      }),
    );
  });
});

describe('what is shown of a long text', () => {
  it('is what is around the marks, each line once', () => {
    expect(spansAround(100, [50, 3, 52, 0, 101], 2)).toEqual([
      [1, 5],
      [48, 54],
    ]);
  });
});
