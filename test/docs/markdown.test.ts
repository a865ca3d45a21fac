import { describe, expect, it } from 'vitest';
import { commandsOf } from './commands.ts';
import { anchorsOf, blocksOf, linksOf, spansOf } from './markdown.ts';

const TEXT = [
  '# What it *does*: a-b',
  'See [there](x.md#y) and `npm test`, not `[this](z.md)`.',
  '<!-- runs: pair on lb2, exit 4 -->',
  '```sh',
  'one --a \\',
  '  --b   # why',
  '# a comment',
  '',
  "cat > f <<'EOF'",
  '# kept',
  'EOF',
  '```',
  '- an item',
  '  <!-- runs: lab, follows, gives CODE -->',
  '  ```console',
  '  $ two',
  '  what it says',
  '  ```',
  '```sh',
  'for n in 1 2; do',
  '  echo $n',
  'done |',
  '  cat',
  '```',
  '```yaml',
  'a: `b`',
  '```',
].join('\n');

describe('a document', () => {
  const blocks = blocksOf('x.md', TEXT);

  it('has blocks with markers', () => {
    expect(blocks.map(({ line, language, marker }) => [line, language, marker])).toEqual([
      [4, 'sh', { setting: 'pair', host: 'lb2', exit: 4, follows: false, gives: undefined }],
      [15, 'console', { setting: 'lab', host: undefined, exit: 0, follows: true, gives: 'CODE' }],
      [19, 'sh', undefined],
      [25, 'yaml', undefined],
    ]);
  });

  it('has commands as they are typed', () => {
    expect(commandsOf(blocks[0]!).map(({ line, text }) => [line, text])).toEqual([
      [5, 'one --a \\\n  --b   # why'],
      [9, "cat > f <<'EOF'\n# kept\nEOF"],
    ]);
    expect(commandsOf(blocks[1]!).map(({ text }) => text)).toEqual(['two']);
    expect(commandsOf(blocks[2]!)).toHaveLength(1);
  });

  it('has spans, links and anchors outside of blocks', () => {
    expect(spansOf('x.md', TEXT).map(({ text }) => text)).toEqual(['npm test', '[this](z.md)']);
    expect(linksOf('x.md', TEXT)).toEqual([{ line: 2, text: 'x.md#y' }]);
    expect(anchorsOf('x.md', TEXT)).toEqual(['what-it-does-a-b']);
  });

  it.each(['pair at lb2', 'pair on', 'pair, exit', 'pair, gives code', 'pair, twice'])(
    'is refused with the marker "%s"',
    (marker) =>
      expect(() => blocksOf('x.md', `<!-- runs: ${marker} -->\n\`\`\`sh\na\n\`\`\``)).toThrow(/x.md:1/),
  );

  it('is refused with a block that has no end', () => {
    expect(() => blocksOf('x.md', '```sh\na')).toThrow('no end');
  });
});
