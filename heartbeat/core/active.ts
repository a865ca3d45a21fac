// The duties of an active director: to stop when it is cut off, to ask when its lease has lapsed, to hand over when the
// peer is better or preferred, to try again what failed. Guarantees: automatic moves wait for the hold-down.
import { mayRenew, sendBeat } from './beats.ts';
import { beActive, canClaim, letGo, raise } from './claim.ts';
import { coolDownUntil, penalty } from './damping.ts';
import { nextEpoch } from './epoch.ts';
import { cannotTake, followHandover, handOver } from './handover.ts';
import { hasHeard, healthRank, isHeard, peerBeat, silenceEvidence, silenceOf, unheardAge } from './peer.ts';
import { enter, NEVER, ownHealth, record, type Turn } from './state.ts';
import { lapse_ms, silence_ms, stable_ms } from './timing.ts';

const RAISE_RETRY_MS = 1_000;
const ANSWER_INTERVALS = 1.5;
const MISSES_INTERVALS = 1.2;

export function actOn(turn: Turn): void {
  const { s } = turn;
  if (s.handover !== undefined) {
    followHandover(turn);
    return;
  }
  if (isCutOff(turn)) return;
  if (s.asking !== undefined) {
    waitForAnswer(turn);
    return;
  }
  if (s.raised === 'failed') {
    raiseAgain(turn);
    return;
  }
  if (yieldsForHealth(turn)) return;
  failBack(turn);
}

/** Hears neither its peer nor a witness: it is this one that is cut off, and the others may be well. */
function isCutOff(turn: Turn): boolean {
  const { s, now } = turn;
  const { witnesses, deadtime_ms } = s.settings;
  if (!witnesses || s.witness || now - s.started_ms < 2 * deadtime_ms) return false;
  if (silenceOf(s, now) < silence_ms(s, now)) return false;
  stepDown(turn, 'cut-off', 'hears neither its peer nor a witness');
  return true;
}

/** Without an offer: whoever is better placed claims by its own rules. */
export function stepDown(turn: Turn, event: string, because: string): void {
  const { s, now } = turn;
  record(turn, event, `releases the VIPs: ${because}`, { epoch: s.epoch, ...silenceEvidence(s, now) });
  letGo(turn);
  enter(turn, 'standby', because);
  sendBeat(turn);
}

/** The lease has lapsed. A peer that has the question and stands by lets us go on; so does silence that has lasted. */
function waitForAnswer(turn: Turn): void {
  const { s, now } = turn;
  const { asking } = s;
  const beat = peerBeat(s, now);
  if (asking === undefined || beat?.role === 'active') return;
  const { deadtime_ms } = s.settings;
  const waited = now - asking.since_ms;
  const heard = beat !== undefined && hasHeard(s, now, asking.sequence);
  const alone = beat === undefined && waited >= deadtime_ms && silenceOf(s, now) >= silence_ms(s, now);
  const unanswered = beat !== undefined && waited >= (canClaim(beat) ? 2 * deadtime_ms : deadtime_ms);
  if (!heard && !alone && !unanswered) return;
  s.asking = undefined;
  s.renewed_ms = now;
  record(turn, 'went-on', heard ? 'the peer stands by' : 'the peer has not answered', {
    epoch: s.epoch,
    waited_ms: Math.round(waited),
  });
  sendBeat(turn);
  turn.effects.push({ kind: 'announce', because: 'the peer may have announced meanwhile' });
}

/** The peer stands by but does not hear us, and will claim: better a moment without an owner than one with two. */
export function yieldUnheard(turn: Turn): void {
  const { s, now } = turn;
  const beat = peerBeat(s, now);
  if (beat === undefined || s.peer === undefined || !mayRenew(s)) return;
  const age = unheardAge(s, now);
  const lapse = lapse_ms(s.settings);
  const { deadtime_ms, initdead_ms, interval_ms } = s.settings;
  if (age < lapse) s.yieldedUnheard = false;
  // One beat that misses us may come from a peer that did not run for a while: it has been answered, and will not claim yet.
  if (age < MISSES_INTERVALS * interval_ms) s.unheardSince_ms = NEVER;
  else if (s.unheardSince_ms === NEVER) s.unheardSince_ms = now;
  if (s.unheardSince_ms === NEVER || now - s.unheardSince_ms < interval_ms / 2) return;
  // Just heard again, it cannot have heard us yet: it was answered, and its next beat will tell.
  if (now - s.peer.since_ms < ANSWER_INTERVALS * interval_ms) return;
  const neverHeard = age === Number.POSITIVE_INFINITY;
  const claims = neverHeard
    ? now - s.peer.since_ms >= initdead_ms - (deadtime_ms - lapse)
    : age >= lapse && beat.role === 'standby';
  if (!claims || s.yieldedUnheard || !canClaim(beat)) return;
  s.yieldedUnheard = true;
  handOver(turn, `${beat.director} stands by and does not hear this director`);
}

/** A peer that is not active knows of a later claim than ours: claim above it, so that nobody takes our word for old. */
export function renumber(turn: Turn, known: number): void {
  const { s } = turn;
  if (known <= s.epoch || !mayRenew(s) || turn.now - s.renewed_ms >= lapse_ms(s.settings)) return;
  const former = s.epoch;
  s.epoch = nextEpoch(known);
  record(turn, 'renumbered', `claims epoch ${s.epoch}, as the peer knew of ${known}`, {
    former,
    epoch: s.epoch,
    stored: s.reserved >= s.epoch,
  });
  sendBeat(turn);
  raise(turn);
}

function raiseAgain(turn: Turn): void {
  const { s, now } = turn;
  if (cannotTake(s, now) === undefined && now >= s.raiseYield_ms && now >= s.handoverRetry_ms) {
    s.raiseYield_ms = now + stable_ms(s.settings) * 2 ** s.raiseYields;
    s.raiseYields = Math.min(s.raiseYields + 1, 6);
    handOver(turn, 'no VIP could be raised here');
    return;
  }
  if (now - s.raise_ms >= RAISE_RETRY_MS) raise(turn);
}

export function noteRaised(turn: Turn, ok: boolean, reason: string): void {
  const { s } = turn;
  if (s.role !== 'active' || s.raised === 'no') return;
  if (ok) {
    if (s.raised === 'failed') record(turn, 'raised-again', 'the VIPs are up', { epoch: s.epoch });
    if (s.raised === 'wanted') sendBeat(turn); // the claim once more: the first word of it may have been lost
    s.raised = 'up';
    return;
  }
  if (s.raised !== 'failed') record(turn, 'raise-failed', reason, { epoch: s.epoch });
  s.raised = 'failed';
}

/** Also to a peer without a complete table, when nothing has gone through here for a stable period. */
function yieldsForHealth(turn: Turn): boolean {
  const { s, now } = turn;
  const beat = peerBeat(s, now);
  const better = beat !== undefined && healthRank(beat.health) > healthRank(ownHealth(s));
  if (!better) {
    s.unfit_ms = NEVER;
    return false;
  }
  if (s.unfit_ms === NEVER) s.unfit_ms = now;
  const why = cannotTake(s, now);
  const desperate = ownHealth(s) === 'bad' && now - s.unfit_ms >= stable_ms(s.settings);
  if (why !== undefined && !(why === 'peer-incomplete' && desperate)) return false;
  if (now < coolDownUntil(s, now) || now < s.handoverRetry_ms) return false;
  handOver(turn, `own health is ${ownHealth(s)} (${s.healthReason}), the peer's is ${beat.health}`);
  return true;
}

function failBack(turn: Turn): void {
  const { s, now } = turn;
  const beat = peerBeat(s, now);
  if (s.settings.failback !== 'auto' || s.ordered || beat === undefined || s.peer === undefined) return;
  if (beat.priority <= s.settings.priority || s.peer.fit_ms === NEVER) return;
  const stable = stable_ms(s.settings) * penalty(s, now);
  if (now - s.peer.fit_ms < stable || now < coolDownUntil(s, now) || now < s.handoverRetry_ms) return;
  if (cannotTake(s, now) === undefined)
    handOver(
      turn,
      `${beat.director} is preferred, and has been stable for ${Math.round(now - s.peer.fit_ms)} ms`,
    );
}

/** The process has restarted while its lease was young: the same epoch goes on, unless somebody has claimed above it. */
export function resume(turn: Turn, epoch: number): void {
  const { s, now } = turn;
  if (s.role === 'active') return;
  const beat = isHeard(s, now) ? s.peer?.beat : undefined;
  const refused = s.hold || (beat !== undefined && (beat.role === 'active' || beat.epoch > epoch));
  if (s.role !== 'starting' || refused) {
    record(turn, 'resume-refused', 'another claim has been heard, or this director stands by', { epoch });
    letGo(turn);
    return;
  }
  s.epoch = epoch; // what is stored above it was reserved, never claimed
  record(turn, 'resumed', `goes on as owner of epoch ${epoch}`, { epoch });
  beActive(turn, `goes on with epoch ${epoch} after a restart of the process`);
}
