// The processes of one director: whatever runs in its network namespace, which nobody else enters, so that also those are
// found that have left their parents. Told apart by the program they run.
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import type { Namespace } from '../support/netns.ts';

const KINDS = {
  pulse: 'director/pulse/main.ts',
  heartbeat: 'heartbeat/main.ts',
  sync: 'director/sync/main.ts',
  monitor: 'monitor/main.ts',
} as const;
export type ProcessKind = keyof typeof KINDS | 'other';

export interface DirectorProcess {
  readonly pid: number;
  readonly kind: ProcessKind;
}

export function processesIn(namespace: Namespace): DirectorProcess[] {
  const wanted = `net:[${statSync(namespace.path).ino}]`;
  const found: DirectorProcess[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!(pid > 1) || namespaceOf(pid) !== wanted || isZombie(pid)) continue;
    found.push({ pid, kind: kindOf(pid) });
  }
  return found;
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined; // it ended meanwhile
  }
}

function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) === 'Z';
  } catch {
    return true;
  }
}

function kindOf(pid: number): ProcessKind {
  let line = '';
  try {
    line = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    // It ended meanwhile.
  }
  const words = line.split('\0');
  const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[];
  return kinds.find((kind) => words.some((word) => word.endsWith(KINDS[kind]))) ?? 'other';
}

const ROUNDS_MAX = 50;

/** Sends a signal to all of them, until no round finds one that has not had it. Returns those that had it. */
export function signalAll(namespace: Namespace, signal: NodeJS.Signals): number[] {
  const had = new Set<number>();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const fresh = processesIn(namespace).filter(({ pid }) => !had.has(pid));
    if (fresh.length === 0) break;
    for (const { pid } of fresh) {
      had.add(pid);
      signalOne(pid, signal);
    }
  }
  return [...had];
}

/** False when it has ended. */
export function signalOne(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
