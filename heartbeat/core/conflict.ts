// Both claim. The lower claim releases at once; the higher one answers and announces until the other stands by.
// Guarantees: one of two that hear each other releases on the first beat; where only one hears, it is the one that does,
// whatever the claims, as the other cannot know.

import { stepDown } from './active.ts';
import { answer, sendBeat } from './beats.ts';
import { letGo, ourClaimIsHigher } from './claim.ts';
import { noteOwner } from './damping.ts';
import { taken } from './handover.ts';
import { unheardAge } from './peer.ts';
import { enter, NEVER, record, type Turn } from './state.ts';
import type { Beat } from './types.ts';

/** It is answered at once, so that its next beat has to show that it has heard. */
const ANSWER_INTERVALS = 1.5;
const ANNOUNCE_MS = 200;
/** How often a stranger's claim is recorded, and how often it is answered: what it has misled is misled until then. */
const CLAIMANT_TOLD_MS = 1_000;
const CLAIMANT_MS = 100;

/** A beat of an active peer has come, and we are active. */
export function contend(turn: Turn, beat: Beat): void {
  const { s, now } = turn;
  if (!ourClaimIsHigher(s, beat)) {
    lose(turn, beat);
    return;
  }
  if (s.conflict_ms === NEVER) {
    s.conflict_ms = now;
    record(turn, 'both-active', `${beat.director} is active too, with the lower claim`, {
      epoch: s.epoch,
      peer_epoch: beat.epoch,
    });
  }
  const lasted = now - s.conflict_ms;
  if (lasted >= ANSWER_INTERVALS * s.settings.interval_ms && unheardAge(s, now) >= lasted) {
    stepDown(turn, 'yielded', `${beat.director} is active and cannot hear this director`);
    return;
  }
  answer(turn);
  announceAgain(turn, 'the peer has claimed too');
}

export function announceAgain(turn: Turn, because: string): void {
  announce(turn, because, ANNOUNCE_MS);
}

function lose(turn: Turn, beat: Beat): void {
  const { s } = turn;
  const former = s.epoch;
  s.conflict_ms = NEVER;
  s.epoch = Math.max(s.epoch, beat.epoch);
  if (s.handover !== undefined) {
    taken(turn);
    return;
  }
  record(turn, 'lost-claim', `${beat.director} has the higher claim`, {
    epoch: former,
    peer_epoch: beat.epoch,
  });
  letGo(turn);
  enter(turn, 'standby', `${beat.director} has the higher claim, epoch ${beat.epoch}`);
  noteOwner(turn, 'peer');
  sendBeat(turn);
}

/** The peer stands by, and was active, or may have been while it was not heard: whoever learned its addresses learns ours. */
export function endConflict(turn: Turn, heardAgain: boolean): void {
  const { s } = turn;
  if (s.conflict_ms !== NEVER)
    record(turn, 'conflict-ended', `${s.settings.peer} has released`, { epoch: s.epoch });
  else if (!heardAgain) return;
  s.conflict_ms = NEVER;
  announce(turn, `${s.settings.peer} stands by, after it was active or not heard`, 0);
}

export function noteClaimant(turn: Turn, vip: string, mac: string): void {
  const { s, now } = turn;
  if (s.role !== 'active') return;
  if (now - s.claimantTold_ms >= CLAIMANT_TOLD_MS) {
    s.claimantTold_ms = now;
    record(turn, 'claimant', `${mac} answers for ${vip}`, { vip, mac });
  }
  announce(turn, `${mac} answers for ${vip}`, CLAIMANT_MS);
}

function announce(turn: Turn, because: string, apart_ms: number): void {
  const { s, now } = turn;
  if (now - s.announced_ms < apart_ms || s.handover !== undefined) return;
  s.announced_ms = now;
  turn.effects.push({ kind: 'announce', because });
}
