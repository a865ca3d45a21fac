// Epochs: every claim is higher than any that is known, and the next one is on disk before it is needed.
// Guarantees: a takeover never waits for the disk; a claim that the disk does not have is told.
import { EPOCH_MAX, record, type Turn } from './state.ts';

const STORE_RETRY_MS = 1_000;
const STORE_RETRY_MAX_MS = 60_000;

export function nextEpoch(known: number): number {
  return Math.min(known + 1, EPOCH_MAX);
}

export function learnEpoch(turn: Turn, epoch: number): void {
  if (epoch > turn.s.epoch) turn.s.epoch = Math.min(epoch, EPOCH_MAX);
}

/** At the end of each step: reserves the epoch after the known one, unless that is done, under way, or has just failed. */
export function reserveEpoch(turn: Turn): void {
  const { s, now } = turn;
  const wanted = nextEpoch(s.epoch);
  if (s.reserved >= wanted || s.reserving >= wanted) return;
  if (s.storeFailures > 0 && now < s.storeRetry_ms) return;
  s.reserving = wanted;
  turn.effects.push({ kind: 'store-epoch', epoch: wanted });
}

export function noteStored(turn: Turn, epoch: number, ok: boolean): void {
  const { s, now } = turn;
  if (s.reserving <= epoch) s.reserving = 0;
  if (ok) {
    if (s.storeFailures > 0) record(turn, 'epoch-stored', 'epochs can be stored again', { epoch });
    s.storeFailures = 0;
    s.reserved = Math.max(s.reserved, epoch);
    return;
  }
  if (s.storeFailures === 0)
    record(
      turn,
      'epoch-store-failed',
      'the next epoch could not be stored; a takeover will not wait for it',
      {
        epoch,
      },
    );
  s.storeRetry_ms = now + Math.min(STORE_RETRY_MAX_MS, STORE_RETRY_MS * 2 ** Math.min(s.storeFailures, 6));
  s.storeFailures++;
}
