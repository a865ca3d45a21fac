import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amount } from '../model/amount.ts';
import { FairleadError } from '../model/error.ts';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { bashCompletion } from './completion.ts';
import { commandHelp } from './help.ts';
import { parseInvocation } from './parse.ts';
import { duration } from './show.ts';
import { plain, renderTable } from './table.ts';

describe('parseInvocation', () => {
  it('finds command, arguments and options in any order', () => {
    const { command, args, values } = parseInvocation(
      ['drain', '--deadline=60s', 'www', '--wait', 'rs1', '--then', 'cut'],
      commands,
    );
    expect(command.name).toBe('drain');
    expect(args).toEqual(['www', 'rs1']);
    expect(Object.entries(values)).toEqual([
      ['deadline', '60s'],
      ['wait', true],
      ['then', 'cut'],
    ]);
  });

  it('takes what follows -- as arguments', () => {
    expect(parseInvocation(['apply', '--', '--odd'], commands).args).toEqual(['--odd']);
  });

  it('never checks arguments when help is asked for', () => {
    expect(parseInvocation(['drain', '--help'], commands).help).toBe(true);
    expect(parseInvocation(['--help'], commands).command.name).toBe('help');
    expect(parseInvocation([], commands).command.name).toBe('help');
  });

  it.each([
    [['drain', 'www', 'rs1', '--deadline'], '--deadline needs a value (DURATION).'],
    [['status', '--json=yes'], '--json takes no value.'],
    [['run', '--config', 'x'], 'needs --node NAME.'],
    [['status', '-x'], 'has no option -x.'],
  ])('%j is refused', (argv, message) => {
    expect(() => parseInvocation(argv, commands)).toThrow(message);
  });

  it('ends in an invocation or a usage error, whatever it is given', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(...commands.map((command) => command.name)),
      fc.constantFrom('--json', '--', '-', '--runtime', '--__proto__', '--constructor=1', '-hf'),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
        try {
          parseInvocation(argv, commands);
        } catch (error) {
          expect(error).toBeInstanceOf(FairleadError);
          expect(error).toMatchObject({ code: 'usage', exit: 2 });
        }
      }),
    );
  });
});

describe('the table of commands', () => {
  it.each(commands.map((command) => [command.name, command] as [string, Command]))(
    '%s reads as one: help, examples that parse, options that are described',
    (_, command) => {
      const help = commandHelp(command);
      for (const [name, option] of Object.entries(command.options)) {
        expect(help).toContain(`--${name}`);
        expect(option.help).not.toMatch(/\.$/);
      }
      for (const example of command.examples) {
        const words = example.replace(/ [>|].*$|^systemctl .* && /, '').match(/"[^"]*"|\S+/g) ?? [];
        expect(words[0]).toBe('fairlead');
        expect(parseInvocation(words.slice(1), commands).command.name).toBe(command.name);
      }
    },
  );

  it('makes a completion that bash understands', async () => {
    const { spawnSync } = await import('node:child_process');
    const script = `${bashCompletion(commands)}\nCOMP_WORDS=(fairlead dr); COMP_CWORD=1; _fairlead; echo "\${COMPREPLY[@]}"
COMP_WORDS=(fairlead drain a b --then ""); COMP_CWORD=5; _fairlead; echo "\${COMPREPLY[@]}"
COMP_WORDS=(fairlead status --js); COMP_CWORD=2; _fairlead; echo "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toBe('drain drill\ncut keep\n--json\n');
  });
});

describe('renderTable', () => {
  it('aligns, numbers to the right, and ends no line with blanks', () => {
    const text = renderTable(
      [{ title: 'NAME' }, { title: 'N', align: 'right' }, { title: 'WHY' }],
      [
        ['a', '1', ''],
        ['long', '100', 'because'],
      ],
      false,
    );
    expect(text).toBe('NAME    N  WHY\na       1\nlong  100  because\n');
  });

  it('colours without disturbing the columns', () => {
    const columns = [{ title: 'A' }, { title: 'B' }];
    const rows = [[{ text: 'up', tone: 'good' as const }, 'x']];
    const painted = renderTable(columns, rows, true);
    expect(painted).toContain('\x1b[32mup\x1b[0m');
    expect(plain(painted.replaceAll('\n', '|'))).toBe(
      plain(renderTable(columns, rows, false).replaceAll('\n', '|')),
    );
  });

  it('lets no text drive the terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
        expect(plain(text)).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
      }),
    );
    expect(plain('a\x1b[2Jb\r\nc\x07')).toBe('ab  c ');
  });
});

describe('quantities', () => {
  it.each([
    [0, '0s'],
    [59_999, '59s'],
    [192_000, '3m12s'],
    [7_500_000, '2h05m'],
    [273_600_000, '3d04h'],
    [-5, '0s'],
  ])('%i ms is %s', (value, text) => expect(duration(value)).toBe(text));

  it.each([
    [0, '0'],
    [12, '12'],
    [0.5, '0.5'],
    [3_400, '3.4k'],
    [120_000, '120k'],
    [12_000_000, '12M'],
  ])('%d is %s', (value, text) => expect(amount(value)).toBe(text));
});
