import { describe, expect, it } from 'vitest';
import { configurationPage } from './configuration-page.ts';
import { readMarkdown } from './markdown.ts';
import { plain } from './roff.ts';

const about = { version: '1.0', time_s: 0 };
const table = (...keys: readonly string[]) =>
  `## part\n\n| key | what | default |\n|---|---|---|\n${keys.map((key) => `| \`${key}\` | a \\| b | needed |\n`).join('')}`;

describe('the page of the configuration', () => {
  it('tells a key with its default, cells with bars included', () =>
    expect(configurationPage(table('port'), { part: { port: 1 } }, about)).toContain(
      '.SH "PART"\n.TP\n\\fBport\\fR\na | b. Needed.\n',
    ));

  it('is refused if a key is not explained', () =>
    expect(() => configurationPage(table('port'), { part: { port: 1, host: 1 } }, about)).toThrow(
      'host is not explained',
    ));

  it('is refused if it explains a key that does not exist', () =>
    expect(() => configurationPage(table('port', 'prot'), { part: { port: 1 } }, about)).toThrow(
      'prot is no key',
    ));
});

describe('text for groff', () => {
  it('is never taken for a macro, and can be copied', () =>
    expect(plain(".TH \\n --all 'x' `y` ^~\n'z")).toBe(
      '\\&.TH \\(rsn \\-\\-all \\(aqx\\(aq \\(gay\\(ga \\(ha\\(ti\n\\(aqz',
    ));
});

describe('Markdown', () => {
  it('keeps blank lines inside fences', () =>
    expect(readMarkdown('text\n\n```sh\na\n\nb\n```\n')).toEqual([
      { kind: 'paragraph', text: 'text' },
      { kind: 'code', text: 'a\n\nb\n' },
    ]));

  it('refuses what a page could not show', () =>
    expect(() => readMarkdown('- one\n- two\n')).toThrow('cannot show'));
});
