// JSON, one value a line, between the lab and the programs it starts. A line that is too long or not JSON ends the
// conversation with an error: both ends are ours, so it is a fault and never input to be tolerated.
import type { Readable, Writable } from 'node:stream';

const LINE_BYTES_MAX = 4 << 20;

export function writeLine(to: Writable, value: unknown): void {
  if (to.writable) to.write(`${JSON.stringify(value)}\n`);
}

/** Calls back for every line; `ended` comes once, at the end of the stream or with the error that ended it. */
export function readLines(
  from: Readable,
  take: (value: unknown) => void,
  ended: (error?: Error) => void = () => {},
): void {
  let rest = '';
  let over = false;
  const end = (error?: Error): void => {
    if (over) return;
    over = true;
    ended(error);
  };
  from.setEncoding('utf8');
  from.on('data', (text: string) => {
    rest += text;
    if (rest.length > LINE_BYTES_MAX) end(new Error('a line is too long'));
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (over) return;
      const value = line === '' ? undefined : parse(line);
      if (value instanceof Error) end(value);
      else if (value !== undefined) take(value);
    }
  });
  from.once('end', () => end());
  from.once('close', () => end());
  from.once('error', (error) => end(error));
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return new Error(`not JSON: ${line.slice(0, 200)}`);
  }
}
