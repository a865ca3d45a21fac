// What the checks may look at: files below /proc and /sys, and what the system says of itself. Tests hand in a machine
// of their own making.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { gunzipSync } from 'node:zlib';

export interface Machine {
  /** A text file, at most a megabyte of it; undefined when it cannot be read. */
  read(path: string): string | undefined;
  exists(path: string): boolean;
  /** Permission bits; undefined when there is no such file. */
  mode(path: string): number | undefined;
  readonly kernelRelease: string;
  /** Addresses of all interfaces. */
  addresses(): readonly string[];
  availableMemory_bytes(): number;
  now(): number;
  /** What a command prints; undefined when it is not there or fails. */
  ask(command: string, ...args: string[]): string | undefined;
}

const READ_MAX_BYTES = 1024 * 1024;
const ASK_TIMEOUT_MS = 2_000;

export function thisMachine(now: () => number): Machine {
  return {
    read(path) {
      try {
        const bytes = fs.readFileSync(path).subarray(0, READ_MAX_BYTES);
        return (
          path.endsWith('.gz') ? gunzipSync(bytes, { maxOutputLength: READ_MAX_BYTES }) : bytes
        ).toString('utf8');
      } catch {
        return undefined;
      }
    },
    exists: (path) => fs.existsSync(path),
    mode: (path) => fs.statSync(path, { throwIfNoEntry: false })?.mode,
    kernelRelease: os.release(),
    addresses: () =>
      Object.values(os.networkInterfaces()).flatMap((list) => (list ?? []).map((each) => each.address)),
    availableMemory_bytes: () => process.availableMemory(),
    now,
    ask(command, ...args) {
      const done = spawnSync(command, args, {
        encoding: 'utf8',
        timeout: ASK_TIMEOUT_MS,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return done.status === 0 ? done.stdout : undefined;
    },
  };
}
