// A new password, from the terminal without echo and twice, or from standard input as one line. Guarantees: it is never
// an argument, never shown, and the terminal is as it was afterwards, however this ends.
import { StringDecoder } from 'node:string_decoder';
import { FairleadError } from '../model/error.ts';
import { usage } from './parse.ts';

/** The part of process.stdin that is needed. */
export interface PasswordSource extends AsyncIterable<Buffer | string> {
  readonly isTTY?: boolean;
  setRawMode?(mode: boolean): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  removeListener(event: 'data' | 'end', listener: (chunk: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

const LINE_MAX_BYTES = 4_096;
const CHARS_MAX = 1_024;

/** `fromPipe`: standard input was named as the place, which takes a terminal's part where there is none. */
export async function readNewPassword(
  source: PasswordSource,
  tell: (text: string) => void,
  fromPipe: boolean,
): Promise<string> {
  if (source.isTTY === true) return askTwice(source, tell);
  if (fromPipe) return readLine(source);
  throw usage(
    'There is no terminal to ask for the password.',
    'Use --password-stdin and write it to standard input, on one line.',
  );
}

async function readLine(source: PasswordSource): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    length += bytes.length;
    if (length > LINE_MAX_BYTES)
      throw usage('What comes by standard input is too long for a password.', 'Write one line.');
  }
  const text = decode(Buffer.concat(chunks, length)).replace(/\r?\n$/, '');
  if (text.includes('\n')) throw usage('By standard input there is more than one line.', 'Write one line.');
  return text;
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw usage('The password is not UTF-8 text.', 'Write it in UTF-8.');
  }
}

async function askTwice(source: PasswordSource, tell: (text: string) => void): Promise<string> {
  using keys = new HiddenKeys(source);
  tell('New password: ');
  const first = await keys.line();
  tell('\nAgain: ');
  const second = await keys.line();
  tell('\n');
  if (first !== second) throw usage('The two are not the same.', 'Try again.');
  return first;
}

/** Lines as they are typed. Control keys are ours to understand, since the terminal does not do it meanwhile. */
class HiddenKeys implements Disposable {
  readonly #source: PasswordSource;
  readonly #decoder = new StringDecoder('utf8');
  readonly #onData = (chunk: Buffer): void => {
    this.#typed = (this.#typed + this.#decoder.write(chunk)).slice(0, LINE_MAX_BYTES);
    this.#look?.();
  };
  readonly #onEnd = (): void => {
    this.#typed += '\x04';
    this.#look?.();
  };
  /** What nobody has looked at yet: a paste may hold both lines. */
  #typed = '';
  #look: (() => void) | undefined;

  constructor(source: PasswordSource) {
    this.#source = source;
    source.setRawMode?.(true);
    source.on('data', this.#onData);
    source.on('end', this.#onEnd);
    source.resume();
  }

  line(): Promise<string> {
    let line: string[] = [];
    return new Promise((resolve, reject) => {
      const take = (key: string): boolean => {
        if (key === '\r' || key === '\n') resolve(line.join(''));
        else if (key === '\x03' || key === '\x04') reject(interrupted());
        else if (key === '\ufffd')
          reject(usage('The password is not UTF-8 text.', 'Set the terminal to UTF-8.'));
        else if (key === '\x7f' || key === '\b') line.pop();
        else if (key === '\x15') line = [];
        else if (key >= ' ' && line.length < CHARS_MAX) line.push(key);
        return !['\r', '\n', '\x03', '\x04', '\ufffd'].includes(key);
      };
      this.#look = () => {
        // Arrow keys and the like: an escape and what belongs to it.
        // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is taken out
        const keys = [...this.#typed.replace(/\x1b(?:[[O][0-9;]*[ -~]?)?/g, '')];
        const more = keys.findIndex((key) => !take(key));
        this.#typed = more < 0 ? '' : keys.slice(more + 1).join('');
        if (more >= 0) this.#look = undefined;
      };
      this.#look();
    });
  }

  [Symbol.dispose](): void {
    this.#source.removeListener('data', this.#onData);
    this.#source.removeListener('end', this.#onEnd);
    this.#source.setRawMode?.(false);
    this.#source.pause();
  }
}

function interrupted(): FairleadError {
  return new FairleadError('interrupted', 'Interrupted; nothing was changed.');
}
