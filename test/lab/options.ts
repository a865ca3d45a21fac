// The lab's command line.
import { parseArgs } from 'node:util';
import { EXIT, FairleadError } from '../../director/model/error.ts';

export interface Options {
  /** Undefined: until somebody ends it. */
  readonly seconds: number | undefined;
  readonly keep: boolean;
  readonly kill: boolean;
  /** One director instead of a pair. */
  readonly single: boolean;
  readonly json: boolean;
  readonly plain: boolean;
  readonly help: boolean;
}

export const USAGE = `npm start -- [--seconds N] [--no-kill] [--single] [--keep] [--json] [--plain]

  --seconds N  run that long, print a summary, exit 0 only if all is well (at least 6); default: until q or Ctrl-C
  --no-kill    leave everybody alone; otherwise a real server is killed and revived, and then the active director, if the
               time is 20 s or more
  --single     one director instead of a pair
  --keep       leave configuration, state and logs behind and say where
  --json       print the summary as JSON, and nothing else on stdout
  --plain      one line a second instead of a live view
`;

const SECONDS_MIN = 6;
const SECONDS_MAX = 86_400;

export function parseOptions(args: readonly string[]): Options {
  const values = parse(args);
  const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
  if (seconds !== undefined && !(seconds >= SECONDS_MIN && seconds <= SECONDS_MAX))
    throw usage(`--seconds takes a number from ${SECONDS_MIN} to ${SECONDS_MAX}`);
  return {
    seconds,
    keep: values.keep ?? false,
    kill: !(values['no-kill'] ?? false),
    single: values.single ?? false,
    json: values.json ?? false,
    plain: values.plain ?? false,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string' },
        single: { type: 'boolean' },
        keep: { type: 'boolean' },
        'no-kill': { type: 'boolean' },
        json: { type: 'boolean' },
        plain: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function usage(sentence: string): FairleadError {
  return new FairleadError('lab-usage', sentence, { exit: EXIT.usage, remedy: USAGE });
}
