// One CPU of race.root.test.ts: feeds frames to a packet program, in an order that its seed gives, as fast as it can.
// Tells which ends the frames had that went on (IPv4). It runs as a worker thread, so that the program's descriptor is the same as in the thread that loaded it.
import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { testRun } from '../../director/native/libbpf.ts';

export interface RaceOrder {
  readonly program: number;
  readonly frames: readonly Uint8Array[];
  readonly runs: number;
  readonly seed: number;
  readonly cpu: number;
  /** Two numbers: how many threads are ready, and whether they may begin. */
  readonly gate: SharedArrayBuffer;
}

const { program, frames, runs, seed, cpu, gate } = workerData as RaceOrder;
const signs = new Int32Array(gate);
const thread = basename(readlinkSync('/proc/thread-self'));
spawnSync('taskset', ['-pc', String(cpu), thread]); // where it is refused, the scheduler decides

Atomics.add(signs, 0, 1);
Atomics.wait(signs, 1, 0);
const SENT = 7; // TC_ACT_REDIRECT
const ends = new Set<string>();
let state = seed | 1;
for (let run = 0; run < runs; run++) {
  // xorshift32 (Marsaglia 2003)
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  const { value, data } = testRun(program, { data: frames[(state >>> 0) % frames.length]! });
  if (value === SENT) ends.add(endsOf(Buffer.from(data.buffer, data.byteOffset, data.byteLength)));
}
parentPort?.postMessage([...ends]);

function endsOf(frame: Buffer): string {
  const end = (address: number, port: number) =>
    `${frame.subarray(address, address + 4).join('.')}:${frame.readUInt16BE(port)}`;
  return `${end(26, 34)} ${end(30, 36)}`;
}
