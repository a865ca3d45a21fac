// What holds for every document without running anything: each command has somebody who runs it, commands and scripts
// that are named exist, links lead somewhere, configurations are good ones.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands } from '../../director/cli/commands.ts';
import { COMMON_OPTIONS } from '../../director/cli/parse.ts';
import { parseConfiguration } from '../../director/config/parse.ts';
import { formatProblem } from '../../director/config/problem.ts';
import { commandsOf, SHELL_LANGUAGES } from './commands.ts';
import { completed } from './configurations.ts';
import { CHECKOUT, documents } from './documents.ts';
import { anchorsOf, blocksOf, linksOf, spansOf } from './markdown.ts';
import { SETTINGS } from './settings.ts';

const SCRIPTS = (
  JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
).scripts;

describe.each(documents())('$file', ({ file, text }) => {
  const blocks = blocksOf(file, text);

  it('has every command run by somebody', () => {
    const orphans = blocks
      .filter(({ language }) => SHELL_LANGUAGES.includes(language))
      .filter(({ marker }) => {
        const setting = marker && SETTINGS[marker.setting];
        return setting === undefined || !(marker?.host === undefined || setting.hosts.includes(marker.host));
      });
    expect(orphans.map(({ line, marker }) => `${file}:${line} ${marker?.setting ?? 'no marker'}`)).toEqual(
      [],
    );
    for (const block of blocks)
      if (block.marker) expect(commandsOf(block), `${file}:${block.line}`).not.toEqual([]);
  });

  it('has no code that only looks like a block', () => {
    // Four blanks make a block too, and nobody would find the commands in it.
    const prose = text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
    expect(prose.split('\n').filter((line) => /^ {4,}(curl|fairlead|npm|ip|sysctl) /.test(line))).toEqual([]);
  });

  it('names commands and options that exist', () => {
    const wrong = spansOf(file, text).flatMap((span) => {
      const why = whatIsWrong(span.text);
      return why === undefined ? [] : [`${file}:${span.line} ${span.text}: ${why}`];
    });
    expect(wrong).toEqual([]);
  });

  it('has links that lead somewhere', () => {
    const dead = linksOf(file, text).filter(({ text: target }) => !leadsSomewhere(file, target));
    expect(dead.map(({ line, text: target }) => `${file}:${line} ${target}`)).toEqual([]);
  });

  it.each(
    blocks.filter(({ language, text: body }) => language === 'yaml' && !/^scrape_configs:/m.test(body)),
  )('has a good configuration at line $line', (block) => {
    const parsed = parseConfiguration(completed(block.text), `${file}:${block.line}`);
    expect('problems' in parsed ? parsed.problems.map(formatProblem) : []).toEqual([]);
  });
});

function whatIsWrong(code: string): string | undefined {
  const script = /^npm (?:run (?:-s )?)?(?<name>[\w:]+)(?= |$)/.exec(code)?.groups?.name;
  if (script !== undefined && script !== 'install' && !(script in SCRIPTS)) return `no script ${script}`;
  const words = code.split(/\s+/);
  if (words[0] !== 'fairlead' || words.length < 2 || /^[A-Z…[-]/.test(words[1] ?? '')) return undefined;
  const command = commands.find(({ name }) => name === words[1]);
  if (command === undefined) return `no command ${words[1]}`;
  const known = { ...command.options, ...COMMON_OPTIONS };
  const options = [...code.matchAll(/--(?<name>[\w-]+)/g)].map((match) => match.groups?.name ?? '');
  const unknown = options.find((name) => !(name in known));
  return unknown === undefined ? undefined : `no option --${unknown}`;
}

function leadsSomewhere(file: string, target: string): boolean {
  if (/^[a-z]+:/.test(target)) return true;
  const [path = '', anchor] = target.split('#');
  const at = path === '' ? file : join(dirname(file), path);
  if (!existsSync(join(CHECKOUT, at))) return false;
  return anchor === undefined || anchorsOf(at, readFileSync(join(CHECKOUT, at), 'utf8')).includes(anchor);
}
