// What is known of the peer, by its own word and by its silence. Guarantees: content only ever comes from the newest beat;
// a frame that its link has seen already says nothing and restarts no clock; nor does one of the boot before, while the
// present one is heard (which of two boots is the later one cannot be told from their frames).
import { type LinkView, linkViews, NEVER, record, type State, type Turn } from './state.ts';
import { deaf_ms, silence_ms } from './timing.ts';
import type { Beat, Health } from './types.ts';

const RANK: Readonly<Record<Health, number>> = { bad: 0, impaired: 1, good: 2 };

export function healthRank(health: Health): number {
  return RANK[health];
}

export function isHeard(s: State, now: number): boolean {
  return s.peer !== undefined && now - s.peer.heard_ms < silence_ms(s, now);
}

/** The newest beat of a peer that is heard. */
export function peerBeat(s: State, now: number): Beat | undefined {
  return isHeard(s, now) ? s.peer?.beat : undefined;
}

/** How long nothing was heard while something could have been. */
export function silenceOf(s: State, now: number): number {
  return now - Math.max(s.peer?.heard_ms ?? NEVER, s.listen_ms);
}

/** How long the peer has not heard us on any link, by its last beat. Infinity: never in this boot. */
export function unheardAge(s: State, now: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (const heard of s.peer?.beat.heard ?? [])
    if (heard !== undefined && heard.age_ms < least && isOurs(s, now, heard)) least = heard.age_ms;
  return least;
}

/** Whether the peer's last beat shows that it has our beat of this sequence, or a later one. */
export function hasHeard(s: State, now: number, sequence: number): boolean {
  for (const heard of s.peer?.beat.heard ?? [])
    if (heard !== undefined && heard.sequence >= sequence && isOurs(s, now, heard)) return true;
  return false;
}

/** What it heard may have been our former boot: a sequence we have not reached, or a time at which we had not spoken. */
function isOurs(s: State, now: number, heard: { sequence: number; age_ms: number }): boolean {
  const received_ms = s.peer?.heard_ms ?? now;
  return heard.sequence <= s.sequence && received_ms - heard.age_ms >= s.spoke_ms;
}

/** Takes note of a beat. False: it says nothing new. */
export function hear(turn: Turn, link: number, beat: Beat): boolean {
  const { s, now } = turn;
  const known = s.peer;
  if (beat.director !== s.settings.peer || s.links[link] === undefined) return false;
  const reborn = known !== undefined && known.beat.bootId !== beat.bootId;
  if (reborn && beat.bootId === known.formerBoot && now - known.heard_ms < deaf_ms(s.settings)) return false;
  if (reborn) {
    record(turn, 'peer-restarted', `${beat.director} has restarted`, { was: known.beat.role });
    s.links = s.links.map((view) => ({ ...view, sequence: 0, heard_ms: NEVER }));
    s.ordered = false;
    s.yieldedUnheard = false;
  }
  const view = s.links[link] as LinkView;
  if (beat.sequence <= view.sequence) return false;
  const views = s.links.slice();
  views[link] = { ...view, sequence: beat.sequence, heard_ms: now, silent: false };
  s.links = views;
  if (view.silent) record(turn, 'link-heard', `the peer is heard on link ${link} again`, { link });
  noteBeat(turn, beat, reborn);
  return true;
}

function noteBeat(turn: Turn, beat: Beat, reborn: boolean): void {
  const { s, now } = turn;
  const known = s.peer;
  const gap = known === undefined || reborn || now - known.heard_ms >= silence_ms(s, now);
  const newest = known === undefined || reborn || beat.sequence > known.beat.sequence ? beat : known.beat;
  const fit = newest.health === 'good' && newest.complete;
  const since_fit = gap || known === undefined || known.fit_ms === NEVER ? now : known.fit_ms;
  s.peer = {
    beat: newest,
    heard_ms: now,
    pause_ms: newest === known?.beat ? known.pause_ms : now - (known?.heard_ms ?? now),
    since_ms: gap ? now : known.since_ms,
    fit_ms: fit ? since_fit : NEVER,
    formerBoot: reborn ? (known?.beat.bootId ?? 0) : (known?.formerBoot ?? 0),
  };
  if (known === undefined || s.peerSilent)
    record(turn, 'peer-heard', `${beat.director} is heard: ${newest.role}, epoch ${newest.epoch}`, {
      role: newest.role,
      epoch: newest.epoch,
    });
  s.peerSilent = false;
}

/** Tells once of each link and of the peer that they have fallen silent. */
export function noteSilence(turn: Turn): void {
  const { s, now } = turn;
  const limit = silence_ms(s, now);
  if (s.peer === undefined) return;
  for (let i = 0; i < s.links.length; i++) {
    const view = s.links[i] as LinkView;
    if (view.silent || view.sequence === 0 || now - view.heard_ms < limit) continue;
    s.links = s.links.map((other, j) => (j === i ? { ...other, silent: true } : other));
    record(turn, 'link-silent', `nothing was heard on link ${i} for ${Math.round(now - view.heard_ms)} ms`, {
      link: i,
      silence_ms: Math.round(now - view.heard_ms),
      up: view.up,
    });
  }
  if (s.peerSilent || now - s.peer.heard_ms < limit) return;
  s.peerSilent = true;
  record(turn, 'peer-silent', `${s.settings.peer} is not heard on any link`, silenceEvidence(s, now));
}

export function noteLink(turn: Turn, link: number, up: boolean, reason: string): void {
  const { s } = turn;
  const view = s.links[link];
  if (view === undefined || (view.up === up && view.reason === reason)) return;
  // While every link was down nothing could be heard: that was no silence of the peer.
  if (up && !s.links.some((other) => other.up)) s.listen_ms = turn.now;
  s.links = s.links.map((other, i) => (i === link ? { ...other, up, reason } : other));
  if (view.up === up) return;
  record(turn, up ? 'link-up' : 'link-down', `link ${link} is ${up ? 'up' : 'down'}: ${reason}`, { link });
}

/** Another number of links: those that stay keep what they heard. */
export function resizeLinks(turn: Turn, count: number): void {
  turn.s.links = linkViews(count, turn.s.links);
}

export function silenceEvidence(s: State, now: number): Record<string, string | number | boolean> {
  const evidence: Record<string, string | number | boolean> = { silence_ms: Math.round(silenceOf(s, now)) };
  s.links.forEach((view, i) => {
    evidence[`link${i}_silence_ms`] = view.heard_ms === NEVER ? -1 : Math.round(now - view.heard_ms);
    evidence[`link${i}_up`] = view.up;
  });
  if (s.peer !== undefined) {
    evidence.peer_role = s.peer.beat.role;
    evidence.peer_epoch = s.peer.beat.epoch;
  }
  return evidence;
}
