// The terminal: a live view redrawn in place where that is possible, lines otherwise. Whatever happens, disposing gives
// the terminal back as it was.
import type { ReadStream, WriteStream } from 'node:tty';
import type { Style } from './screen.ts';

const COLUMNS_MIN = 78;
const ROWS_MIN = 16;
// The alternate screen: redrawing never disturbs what was there before, also after the window changes its size.
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const ERASE_LINE = '\x1b[K';
const ERASE_BELOW = '\x1b[J';

/** Whether this terminal can show a live view at all. */
export function isLively(output: WriteStream, environment: NodeJS.ProcessEnv): boolean {
  if (!output.isTTY || environment.TERM === 'dumb' || environment.TERM === undefined) return false;
  return output.columns >= COLUMNS_MIN && output.rows >= ROWS_MIN;
}

export function styleOf(output: WriteStream, environment: NodeJS.ProcessEnv): Style {
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '';
  return {
    columns: output.columns,
    rows: output.rows,
    colour: !environment.NO_COLOR,
    unicode: /utf-?8/i.test(locale),
  };
}

export interface Canvas extends Disposable {
  /** Replaces what it showed before. */
  draw(lines: readonly string[]): void;
}

export function openCanvas(output: WriteStream): Canvas {
  let open = true;
  const leave = (): void => {
    process.off('exit', leave);
    if (open) output.write(LEAVE);
    open = false;
  };
  process.on('exit', leave); // however the process ends
  output.write(ENTER);
  return {
    draw(lines) {
      if (open)
        output.write(`${HOME}${lines.map((line) => `${line}${ERASE_LINE}\n`).join('')}${ERASE_BELOW}`);
    },
    [Symbol.dispose]: leave,
  };
}

/** Single keys, as they are pressed. Ctrl-C comes as a key too, since a raw terminal makes no signal of it. */
export function openKeys(input: ReadStream, pressed: (key: string) => void): Disposable {
  if (!input.isTTY) return { [Symbol.dispose]() {} };
  const take = (data: Buffer): void => {
    for (const key of data.toString('latin1')) pressed(key);
  };
  input.setRawMode(true);
  input.on('data', take);
  input.resume();
  return {
    [Symbol.dispose]() {
      input.off('data', take);
      input.setRawMode(false);
      input.pause();
    },
  };
}
