// Of one who is not active: when it claims, and what has to be asked before. Guarantees: while an active peer is heard
// there is no claim; every claim out of silence is checked again, in full, after each question has been answered.

import { sendBeat, standing } from './beats.ts';
import { claim, obstacle, weAreBetter } from './claim.ts';
import { noteOwner } from './damping.ts';
import { hasHeard, isHeard, peerBeat, silenceEvidence, silenceOf, unheardAge } from './peer.ts';
import { enter, NEVER, record, type State, type Takeover, type Turn } from './state.ts';
import { deaf_ms, ownerless_ms, silence_ms, stable_ms } from './timing.ts';
import type { Beat } from './types.ts';

const PROBE_LIMIT_DEADTIMES = 4;
const PROBE_RETRY_MAX_MS = 1_000;
const PROBE_LIMIT_MIN_MS = 1_000;
const FRESH: Takeover = {
  fencing: false,
  fenced: false,
  probing: false,
  probed: false,
  at_ms: NEVER,
  retry_ms: NEVER,
  refusals: 0,
};

interface Wish {
  readonly kind: 'silence' | 'offered' | 'agreed' | 'ownerless';
  readonly because: string;
}

export function standBy(turn: Turn): void {
  const { s, now } = turn;
  if (s.handover !== undefined) return; // its own timetable: handover.ts
  const wish = wishOf(s, now);
  if (wish === undefined) {
    abandon(turn);
    settle(turn);
    return;
  }
  const why = obstacle(s, wish.kind === 'silence');
  if (why !== undefined) {
    if (s.blocked !== why)
      record(turn, 'takeover-blocked', `does not claim (${why}), although ${wish.because}`, {
        obstacle: why,
        ...silenceEvidence(s, now),
      });
    s.blocked = why;
    s.takeover = undefined;
    return;
  }
  prepare(turn, wish);
}

function wishOf(s: State, now: number): Wish | undefined {
  const beat = peerBeat(s, now);
  if (beat === undefined) return outOfSilence(s, now);
  if (beat.role === 'active') return undefined;
  if (beat.handover) return { kind: 'offered', because: `${beat.director} hands over` };
  if (agrees(s, now) && weAreBetter(s, beat))
    return { kind: 'agreed', because: `nobody is active, and ${beat.director} ${whyWorse(s, beat)}` };
  if (now - Math.max(s.owned_ms, s.peer?.since_ms ?? now) >= ownerless_ms(s))
    return { kind: 'ownerless', because: `nobody is active, and ${beat.director} has not claimed in time` };
  return undefined;
}

function outOfSilence(s: State, now: number): Wish | undefined {
  const silence = silenceOf(s, now);
  if (silence < silence_ms(s, now)) return undefined;
  if (s.role === 'starting' && now - s.listen_ms < s.settings.initdead_ms) return undefined;
  const because =
    s.peer === undefined
      ? `${s.settings.peer} was not heard since the start, ${Math.round(silence)} ms ago`
      : `${s.settings.peer} has been silent on all links for ${Math.round(silence)} ms`;
  return { kind: 'silence', because };
}

/** The peer hears us, has our present standing and still stands by; what changes over there counts when we know of it. */
function agrees(s: State, now: number): boolean {
  if (s.saidStanding !== standing(s) || s.peer === undefined) return false;
  const deaf = deaf_ms(s.settings);
  if (now - s.peer.heard_ms >= deaf || unheardAge(s, now) >= deaf) return false;
  return hasHeard(s, now, s.saidSequence);
}

function whyWorse(s: State, beat: Beat): string {
  if (beat.hold) return 'is on hold';
  if (beat.health !== s.health) return `is in ${beat.health} health`;
  if (beat.complete !== s.complete) return 'has no complete table';
  return beat.priority !== s.settings.priority ? 'has the lower priority' : 'sorts after this one';
}

/** A starting director that knows its place. */
function settle(turn: Turn): void {
  const { s, now } = turn;
  const beat = peerBeat(s, now);
  if (beat === undefined) return;
  s.blocked = '';
  if (s.role !== 'starting') return;
  if (beat.role === 'active') stand(turn, `${beat.director} is active with epoch ${beat.epoch}`);
  else if (agrees(s, now)) stand(turn, `${beat.director} is the better one`);
}

function stand(turn: Turn, because: string): void {
  enter(turn, 'standby', because);
  record(turn, 'standby', because, { epoch: turn.s.epoch });
  sendBeat(turn);
}

function abandon(turn: Turn): void {
  const { s, now } = turn;
  if (s.takeover === undefined) return;
  const asked = s.takeover.fencing || s.takeover.probing || s.takeover.fenced || s.takeover.probed;
  s.takeover = undefined;
  if (asked && isHeard(s, now))
    record(turn, 'takeover-abandoned', 'the peer is heard again', silenceEvidence(s, now));
}

/** Fence, then probe, then claim: each question once. An offer needs none, its maker has just let go. */
function prepare(turn: Turn, wish: Wish): void {
  const { s, now } = turn;
  if (wish.kind === 'offered') {
    // A peer that is well, and was heard well, lets go on order; see failBack.
    s.ordered = s.peer?.beat.health === 'good' && s.peer.pause_ms < deaf_ms(s.settings);
    noteOwner(turn, 'peer'); // whether or not it was heard as active
    claim(turn, wish.because);
    return;
  }
  let t = s.takeover ?? FRESH;
  if (now < t.retry_ms) return;
  if (wish.kind === 'silence' && s.settings.fence !== undefined && !t.fenced) {
    if (t.fencing) return;
    s.fencesOut++;
    s.takeover = { ...t, fencing: true, at_ms: now };
    turn.effects.push({ kind: 'fence' });
    return;
  }
  if (s.settings.probesVips && !t.probed) {
    const limit = Math.max(PROBE_LIMIT_MIN_MS, PROBE_LIMIT_DEADTIMES * s.settings.deadtime_ms);
    if (!t.probing) {
      s.probesOut++;
      t = { ...t, probing: true, at_ms: now };
      s.takeover = t;
      turn.effects.push({ kind: 'probe-vips' });
    }
    if (now - t.at_ms < limit) return;
    record(turn, 'probe-unanswered', 'the VIPs could not be asked for; claims all the same', {});
  }
  claim(turn, wish.because);
}

/** Only the answer to the last question counts: an earlier one was about another silence. */
export function noteFenced(turn: Turn, ok: boolean, reason: string): void {
  const { s, now } = turn;
  if (s.fencesOut > 0) s.fencesOut--;
  const proceeds = s.settings.fence?.onFailure === 'proceed';
  record(turn, ok ? 'fenced' : 'fence-failed', reason, { proceeds: ok || proceeds });
  if (s.takeover?.fencing !== true || s.fencesOut > 0) return;
  s.takeover =
    ok || proceeds
      ? { ...s.takeover, fencing: false, fenced: true }
      : { ...FRESH, retry_ms: now + stable_ms(s.settings) };
}

export function noteProbed(turn: Turn, holder: string | undefined): void {
  const { s, now } = turn;
  if (s.probesOut > 0) s.probesOut--;
  if (s.takeover?.probing !== true || s.probesOut > 0) return;
  if (holder === undefined) {
    s.takeover = { ...s.takeover, probing: false, probed: true };
    return;
  }
  if (s.blocked !== 'vip-held')
    record(turn, 'vip-held', `does not claim: ${holder} answers for a VIP`, { holder });
  s.blocked = 'vip-held';
  // At first soon: a stopped peer's lease ends within an interval. A stranger stays.
  const { fenced, refusals } = s.takeover;
  const wait_ms = Math.min(PROBE_RETRY_MAX_MS, s.settings.interval_ms * 2 ** Math.max(0, refusals - 3));
  s.takeover = { ...FRESH, fenced, retry_ms: now + wait_ms, refusals: Math.min(refusals + 1, 20) };
}
