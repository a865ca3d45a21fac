// What is to be given up: blocks that are older than their level is kept, and, while the whole takes more room than it may,
// the oldest of the finest level that takes more than its share. Shares are there because otherwise a level that is kept
// for a week would, before its week is over, push out every second of the last hour.

import type { Level } from '../../model/metric.ts';
import { SHAPES, shapeOf, timeOf } from './levels.ts';

export interface StoredBlock {
  readonly level: Level;
  readonly block: number;
  readonly bytes: number;
}

export interface RetentionInput {
  readonly blocks: readonly StoredBlock[];
  /** Undefined: the clock is not to be trusted just now, nothing is too old. */
  readonly now: number | undefined;
  /** Of everything, what is not in blocks included. */
  readonly used_bytes: number;
  readonly limit_bytes: number;
}

/** Room is made down to this part of the limit, so that it need not be made every minute. */
const TARGET = 0.9;

export function planRetention({ blocks, now, used_bytes, limit_bytes }: RetentionInput): StoredBlock[] {
  const dropped: StoredBlock[] = [];
  const kept = new Map<Level, StoredBlock[]>(SHAPES.map(({ level }) => [level, []]));
  let left_bytes = used_bytes;
  const drop = (block: StoredBlock): void => {
    dropped.push(block);
    left_bytes -= block.bytes;
  };
  for (const block of blocks.toSorted((one, other) => one.block - other.block)) {
    const shape = shapeOf(block.level);
    const isOld = now !== undefined && timeOf(shape, block.block + 1) <= now - shape.keep_ms;
    if (isOld) drop(block);
    else kept.get(block.level)?.push(block);
  }
  if (left_bytes <= limit_bytes) return dropped;
  const sizes = new Map([...kept].map(([level, list]) => [level, sumOf(list)]));
  while (left_bytes > limit_bytes * TARGET) {
    const level = nextToGive(kept, sizes, limit_bytes);
    const oldest = level === undefined ? undefined : kept.get(level)?.shift();
    if (level === undefined || oldest === undefined) break;
    sizes.set(level, (sizes.get(level) ?? 0) - oldest.bytes);
    drop(oldest);
  }
  return dropped;
}

function sumOf(blocks: readonly StoredBlock[]): number {
  return blocks.reduce((total, { bytes }) => total + bytes, 0);
}

function nextToGive(
  kept: ReadonlyMap<Level, readonly StoredBlock[]>,
  sizes: ReadonlyMap<Level, number>,
  limit_bytes: number,
): Level | undefined {
  const full = SHAPES.filter(({ level }) => (kept.get(level)?.length ?? 0) > 0);
  const over = full.find(({ level, share }) => (sizes.get(level) ?? 0) > share * limit_bytes * TARGET);
  return (over ?? full[0])?.level;
}
