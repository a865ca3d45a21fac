// A worker thread of the simulator: takes its share of the seeds, and tells its tally from time to time.
import { parentPort, workerData } from 'node:worker_threads';
import { emptyTally, runSeed } from './tally.ts';

const PART = 2_000;

const { first, end, stride } = workerData as { first: number; end: number; stride: number };
let tally = emptyTally();
for (let seed = first; seed < end; seed += stride) {
  runSeed(tally, seed);
  if (tally.schedules < PART) continue;
  parentPort?.postMessage(tally);
  tally = emptyTally();
}
parentPort?.postMessage(tally);
