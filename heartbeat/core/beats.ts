// Makes beats. Guarantees: an active renews its lease with each beat, counted from the step and only once the beat is
// sent: a process that is stopped between the two has told its peer more than it holds, never less. It renews none that has
// lapsed: then it says `active` and `asks`, which keeps its peer from claiming while nobody answers for the VIPs.
import { healthRank } from './peer.ts';
import { NEVER, ownHealth, record, type State, type Turn } from './state.ts';
import { lapse_ms, silence_ms } from './timing.ts';
import type { Heard } from './types.ts';

/** Answers to one peer are at least this part of an interval apart. */
const ANSWER_INTERVALS = 1 / 4;
/** A timer may fire a little early; a beat must not wait for the next one then. */
const PACE_INTERVALS = 3 / 4;

/** What the better one is chosen by, as a number that changes whenever any of it does. */
export function standing(s: State): number {
  return s.settings.priority * 16 + healthRank(ownHealth(s)) * 4 + (s.hold ? 2 : 0) + (s.complete ? 1 : 0);
}

export function mayRenew(s: State): boolean {
  return s.asking === undefined && s.handover?.phase !== 'releasing';
}

export function sendBeat(turn: Turn, asks = false): void {
  const { s, now } = turn;
  if (s.role === 'active') checkLease(turn);
  const renews = s.role === 'active' && mayRenew(s);
  if (renews) s.renewed_ms = now;
  s.sequence++;
  if (s.spoke_ms === NEVER) s.spoke_ms = now;
  const said = standing(s);
  if (said !== s.saidStanding) {
    s.saidStanding = said;
    s.saidSequence = s.sequence;
  }
  turn.effects.push({
    kind: 'send',
    beat: {
      director: s.settings.node,
      bootId: s.bootId,
      sequence: s.sequence,
      epoch: s.epoch,
      role: s.role,
      health: ownHealth(s),
      hold: s.hold,
      complete: s.complete,
      handover: isOffering(s, now),
      asks: asks || (s.role === 'active' && !renews),
      priority: s.settings.priority,
      revision: s.revision,
      revisionHash: s.revisionHash,
      syncPosition: s.syncPosition,
      heard: heardOf(s, now),
    },
  });
  if (renews) turn.effects.push({ kind: 'renew-lease', from_ms: now });
}

/** Offered until three quarters of the time are over, so that no late frame meets the one who takes back. */
function isOffering(s: State, now: number): boolean {
  return s.handover?.phase === 'offered' && now - s.handover.at_ms < 1.5 * s.settings.deadtime_ms;
}

function heardOf(s: State, now: number): (Heard | undefined)[] {
  const heard: (Heard | undefined)[] = [];
  for (const view of s.links)
    heard.push(
      view.sequence === 0 ? undefined : { sequence: view.sequence, age_ms: Math.max(0, now - view.heard_ms) },
    );
  return heard;
}

/** The lease is as old as the last renewal: near its end the peer may claim at any moment, so the peer is asked first. */
function checkLease(turn: Turn): void {
  const { s, now } = turn;
  if (!mayRenew(s) || now - s.renewed_ms < lapse_ms(s.settings)) return;
  s.asking = { since_ms: now, sequence: s.sequence + 1 };
  record(turn, 'asking', 'was too late to renew its lease, and asks the peer before it goes on', {
    lease_age_ms: Math.round(now - s.renewed_ms),
    epoch: s.epoch,
  });
}

export function sendRegular(turn: Turn): void {
  const { s, now } = turn;
  const since = now - s.paced_ms;
  if (since < PACE_INTERVALS * s.settings.interval_ms) return;
  s.paced_ms = now;
  sendBeat(turn, s.role === 'starting' || (s.role === 'standby' && missesPeer(s, now)));
}

/** Beats are missing, and time is left for an answer. */
function missesPeer(s: State, now: number): boolean {
  if (s.peer === undefined) return false;
  const silence = now - s.peer.heard_ms;
  return silence >= 1.5 * s.settings.interval_ms && silence < silence_ms(s, now);
}

export function answer(turn: Turn): void {
  const { s, now } = turn;
  if (now - s.answered_ms < ANSWER_INTERVALS * s.settings.interval_ms) return;
  s.answered_ms = now;
  sendBeat(turn);
}
