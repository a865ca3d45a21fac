// A null-modem cable without hardware: two pseudo-terminals whose bytes are carried across, at the speed of a real line
// if wanted, with bytes lost and bits turned if wanted. Also a program, for those who want the line outside their process:
// `node test/support/serial-line.ts A_LINK B_LINK [BAUD]` makes two symbolic links to its ends and carries bytes until it is ended.
import { readSync, rmSync, symlinkSync, writeSync } from 'node:fs';
import type { Clock } from '../../director/model/clock.ts';
import { openPseudoTerminal, type PseudoTerminal } from '../../director/native/pty.ts';
import { onReadable } from '../../director/native/readable.ts';
import { systemClock } from '../../director/native/system-clock.ts';

const BITS_PER_BYTE = 10;
/** As much as a driver holds; beyond that a line loses bytes, there being no flow control. */
const QUEUE_MAX_BYTES = 4_096;
const READ_BYTES = 1_024;
const PACE_MS = 5;

export interface LineFaults {
  /** Of 1 000 bytes, how many are lost; how many have a bit turned. */
  lost_permille: number;
  noisy_permille: number;
  /** Nothing passes at all. */
  cut: boolean;
}

export interface SerialLine extends Disposable {
  /** The devices at its ends. */
  readonly a: string;
  readonly b: string;
  /** May be changed at any time. */
  readonly faults: LineFaults;
  /** Bytes that were carried to each end. */
  readonly carried: { a: number; b: number };
}

export interface SerialLineOptions {
  /** Undefined: as fast as the machine. */
  readonly baud?: number;
  readonly clock?: Clock;
  /** From 0 up to, not including, 1. */
  readonly random?: () => number;
}

export function startSerialLine(options: SerialLineOptions = {}): SerialLine {
  const resources = new DisposableStack();
  try {
    const [a, b] = [resources.use(openPseudoTerminal()), resources.use(openPseudoTerminal())];
    const faults: LineFaults = { lost_permille: 0, noisy_permille: 0, cut: false };
    const carried = { a: 0, b: 0 };
    const spoil = (bytes: Uint8Array) => spoiled(bytes, faults, options.random ?? Math.random);
    const count = (end: 'a' | 'b') => (bytes: number) => {
      carried[end] += bytes;
    };
    resources.use(carry({ from: a, to: b, spoil, count: count('b'), options }));
    resources.use(carry({ from: b, to: a, spoil, count: count('a'), options }));
    return { a: a.path, b: b.path, faults, carried, [Symbol.dispose]: () => resources.dispose() };
  } catch (error) {
    resources.dispose();
    throw error;
  }
}

interface Direction {
  readonly from: PseudoTerminal;
  readonly to: PseudoTerminal;
  readonly spoil: (bytes: Uint8Array) => Uint8Array;
  readonly count: (bytes: number) => void;
  readonly options: SerialLineOptions;
}

function carry({ from, to, spoil, count, options }: Direction): Disposable {
  const { baud, clock = systemClock } = options;
  const buffer = new Uint8Array(READ_BYTES);
  const queue = Buffer.alloc(QUEUE_MAX_BYTES);
  let queued = 0;
  let last_ms = 0;
  let timer: Disposable | undefined;

  const deliver = (bytes: Uint8Array): void => {
    const whole = spoil(bytes);
    if (whole.length > 0) count(unlessAgain(() => writeSync(to.master.fd, whole)) ?? 0);
  };
  /** As many bytes as a line of that speed has carried since the last time. */
  const pace = (): void => {
    timer = undefined;
    const due = Math.floor(((clock.monotonic_ms() - last_ms) * baud!) / BITS_PER_BYTE / 1_000);
    const bytes = Math.min(queued, due);
    if (due > 0) last_ms += (due * BITS_PER_BYTE * 1_000) / baud!;
    if (bytes > 0) deliver(queue.subarray(0, bytes));
    queue.copyWithin(0, bytes, queued);
    queued -= bytes;
    if (queued > 0) timer = clock.after(PACE_MS, pace);
  };
  const wait = (bytes: Uint8Array): void => {
    if (queued === 0 && timer === undefined) last_ms = clock.monotonic_ms();
    const room = bytes.subarray(0, QUEUE_MAX_BYTES - queued);
    queue.set(room, queued);
    queued += room.length;
    timer ??= clock.after(PACE_MS, pace);
  };
  const take = baud === undefined ? deliver : wait;
  const wakes = onReadable(from.master.fd, () => {
    const length = unlessAgain(() => readSync(from.master.fd, buffer));
    if (length !== undefined && length > 0) take(buffer.slice(0, length));
  });
  return {
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]();
      wakes[Symbol.dispose]();
    },
  };
}

function spoiled(bytes: Uint8Array, faults: LineFaults, random: () => number): Uint8Array {
  if (faults.cut) return new Uint8Array(0);
  return bytes
    .filter(() => random() * 1_000 >= faults.lost_permille)
    .map((byte) =>
      random() * 1_000 < faults.noisy_permille ? byte ^ (1 << Math.floor(random() * 8)) : byte,
    );
}

function unlessAgain(action: () => number): number | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EIO'))
      return undefined; // EIO: for a moment nobody holds the other side
    throw error;
  }
}

function main([aLink, bLink, baud]: readonly string[]): void {
  if (aLink === undefined || bLink === undefined) {
    console.error('usage: serial-line.ts A_LINK B_LINK [BAUD]');
    process.exitCode = 2;
    return;
  }
  const line = startSerialLine(baud === undefined ? {} : { baud: Number(baud) });
  const links = [
    [aLink, line.a],
    [bLink, line.b],
  ] as const;
  for (const [link, end] of links) {
    rmSync(link, { force: true });
    symlinkSync(end, link);
  }
  const finish = (): void => {
    for (const [link] of links) rmSync(link, { force: true });
    line[Symbol.dispose]();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, finish);
  process.once('disconnect', finish);
  console.log('carrying');
}

if (import.meta.main) main(process.argv.slice(2));
