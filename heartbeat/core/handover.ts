// Giving the VIPs to the peer: they go down here, the peer is told, it says that it is active. Guarantees: from the first
// step to the end there is at most one owner; when the peer does not take them in time they come back here.
import { sendBeat } from './beats.ts';
import { canClaim, claim, letGo } from './claim.ts';
import { noteOwner } from './damping.ts';
import { isHeard, peerBeat, silenceOf, unheardAge } from './peer.ts';
import { enter, type Handover, record, type State, type Turn } from './state.ts';
import { deaf_ms, offer_ms, silence_ms, stable_ms } from './timing.ts';

export type Refusal =
  | 'no-peer'
  | 'peer-on-hold'
  | 'peer-unhealthy'
  | 'peer-cannot-hear'
  | 'peer-incomplete'
  | 'busy';

/** Why the peer could not take the VIPs now. */
export function cannotTake(s: State, now: number): Refusal | undefined {
  const beat = peerBeat(s, now);
  if (beat === undefined) return 'no-peer';
  if (s.handover !== undefined || s.asking !== undefined || beat.role === 'active') return 'busy';
  if (beat.hold) return 'peer-on-hold';
  if (!canClaim(beat)) return 'peer-unhealthy';
  if (unheardAge(s, now) >= deaf_ms(s.settings)) return 'peer-cannot-hear';
  return beat.complete ? undefined : 'peer-incomplete';
}

/** Until `released` comes this director says `active` without a lease, which keeps the peer from claiming too early. */
export function handOver(turn: Turn, because: string, order?: Handover['order']): void {
  const { s, now } = turn;
  record(turn, 'handing-over', `hands over to ${s.settings.peer}: ${because}`, { epoch: s.epoch });
  letGo(turn);
  const handover = { phase: 'releasing' as const, at_ms: now, because };
  s.handover = order === undefined ? handover : { ...handover, order };
}

/** The VIPs are down: the peer may claim at once. */
export function offer(turn: Turn): void {
  const { s, now } = turn;
  if (s.handover === undefined) return;
  s.handover = { ...s.handover, phase: 'offered', at_ms: now };
  enter(turn, 'standby', `hands over: ${s.handover.because}`);
  sendBeat(turn);
}

/** At each step of a handover. */
export function followHandover(turn: Turn): void {
  const { s, now } = turn;
  const { handover } = s;
  if (handover === undefined) return;
  if (handover.phase === 'offered' && isHeard(s, now) && s.peer?.beat.role === 'active') {
    taken(turn);
    return;
  }
  const waited = now - handover.at_ms;
  const gone = waited >= s.settings.deadtime_ms && silenceOf(s, now) >= silence_ms(s, now);
  if (waited >= offer_ms(s.settings) || gone)
    takeBack(
      turn,
      handover.phase === 'offered' ? 'peer-did-not-take' : 'release-failed',
      gone ? 'the peer has fallen silent' : 'the time is over',
    );
}

/** The peer is active: by our offer, or by a claim of its own while we were letting go. */
export function taken(turn: Turn): void {
  const { s } = turn;
  const { handover } = s;
  if (handover === undefined) return;
  s.handover = undefined;
  s.handoverFailures = 0;
  const because = `${s.settings.peer} is active with epoch ${s.epoch}`;
  enter(turn, 'standby', because);
  noteOwner(turn, 'peer');
  record(turn, 'handed-over', `${because}: ${handover.because}`, { epoch: s.epoch });
  if (handover.order === undefined) return;
  if (handover.order.kind === 'hold') s.hold = true;
  turn.effects.push({ kind: 'order-result', id: handover.order.id, ok: true, reason: because });
  if (s.hold) sendBeat(turn);
}

export function takeBack(turn: Turn, code: string, why: string): void {
  const { s, now } = turn;
  const { handover } = s;
  if (handover === undefined) return;
  s.handoverFailures = Math.min(s.handoverFailures + 1, 6);
  s.handoverRetry_ms = now + stable_ms(s.settings) * 2 ** (s.handoverFailures - 1);
  if (handover.order !== undefined)
    turn.effects.push({
      kind: 'order-result',
      id: handover.order.id,
      ok: false,
      code,
      reason: `${s.settings.peer} has not taken the VIPs (${why}); they are back here`,
    });
  claim(turn, `${code}: ${why}`, 'took-back');
}
