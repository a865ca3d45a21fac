// The three resolutions: how long an interval is, how many of them make a block, how long they are kept. A block is what
// is stored as one row per subject; blocks begin at multiples of their length since 1970.
import type { Level } from '../../model/metric.ts';

export interface LevelShape {
  readonly level: Level;
  readonly step_ms: number;
  readonly block_ms: number;
  /** Intervals in a block. */
  readonly slots: number;
  readonly keep_ms: number;
  /** Part of the room that is its own: what others leave it may use, what is beyond goes first. */
  readonly share: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** From the finest to the coarsest. */
export const SHAPES: readonly LevelShape[] = [
  { level: '1s', step_ms: 1_000, block_ms: MINUTE_MS, slots: 60, keep_ms: HOUR_MS, share: 0.4 },
  { level: '1m', step_ms: MINUTE_MS, block_ms: HOUR_MS, slots: 60, keep_ms: 7 * DAY_MS, share: 0.4 },
  { level: '1h', step_ms: HOUR_MS, block_ms: DAY_MS, slots: 24, keep_ms: 366 * DAY_MS, share: 0.2 },
];

/** Times beyond it (the year 2527) are a clock gone wrong; also keeps every key a safe integer. */
const TIME_MAX_MS = 2 ** 44 - 1;

export function isTime(at: number): boolean {
  return at >= 0 && at <= TIME_MAX_MS;
}

export function shapeOf(level: Level): LevelShape {
  return SHAPES[indexOf(level)]!;
}

function indexOf(level: Level): number {
  return SHAPES.findIndex((shape) => shape.level === level);
}

/** Number of the block that holds a time. */
export function blockOf(shape: LevelShape, at: number): number {
  return Math.floor(at / shape.block_ms);
}

export function slotOf(shape: LevelShape, at: number): number {
  return Math.floor((at % shape.block_ms) / shape.step_ms);
}

/** Start of an interval. */
export function timeOf(shape: LevelShape, block: number, slot = 0): number {
  return block * shape.block_ms + slot * shape.step_ms;
}
