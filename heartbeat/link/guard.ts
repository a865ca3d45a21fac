// Decides which of the bytes that came in are a beat to act upon, and seals our own. Pure: bytes and times are given.
// Guarantees: bounded memory; every refusal has a reason and is counted.
//
// Nothing that was recorded earlier is accepted again. A frame is acted upon only if it is signed, echoes our boot id,
// which is drawn anew at each start, and is newer than all that was accepted on that link of the sender's boot. So what
// was recorded before we started echoes another boot id; what was recorded since then is either of the confirmed boot,
// and behind its sequence, or of a boot that the peer has given up: those are known by their ids, and the ones beyond
// that memory by what they say: they have heard nothing of us since. What remains to somebody on the wire is to hold a frame back
// and let it go later, as long as nothing newer has passed on that link and at most LAG_MAX newer ones on others.
import type { Beat, Heard } from '../core/types.ts';
import {
  decodeBeat,
  decodeHead,
  encodeFrame,
  type Head,
  LINKS_MAX,
  nameHash,
  signatureOf,
  signedPart,
  type Unreadable,
} from './frame.ts';
import type { Keyring } from './keys.ts';
import { LossWindow } from './loss.ts';
import { ahead } from './serial-number.ts';

/** In the order in which they are looked for. */
export type Rejection =
  | Unreadable
  /** Of another cluster, whose beats reach this link. */
  | 'other-cluster'
  /** Our own frame, heard back. */
  | 'own-frame'
  /** Under our name, but not ours: two directors are configured as one. */
  | 'own-name'
  | 'unknown-director'
  | 'unknown-key'
  | 'bad-signature'
  | 'retired-boot'
  /** Authentic, but does not know our boot: first contact, or recorded earlier. It makes us echo its boot id. */
  | 'unconfirmed'
  /** Accepted on this link before. */
  | 'replayed'
  /** Behind one that was accepted before, as when the network changed their order. */
  | 'late';

export interface GuardOptions {
  readonly cluster: string;
  readonly node: string;
  readonly peer: string;
  /** Not 0, by chance, another one for each Guard. */
  readonly bootId: number;
  readonly links: number;
  /** For the purpose `beat`. */
  readonly keyring: Keyring;
  /** The peer's boot as a predecessor knew it: echoed from the first beat on, so that the peer acts upon that one already. */
  readonly peerBootId?: number;
}

/** What the guard knows of a link; as in the heartbeat's status. */
export interface LinkReport {
  readonly sent: number;
  readonly received: number;
  /** Of the last 1 000 beats that the peer sent here. */
  readonly lost_permille: number;
  readonly rejected: Readonly<Partial<Record<Rejection, number>>>;
  readonly last_sequence?: number;
  readonly heard_age_ms?: number;
  /** The peer's word on what it heard of us here. */
  readonly they_heard_sequence?: number;
  readonly they_heard_age_ms?: number;
  /** Where authentic beats come from. */
  readonly peer_address?: string;
}

/** How far one link may be behind another: a slow serial line, a socket read after the others. */
const LAG_MAX = 32;
/** Late ones that are told from replayed ones. */
const RECENT = 64;
const RETIRED_MAX = 16;

export class Guard {
  readonly #options: GuardOptions;
  readonly #cluster: number;
  readonly #own: number;
  readonly #peer: number;
  #keyring: Keyring;
  #links: Receiver[];
  /** The boot of the peer that echoes ours. */
  #confirmed: Boot | undefined;
  /** A boot that may be a new one of the peer, or a recording: 0, none. It is echoed beside the confirmed one. */
  #candidate = 0;
  readonly #retired: number[] = [];
  /** Of ours, when a retired boot was forgotten: a boot unknown to us must have heard of us since. */
  #floor: number | undefined;
  #sequence = 0;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#cluster = nameHash(options.cluster);
    this.#own = nameHash(options.node);
    this.#peer = nameHash(options.peer);
    this.#keyring = options.keyring;
    this.#candidate = options.peerBootId ?? 0;
    this.#links = Array.from({ length: options.links }, () => new Receiver(0));
  }

  /** The confirmed boot of the peer; 0: none. */
  get peerBootId(): number {
    return this.#confirmed?.bootId ?? 0;
  }

  /**
   * A new Guard would accept again what this one has accepted; so keys and links change under it. Counters begin anew
   * when the number of links is another.
   */
  change(settings: { readonly keyring: Keyring; readonly links: number }): void {
    this.#keyring = settings.keyring;
    const newest = this.#confirmed?.newest ?? 0;
    if (settings.links !== this.#links.length)
      this.#links = Array.from({ length: settings.links }, () => new Receiver(newest));
  }

  /** The beat that these bytes are, its counters unwrapped, or why they are none to act upon. `link` is where they came in. */
  judge(link: number, bytes: Uint8Array, from: string, now_ms: number): Beat | Rejection {
    const receiver = this.#links[link]!;
    const verdict = this.#judge(receiver, bytes, from, now_ms);
    if (typeof verdict === 'string')
      receiver.rejected.set(verdict, (receiver.rejected.get(verdict) ?? 0) + 1);
    return verdict;
  }

  #judge(receiver: Receiver, bytes: Uint8Array, from: string, now_ms: number): Beat | Rejection {
    const head = decodeHead(bytes);
    if (typeof head === 'string') return head;
    const stranger = this.#stranger(head);
    if (stranger !== undefined) return stranger;
    const verification = this.#keyring.verify(signedPart(bytes), head.keyId, signatureOf(bytes));
    if (verification !== 'authentic') return verification;
    const beat = decodeBeat(bytes, this.#options.peer);
    if (beat === undefined) return 'malformed';
    if (this.#retired.includes(beat.bootId)) return 'retired-boot';
    if (head.echo !== this.#options.bootId || !this.#confirm(beat)) {
      if (beat.bootId !== this.peerBootId) this.#candidate = beat.bootId;
      return 'unconfirmed';
    }
    const boot = this.#confirmed!;
    const refusal = boot.refuses(head.link, head.sequence);
    if (refusal === 'late') receiver.acceptLate(head.sequence);
    if (refusal !== undefined) return refusal;
    const accepted = {
      ...beat,
      sequence: unwrapped(beat.sequence, boot.newest),
      heard: beat.heard.map((one) => one && { ...one, sequence: unwrapped(one.sequence, this.#sequence) }),
    };
    receiver.accept(accepted, head.link, from, now_ms);
    return accepted;
  }

  #stranger(head: Head): Rejection | undefined {
    if (head.cluster !== this.#cluster) return 'other-cluster';
    if (head.sender === this.#peer) return undefined;
    if (head.sender !== this.#own) return 'unknown-director';
    return head.bootId === this.#options.bootId ? 'own-frame' : 'own-name';
  }

  /** Of a beat that echoes our boot id: whether its boot is the confirmed one, which it may now have become. */
  #confirm(beat: Beat): boolean {
    const former = this.#confirmed;
    if (former?.bootId === beat.bootId) return true;
    if (this.#floor !== undefined && !beat.heard.some((one) => one && ahead(one.sequence, this.#floor!) > 0))
      return false;
    if (former !== undefined && this.#retired.push(former.bootId) > RETIRED_MAX) {
      this.#retired.shift();
      this.#floor = this.#sequence;
    }
    this.#confirmed = new Boot(beat.bootId, beat.sequence);
    this.#candidate = 0;
    for (const receiver of this.#links) receiver.forget(beat.sequence - 1);
    return true;
  }

  /**
   * Frames of the beat for each link, to be sent in order. Usually one; two when another boot has spoken, which learns
   * from the first that it is heard, while the confirmed one must not miss a beat for that.
   */
  seal(beat: Beat): readonly (readonly Uint8Array[])[] {
    this.#sequence = beat.sequence;
    const echoes = [...new Set([this.#candidate, this.peerBootId])].filter((bootId) => bootId !== 0);
    if (echoes.length === 0) echoes.push(0);
    if (this.#confirmed !== undefined) this.#candidate = 0; // until it speaks again
    // What was heard was heard of the confirmed boot: another must not take it for its own.
    const unheard = { ...beat, heard: beat.heard.map(() => undefined) };
    return this.#links.map((receiver, link) => {
      receiver.sent++;
      return echoes.map((echo) => this.#sealed(echo === this.peerBootId ? beat : unheard, link, echo));
    });
  }

  #sealed(beat: Beat, link: number, echo: number): Uint8Array {
    const { keyId } = this.#keyring;
    const frame = encodeFrame({ cluster: this.#cluster, sender: this.#own, keyId, link, echo }, beat);
    frame.set(this.#keyring.sign(signedPart(frame)), frame.length - signatureOf(frame).length);
    return frame;
  }

  /** For the next beat. */
  heard(now_ms: number): (Heard | undefined)[] {
    return this.#links.map(({ last }) => last && { sequence: last.sequence, age_ms: now_ms - last.at_ms });
  }

  status(now_ms: number): LinkReport[] {
    return this.#links.map((receiver) => receiver.report(this.#confirmed, now_ms));
  }
}

/** A boot of the peer, and how far its beats were accepted on each of its links. */
class Boot {
  readonly bootId: number;
  /** Over all links; goes on beyond 32 bits. */
  newest: number;
  readonly #windows: ({ newest: number; readonly seen: Set<number> } | undefined)[] = new Array(LINKS_MAX);

  constructor(bootId: number, first: number) {
    this.bootId = bootId;
    this.newest = first;
  }

  /** `undefined`: it is newer than all before it on that link, and is so no more. */
  refuses(link: number, sequence: number): 'replayed' | 'late' | undefined {
    const window = this.#windows[link];
    if (window !== undefined) {
      const steps = ahead(sequence, window.newest);
      if (steps <= 0) return this.#lateOrReplayed(window, sequence, -steps);
    }
    const steps = ahead(sequence, this.newest);
    if (steps < -LAG_MAX) return 'late';
    if (steps > 0) this.newest += steps;
    if (window === undefined) this.#windows[link] = { newest: sequence, seen: new Set([sequence]) };
    else {
      window.newest = sequence;
      remember(window.seen, sequence);
    }
    return undefined;
  }

  #lateOrReplayed(window: { readonly seen: Set<number> }, sequence: number, behind: number) {
    if (behind >= RECENT || window.seen.has(sequence)) return 'replayed';
    remember(window.seen, sequence);
    return 'late';
  }
}

/** A counter of 32 bits as one that never wraps, so that others may compare it as a number: the one that is nearest to `near`. */
function unwrapped(counter: number, near: number): number {
  const number = near + ahead(counter, near);
  return number < 0 ? counter : number;
}

/** Sets keep their order: the first is the oldest. */
function remember(seen: Set<number>, sequence: number): void {
  seen.add(sequence);
  if (seen.size > RECENT) for (const oldest of seen.keys()) return void seen.delete(oldest);
}

/** What one of our links has brought. */
class Receiver {
  sent = 0;
  #received = 0;
  readonly rejected = new Map<Rejection, number>();
  last: { readonly sequence: number; readonly at_ms: number } | undefined;
  #theirs: (Heard & { readonly at_ms: number }) | undefined;
  #from: string | undefined;
  #loss = new LossWindow();
  /** Of the beat after which all are expected here, whether or not one has come. */
  #before: number;

  constructor(before: number) {
    this.#before = before;
  }

  accept(beat: Beat, theirLink: number, from: string, now_ms: number): void {
    // Where two links share a network, each beat comes twice.
    const steps = ahead(beat.sequence, this.#before);
    if (steps > 0) {
      this.#loss.arrived(steps);
      this.#before = beat.sequence;
    }
    this.#received++;
    this.last = { sequence: this.#before, at_ms: now_ms };
    const theirs = beat.heard[theirLink];
    this.#theirs = theirs && { ...theirs, at_ms: now_ms };
    this.#from = from;
  }

  acceptLate(sequence: number): void {
    const behind = ahead(this.#before, sequence);
    if (behind > 0) this.#loss.arrivedLate(behind);
  }

  /** Another boot begins: what is known of the one before says nothing about it. */
  forget(before: number): void {
    this.last = undefined;
    this.#theirs = undefined;
    this.#loss = new LossWindow();
    this.#before = before;
  }

  report(boot: Boot | undefined, now_ms: number): LinkReport {
    // The newest of another link may still be on its way here.
    const overdue = boot === undefined ? 0 : Math.max(0, ahead(boot.newest, this.#before) - 1);
    const { last } = this;
    return {
      sent: this.sent,
      received: this.#received,
      lost_permille: this.#loss.lost_permille(overdue),
      rejected: Object.fromEntries(this.rejected),
      ...(last && { last_sequence: last.sequence, heard_age_ms: now_ms - last.at_ms }),
      ...(this.#theirs && {
        they_heard_sequence: this.#theirs.sequence,
        they_heard_age_ms: this.#theirs.age_ms + (now_ms - this.#theirs.at_ms),
      }),
      ...(this.#from !== undefined && { peer_address: this.#from }),
    };
  }
}
