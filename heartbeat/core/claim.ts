// Claims: who is the better one, which of two claims is higher, what keeps this director from claiming, and the claim.
// Guarantees: the order of claims is total, so that two who claim never tie; a director on hold or in bad health makes none.
import { sendBeat } from './beats.ts';
import { noteOwner } from './damping.ts';
import { nextEpoch } from './epoch.ts';
import { healthRank, silenceEvidence } from './peer.ts';
import { enter, NEVER, ownHealth, record, type State, type Turn } from './state.ts';
import type { Beat } from './types.ts';

/** (epoch, priority, name that sorts first): higher wins. Both directors compare the same numbers. */
export function ourClaimIsHigher(s: State, peer: Beat): boolean {
  if (s.epoch !== peer.epoch) return s.epoch > peer.epoch;
  return isPreferred(s, peer);
}

/** Of two that stand by: hold last, then health, a complete table, priority, the name that sorts first. */
export function weAreBetter(s: State, peer: Beat): boolean {
  if (s.hold !== peer.hold) return peer.hold;
  const health = healthRank(ownHealth(s)) - healthRank(peer.health);
  if (health !== 0) return health > 0;
  if (s.complete !== peer.complete) return s.complete;
  return isPreferred(s, peer);
}

function isPreferred(s: State, peer: Beat): boolean {
  const { priority, node } = s.settings;
  return priority !== peer.priority ? priority > peer.priority : node < peer.director;
}

export function canClaim(beat: Beat): boolean {
  return !beat.hold && beat.health !== 'bad';
}

/** Why this director may not claim. `alone`: out of silence, which a witness has to confirm where there is one. */
export function obstacle(s: State, alone: boolean): string | undefined {
  if (s.hold) return 'on-hold';
  if (ownHealth(s) === 'bad') return 'unhealthy';
  if (alone && s.settings.witnesses && !s.witness) return 'no-witness';
  return undefined;
}

export function claim(turn: Turn, because: string, event = 'takeover'): void {
  const { s, now } = turn;
  const former = s.epoch;
  const evidence = silenceEvidence(s, now);
  s.epoch = nextEpoch(former);
  const stored = s.reserved >= s.epoch;
  if (!stored)
    record(turn, 'epoch-not-stored', `epoch ${s.epoch} is claimed although the disk does not have it yet`, {
      epoch: s.epoch,
    });
  record(turn, event, `claims epoch ${s.epoch}: ${because}`, { ...evidence, former, epoch: s.epoch, stored });
  beActive(turn, because);
}

/** As owner of the known epoch: the peer is told and the lease renewed before the VIPs go up. */
export function beActive(turn: Turn, because: string): void {
  const { s, now } = turn;
  enter(turn, 'active', because);
  s.handover = undefined;
  s.takeover = undefined;
  s.asking = undefined;
  s.renewed_ms = now;
  s.blocked = '';
  s.conflict_ms = NEVER;
  s.unfit_ms = NEVER;
  noteOwner(turn, 'self');
  sendBeat(turn);
  raise(turn);
}

export function raise(turn: Turn): void {
  const { s, now } = turn;
  if (s.raised !== 'failed') s.raised = 'wanted';
  s.raise_ms = now;
  turn.effects.push({ kind: 'raise', epoch: s.epoch });
}

/** No more owner: VIPs down, the lease let go. What is said about it is the caller's. */
export function letGo(turn: Turn): void {
  const { s, now } = turn;
  s.asking = undefined;
  s.raised = 'no';
  s.owned_ms = now;
  turn.effects.push({ kind: 'release' });
}
