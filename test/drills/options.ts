// The drills' command line.
import { parseArgs } from 'node:util';
import { EXIT, FairleadError } from '../../director/model/error.ts';
import { PAIR } from '../lab/configuration.ts';

export interface Options {
  /** Empty: all. */
  readonly names: readonly string[];
  readonly runs: number;
  readonly interval_ms: number;
  readonly deadtime_ms: number;
  readonly failback: 'manual' | 'auto';
  readonly serial: boolean;
  readonly connections: number;
  readonly freeze_ms: number;
  readonly list: boolean;
  readonly json: boolean;
  readonly keep: boolean;
  readonly help: boolean;
}

export function usage(drills: readonly { readonly name: string; readonly what: string }[]): string {
  return `npm run drill -- [NAME…] [--runs N] [--interval MS] [--deadtime MS] [--failback manual|auto] [--connections N]
                 [--freeze S] [--no-serial] [--json] [--keep] [--list]

  NAME…            these drills, in this order; default: all
  --runs N         each so many times; the table shows the worst (default 1)
  --interval MS    between beats (default ${PAIR.interval_ms})
  --deadtime MS    silence after which the standby takes over (default ${PAIR.deadtime_ms})
  --failback HOW   manual or auto (default ${PAIR.failback})
  --connections N  established connections (default ${CONNECTIONS})
  --freeze S       how long freeze-10s freezes (default 10)
  --no-serial      no serial line between the directors
  --json           reports as JSON lines on stdout, all else on stderr
  --keep           leave configuration, state and logs of the lab behind
  --list           show stored results and run nothing

${drills.map(({ name, what }) => `  ${name.padEnd(27)} ${what}`).join('\n')}
`;
}

const CONNECTIONS = 2_000;

export function parseOptions(args: readonly string[], known: readonly string[]): Options {
  const { values, positionals } = parse(args);
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) throw wrong(`There is no drill “${unknown}”; there are: ${known.join(', ')}.`);
  const failback = values.failback ?? PAIR.failback;
  if (failback !== 'manual' && failback !== 'auto') throw wrong('--failback takes manual or auto.');
  return {
    names: positionals,
    runs: whole(values.runs, '--runs', 1, 1_000) ?? 1,
    interval_ms: whole(values.interval, '--interval', 5, 10_000) ?? PAIR.interval_ms,
    deadtime_ms: whole(values.deadtime, '--deadtime', 10, 60_000) ?? PAIR.deadtime_ms,
    failback,
    serial: !(values['no-serial'] ?? false),
    connections: whole(values.connections, '--connections', 1, 20_000) ?? CONNECTIONS,
    freeze_ms: 1_000 * (whole(values.freeze, '--freeze', 1, 600) ?? 10),
    list: values.list ?? false,
    json: values.json ?? false,
    keep: values.keep ?? false,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        runs: { type: 'string' },
        interval: { type: 'string' },
        deadtime: { type: 'string' },
        failback: { type: 'string' },
        'no-serial': { type: 'boolean' },
        connections: { type: 'string' },
        freeze: { type: 'string' },
        list: { type: 'boolean' },
        json: { type: 'boolean' },
        keep: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

function whole(text: string | undefined, option: string, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw wrong(`${option} takes a whole number from ${least} to ${most}.`);
}

function wrong(sentence: string): FairleadError {
  return new FairleadError('drill-usage', sentence, {
    exit: EXIT.usage,
    remedy: 'npm run drill -- --help',
  });
}
