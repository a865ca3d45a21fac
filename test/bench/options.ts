// The benchmarks' command line.
import { parseArgs } from 'node:util';
import { EXIT, FairleadError } from '../../director/model/error.ts';

export interface Options {
  /** Undefined: all sections. */
  readonly only: readonly string[] | undefined;
  readonly quick: boolean;
  /** Where the figures go as JSON. */
  readonly json: string;
  readonly help: boolean;
}

export function usage(sections: readonly { readonly name: string; readonly title: string }[]): string {
  return `npm run bench -- [--only NAME[,NAME…]] [--quick] [--json FILE]

  --only NAME   only these of: ${sections.map(({ name }) => name).join(', ')}
  --quick       a smoke run: every figure, none to be relied on
  --json FILE   where the figures go as JSON; default: build/bench/results.json
`;
}

export function parseOptions(
  args: readonly string[],
  sections: readonly string[],
  defaultJson: string,
): Options {
  const values = parse(args);
  const only = values.only?.flatMap((names) => names.split(',')).filter((name) => name !== '');
  const unknown = only?.find((name) => !sections.includes(name));
  if (unknown !== undefined)
    throw wrong(`There is no benchmark “${unknown}”; there are: ${sections.join(', ')}.`);
  return {
    only: only && only.length > 0 ? only : undefined,
    quick: values.quick ?? false,
    json: values.json ?? defaultJson,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', multiple: true },
        quick: { type: 'boolean' },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

function wrong(sentence: string): FairleadError {
  return new FairleadError('bench-usage', sentence, {
    exit: EXIT.usage,
    remedy: 'npm run bench -- --help',
  });
}
