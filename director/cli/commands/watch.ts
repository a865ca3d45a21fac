// `--watch`: shows a picture of the director again whenever the live stream has changed it, in place on a terminal, block
// after block anywhere else. A director that goes away is waited for.
import { applyLive, type LivePicture } from '../../control/live-view.ts';
import { EXIT, type ExitCode, FairleadError } from '../../model/error.ts';
import { type CommandContext, flag, type OptionSpec } from '../command.ts';
import { plain } from '../table.ts';

const RETRY_MS = 1_000;
/** Not on a terminal a block a second is enough, whatever happens in between. */
const BLOCK_MS = 900;

// ECMA-48: cursor to the first cell, erase to the end of the line, and of the screen; DEC private mode 7: wrap long lines.
const HOME = '\x1b[H';
const ERASE_LINE = '\x1b[K';
const ERASE_BELOW = '\x1b[J';
const NO_WRAP = '\x1b[?7l';
const WRAP = '\x1b[?7h';

export const WATCH_OPTION: Readonly<Record<string, OptionSpec>> = {
  watch: { type: 'boolean', help: 'Go on, and show it again whenever it changes' },
};

export interface Watched {
  readonly human: (picture: LivePicture) => string;
  readonly json: (picture: LivePicture) => unknown;
}

/** Goes on until it is interrupted. */
export async function watch(context: CommandContext, watched: Watched): Promise<ExitCode> {
  const { interrupted } = context.terminal;
  let begun = false;
  while (!interrupted.aborted) {
    const trouble = await follow(context, watched, () => {
      begun = true;
    });
    // Whoever never heard of a director has mistaken the place.
    if (!begun && trouble !== undefined) throw trouble;
    const why = trouble?.message ?? 'The director has ended.';
    if (!interrupted.aborted) context.terminal.err(`${plain(why)} Waiting for it.\n`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  return EXIT.ok;
}

async function follow(
  context: CommandContext,
  watched: Watched,
  onPicture: () => void,
): Promise<FairleadError | undefined> {
  let picture: LivePicture | undefined;
  let shown_ms = Number.NEGATIVE_INFINITY;
  try {
    for await (const message of context.client.live(context.terminal.interrupted)) {
      const applied = applyLive(picture, message);
      if ('problem' in applied)
        return new FairleadError('no-answer', `What came does not fit: ${applied.problem}.`);
      picture = applied.picture;
      onPicture();
      if (!context.terminal.interactive && performance.now() - shown_ms < BLOCK_MS) continue;
      shown_ms = performance.now();
      show(context, watched, picture);
    }
    return undefined;
  } catch (error) {
    if (error instanceof FairleadError) return error;
    throw error;
  }
}

function show({ terminal, values }: CommandContext, watched: Watched, picture: LivePicture): void {
  if (flag(values, 'json')) terminal.out(`${JSON.stringify(watched.json(picture))}\n`);
  else if (terminal.interactive) terminal.out(inPlace(watched.human(picture), terminal.rows));
  else terminal.out(`${watched.human(picture)}\n`);
}

/** What does not fit below is left out. */
export function inPlace(text: string, rows: number): string {
  const lines = text.trimEnd().split('\n');
  const room = Math.max(1, rows - 1);
  const fitting =
    lines.length <= room ? lines : [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more lines`];
  return `${HOME}${NO_WRAP}${fitting.map((line) => `${line}${ERASE_LINE}\n`).join('')}${ERASE_BELOW}${WRAP}`;
}
