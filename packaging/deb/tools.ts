// The programs that the builder calls, always in the same surroundings: what a program prints or sorts must not follow the
// builder's language or time zone.
import { spawnSync } from 'node:child_process';
import { FairleadError } from '../../director/model/error.ts';

const OUTPUT_LIMIT = 64 * 2 ** 20;

export interface ToolOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Standard output of the program; a failure says what it printed. */
export function tool(program: string, args: readonly string[], options: ToolOptions = {}): string {
  const result = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: OUTPUT_LIMIT,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: {
      PATH: `${process.env.PATH ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`,
      LC_ALL: 'C.UTF-8',
      TZ: 'UTC',
      ...options.env,
    },
  });
  if (result.error !== undefined)
    throw new FairleadError('deb-tool-missing', `Cannot run ${program}: ${result.error.message}.`, {
      remedy: 'Run packaging/setup.sh as root; it installs what the build needs.',
    });
  if (result.status !== 0)
    throw new FairleadError(
      'deb-tool-failed',
      `${program} failed: ${result.stderr.trim() || result.stdout.trim()}`,
      {
        remedy: 'See what it says; an incomplete set-up is repaired by packaging/setup.sh.',
      },
    );
  return result.stdout;
}
