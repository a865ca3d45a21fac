// Commands in a machine, from outside: scripts and their output as files in a folder that both see, and a serial line that
// says which. The machine's end is agent.sh. Several commands run at once; each has a limit, and none survives its machine.
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { FairleadError } from '../../../director/model/error.ts';

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly timeout_ms?: number;
  /** Give back a failure instead of throwing. */
  readonly allowFailure?: boolean;
}

export interface Channel {
  /** Settles when the machine listens. */
  readonly ready: Promise<void>;
  run(script: string, options?: CommandOptions): Promise<CommandResult>;
  /** The machine is gone: whoever waits is told so. */
  end(why: string): void;
}

const TIMEOUT_MS = 60_000;
/** What the machine may take to end a command that is out of time, and to say so. */
const GRACE_MS = 20_000;
const OUTPUT_MAX_BYTES = 8 << 20;
const LINE_MAX = 200;
const COMMANDS_MAX = 64;
/** Of timeout(1). */
const OUT_OF_TIME = 124;

interface Waiting {
  readonly resolve: (status: number) => void;
  readonly reject: (error: Error) => void;
}

/** `folder` is the exchange folder's `jobs`; `trace` tells the machine's last words. */
export function openChannel(line: Duplex, folder: string, trace: () => string): Channel {
  const waiting = new Map<number, Waiting>();
  let next = 1;
  let over: string | undefined;
  let [resolveReady, rejectReady] = [(): void => {}, (_error: Error): void => {}];
  const ready = new Promise<void>((resolve, reject) => {
    [resolveReady, rejectReady] = [resolve, reject];
  });
  ready.catch(() => {}); // whoever waits for it is told; nobody may
  const gone = (why: string): FairleadError =>
    new FairleadError('machine-gone', `the machine is not there: ${why}\n${trace()}`, {
      remedy: 'its last words are above',
    });
  const end = (why: string): void => {
    if (over !== undefined) return;
    over = why;
    rejectReady(gone(why));
    for (const one of waiting.values()) one.reject(gone(why));
    waiting.clear();
  };
  line.on('error', (error) => end(error.message));
  readWords(line, (words) => {
    if (words === 'ready') resolveReady();
    const [, number, status] = /^(\d+) (\d+)$/.exec(words) ?? [];
    waiting.get(Number(number))?.resolve(Number(status));
  });
  return {
    ready,
    end,
    async run(script, { timeout_ms = TIMEOUT_MS, allowFailure = false } = {}) {
      if (over !== undefined) throw gone(over);
      if (waiting.size >= COMMANDS_MAX) throw new Error('too many commands at once');
      const number = next++;
      const path = (suffix: string): string => join(folder, `${number}.${suffix}`);
      writeFileSync(path('sh'), script);
      let limit: NodeJS.Timeout | undefined;
      try {
        const status = await new Promise<number>((resolve, reject) => {
          waiting.set(number, { resolve, reject });
          limit = setTimeout(() => resolve(OUT_OF_TIME), timeout_ms + GRACE_MS);
          line.write(`${number} ${Math.ceil(timeout_ms / 1_000)}\n`);
        });
        const result = { status, stdout: output(path('out')), stderr: output(path('err')) };
        if (status !== 0 && !allowFailure) throw failure(script, result, timeout_ms, trace);
        return result;
      } finally {
        clearTimeout(limit);
        waiting.delete(number);
        for (const suffix of ['sh', 'out', 'err']) rmSync(path(suffix), { force: true });
      }
    },
  };
}

function failure(
  script: string,
  { status, stdout, stderr }: CommandResult,
  timeout_ms: number,
  trace: () => string,
): FairleadError {
  const said = `${stdout.slice(-2_000)}${stderr.slice(-2_000)}`;
  const what = script.length > 300 ? `${script.slice(0, 300)}…` : script;
  if (status !== OUT_OF_TIME)
    return new FairleadError('machine-command', `status ${status} of: ${what}\n${said}`);
  return new FairleadError(
    'machine-timeout',
    `not finished in ${timeout_ms} ms: ${what}\n${said}\n${trace()}`,
    { remedy: 'is this machine very busy? what hangs shows above' },
  );
}

function output(path: string): string {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > OUTPUT_MAX_BYTES) throw new Error(`a command wrote ${size} bytes, at most ${OUTPUT_MAX_BYTES}`);
  return size === 0 ? '' : readFileSync(path, 'utf8');
}

function readWords(line: Duplex, take: (words: string) => void): void {
  let rest = '';
  line.setEncoding('utf8');
  line.on('data', (text: string) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = (lines.pop() ?? '').slice(-LINE_MAX);
    for (const words of lines) take(words);
  });
}
