// The role decision of the pair, as one pure function. Guarantees: the same state, input and time give the same outcome;
// there is no claim while an active peer is heard, on hold, in bad health, or right after a time in which it did not run.
import { actOn, noteRaised, renumber, resume, yieldUnheard } from './active.ts';
import { answer, sendBeat, sendRegular, standing } from './beats.ts';
import { announceAgain, contend, endConflict, noteClaimant } from './conflict.ts';
import { noteOwner } from './damping.ts';
import { learnEpoch, noteStored, reserveEpoch } from './epoch.ts';
import { followHandover, offer, takeBack } from './handover.ts';
import { isLate, listenAWhile, startListeningAnew } from './lateness.ts';
import { obey } from './orders.ts';
import { hear, noteLink, noteSilence, resizeLinks } from './peer.ts';
import { type Draft, record, type State, type Turn } from './state.ts';
import { noteFenced, noteProbed, standBy } from './takeover.ts';
import type { Beat, CoreSettings, Effect, Input } from './types.ts';

export { describe } from './describe.ts';
export { createState, type State } from './state.ts';
export { wakeAt } from './timing.ts';

const RELEASE_RETRY_MS = 1_000;
/** So long the peer may still keep the former settings. */
const PATIENCE_MS = 2_000;

export function step(
  state: State,
  input: Input,
  now_ms: number,
): { readonly state: State; readonly effects: readonly Effect[] } {
  const now = Math.max(now_ms, state.tick_ms);
  const s: Draft = { ...state };
  const turn: Turn = { s, now, effects: [], late: isLate(state, input, now) };
  if (input.kind === 'tick') tick(turn);
  else note(turn, input);
  if (input.kind === 'tick' || !turn.late) decide(turn);
  if (input.kind === 'tick') pace(turn);
  reserveEpoch(turn);
  return { state: s, effects: turn.effects };
}

function tick(turn: Turn): void {
  const { s, now } = turn;
  if (turn.late) startListeningAnew(turn);
  else listenAWhile(turn);
  s.tick_ms = now;
  noteSilence(turn);
}

function decide(turn: Turn): void {
  const { s } = turn;
  if (s.role === 'active') {
    actOn(turn);
    return;
  }
  if (s.handover !== undefined) {
    followHandover(turn);
    return;
  }
  standBy(turn);
}

/** One beat a tick: a change of role has said it already. */
function pace(turn: Turn): void {
  const { s, now } = turn;
  if (s.releaseRetry_ms > 0 && now >= s.releaseRetry_ms && s.role !== 'active') {
    s.releaseRetry_ms = 0;
    turn.effects.push({ kind: 'release' });
  }
  if (turn.effects.some((effect) => effect.kind === 'send')) s.paced_ms = now;
  else sendRegular(turn);
}

function note(turn: Turn, input: Exclude<Input, { kind: 'tick' }>): void {
  switch (input.kind) {
    case 'beat':
      onBeat(turn, input.link, input.beat);
      return;
    case 'link':
      noteLink(turn, input.link, input.up, input.reason);
      return;
    case 'order':
      obey(turn, input.id, input.order);
      return;
    case 'resume':
      resume(turn, input.epoch);
      return;
    case 'raised':
      noteRaised(turn, input.ok, input.reason);
      return;
    case 'released':
      noteReleased(turn, input.ok, input.reason);
      return;
    case 'epoch-stored':
      noteStored(turn, input.epoch, input.ok);
      return;
    case 'fenced':
      noteFenced(turn, input.ok, input.reason);
      return;
    case 'vips-probed':
      noteProbed(turn, input.holder);
      return;
    case 'claimant':
      noteClaimant(turn, input.vip, input.mac);
      return;
    default:
      noteOwn(turn, input);
      return;
  }
}

type OwnInput = Extract<Input, { kind: 'health' | 'complete' | 'position' | 'witness' | 'settings' }>;

/** What this director learns of itself; the peer hears at once of what changes its standing. */
function noteOwn(turn: Turn, input: OwnInput): void {
  const { s, now } = turn;
  if (input.kind === 'health') {
    if (s.health !== input.health)
      record(turn, 'health', `own health is ${input.health}: ${input.reason}`, { health: input.health });
    // What it lacked may be what it would have heard its peer by.
    if (s.health === 'bad' && input.health !== 'bad') s.listen_ms = turn.now;
    s.health = input.health;
    s.healthReason = input.reason;
  } else if (input.kind === 'complete') {
    s.complete = input.complete;
    s.completeReason = input.reason;
  } else if (input.kind === 'position') {
    s.syncPosition = input.syncPosition;
    s.revision = input.revision;
    s.revisionHash = input.revisionHash;
  } else if (input.kind === 'witness') {
    if (s.witness !== input.reachable)
      record(turn, input.reachable ? 'witness-back' : 'witness-lost', 'a witness decides who is cut off', {});
    // The network is coming back: the peer has a deadtime to be heard as well.
    if (input.reachable && !s.witness && s.role !== 'starting') s.listen_ms = now;
    s.witness = input.reachable;
  } else {
    useSettings(turn, input.settings);
  }
  if (s.saidSequence > 0 && standing(s) !== s.saidStanding) sendBeat(turn);
}

/** The peer's lease may still be as long as it was: for a while the longer deadtime of the two is waited for. */
function useSettings(turn: Turn, settings: CoreSettings): void {
  const { s, now } = turn;
  const former = s.settings.deadtime_ms;
  if (settings.deadtime_ms < former)
    s.patience = { deadtime_ms: former, until_ms: now + Math.max(PATIENCE_MS, 2 * former) };
  if (settings.links !== s.settings.links) resizeLinks(turn, settings.links);
  s.settings = settings;
}

function onBeat(turn: Turn, link: number, beat: Beat): void {
  const { s, now } = turn;
  const before = s.peer;
  const isNew = hear(turn, link, beat);
  if (s.peer === undefined) return;
  if (!isNew || s.peer.beat === before?.beat) {
    // A late word of a time in which the peer was active too: what it announced then has to be undone.
    const late = beat.role === 'active' && beat.bootId === s.peer.beat.bootId;
    if (s.role === 'active' && late) announceAgain(turn, 'the peer was active');
    return;
  }
  if (beat.role === 'active') s.owned_ms = now;
  if (s.role === 'active') {
    if (beat.role === 'active') contend(turn, beat);
    else {
      endConflict(turn, s.peer.since_ms === now);
      if (beat.hold) s.ordered = false; // its release is wanted to bring the VIPs back
      renumber(turn, beat.epoch);
      if (!turn.late) yieldUnheard(turn);
    }
  } else {
    learnEpoch(turn, beat.epoch);
    if (beat.role === 'active' && s.handover === undefined) {
      noteOwner(turn, 'peer');
      s.ordered = false;
    }
  }
  if (beat.asks || (s.role === 'active' && s.peer.since_ms === now)) answer(turn);
}

function noteReleased(turn: Turn, ok: boolean, reason: string): void {
  const { s, now } = turn;
  if (!ok) record(turn, 'release-failed', reason, { epoch: s.epoch });
  if (s.handover?.phase === 'releasing' && s.role === 'active') {
    if (ok) offer(turn);
    else takeBack(turn, 'release-failed', reason);
    return;
  }
  if (s.role !== 'active') s.releaseRetry_ms = ok ? 0 : now + RELEASE_RETRY_MS;
}
