// The fencing command: what makes sure of the peer before its VIPs are taken. Guarantees: answered once, within the
// timeout; the command's children do not outlive it in our group.
import { spawn } from 'node:child_process';
import type { Clock } from '../director/model/clock.ts';

const OUTPUT_MAX_BYTES = 2_000;

export interface FenceOutcome {
  readonly ok: boolean;
  readonly reason: string;
}

export function runFence(options: {
  readonly command: readonly string[];
  readonly timeout_ms: number;
  /** For the command's environment. */
  readonly node: string;
  readonly peer: string;
  readonly clock: Clock;
  readonly onOutcome: (outcome: FenceOutcome) => void;
}): void {
  const [program = '', ...args] = options.command;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, FAIRLEAD_NODE: options.node, FAIRLEAD_PEER: options.peer },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(0, OUTPUT_MAX_BYTES);
    });
  let told = false;
  const tell = (ok: boolean, reason: string): void => {
    if (told) return;
    told = true;
    timer[Symbol.dispose]();
    options.onOutcome({ ok, reason });
  };
  const timer = options.clock.after(options.timeout_ms, () => {
    if (child.pid !== undefined)
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // ended just now
      }
    tell(false, `${program} did not end within ${options.timeout_ms} ms`);
  });
  child.on('error', (error) => tell(false, error.message));
  child.on('close', (status, signal) =>
    status === 0
      ? tell(true, `${program} succeeded`)
      : tell(false, `${program} ended with ${signal ?? `status ${status}`}: ${said.trim()}`),
  );
}
