// Who had which address and when, from what was seen on the wire alone. Pure. A reign is an unbroken run of answers from
// one link address; where reigns of two link addresses overlap, the address had two owners.
import type { Sighting } from './frames.ts';

export interface Reign {
  readonly vip: string;
  readonly mac: string;
  readonly from: number;
  /** The last answer so far. */
  to: number;
  answers: number;
}

export interface Announcement {
  readonly vip: string;
  readonly mac: string;
  readonly at: number;
}

export interface Overlap {
  readonly vip: string;
  readonly macs: readonly [string, string];
  readonly from: number;
  readonly to: number;
}

export interface Ownership {
  readonly reigns: readonly Reign[];
  readonly announcements: readonly Announcement[];
  /** Sightings that found no room. */
  readonly forgotten: number;
}

/** A silence that long ends a reign: its owner was gone, or let go. */
const SILENCE_MS = 150;
const REIGNS_MAX = 20_000;
const ANNOUNCEMENTS_MAX = 20_000;

export class OwnershipBook {
  #reigns: Reign[] = [];
  #announcements: Announcement[] = [];
  #forgotten = 0;
  readonly #open = new Map<string, Reign>();

  /** Returns true when the sighting began a reign. */
  saw({ vip, mac, kind }: Sighting, at: number): boolean {
    if (kind === 'announcement') {
      if (this.#announcements.length < ANNOUNCEMENTS_MAX) this.#announcements.push({ vip, mac, at });
      else this.#forgotten++;
      return false;
    }
    const key = `${vip} ${mac}`;
    const open = this.#open.get(key);
    if (open && at - open.to <= SILENCE_MS) {
      open.to = at;
      open.answers++;
      return false;
    }
    if (this.#reigns.length >= REIGNS_MAX) {
      this.#forgotten++;
      return false;
    }
    const reign: Reign = { vip, mac, from: at, to: at, answers: 1 };
    this.#open.set(key, reign);
    this.#reigns.push(reign);
    return true;
  }

  /** What was seen since a time; reigns that began earlier and went on are among it, cut at their beginning. */
  since(time: number): Ownership {
    const reigns = this.#reigns
      .filter((reign) => reign.to >= time)
      .map((reign) => ({ ...reign, from: Math.max(reign.from, time) }));
    const announcements = this.#announcements.filter(({ at }) => at >= time);
    return { reigns, announcements, forgotten: this.#forgotten };
  }

  /** Forgets what ended before a time. */
  trim(time: number): void {
    this.#reigns = this.#reigns.filter((reign) => reign.to >= time);
    this.#announcements = this.#announcements.filter(({ at }) => at >= time);
    this.#forgotten = 0;
  }
}

/** Every time in which two link addresses answered for one address. */
export function overlapsOf(reigns: readonly Reign[]): Overlap[] {
  const overlaps: Overlap[] = [];
  for (const [index, one] of reigns.entries())
    for (const other of reigns.slice(index + 1)) {
      if (one.vip !== other.vip || one.mac === other.mac) continue;
      const [from, to] = [Math.max(one.from, other.from), Math.min(one.to, other.to)];
      if (to >= from) overlaps.push({ vip: one.vip, macs: [one.mac, other.mac], from, to });
    }
  return overlaps.sort((one, other) => one.from - other.from);
}

/** How long any address had two owners: overlaps of several addresses at one time count once. */
export function twoOwners_ms(overlaps: readonly Overlap[]): number {
  let total = 0;
  let until = -Infinity;
  for (const { from, to } of overlaps) {
    total += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return total;
}

/** The longest time in which nobody answered for an address that somebody answered for before and after. */
export function longestSilence_ms(reigns: readonly Reign[], vip: string): number {
  const own = reigns.filter((reign) => reign.vip === vip).toSorted((one, other) => one.from - other.from);
  let [longest, until] = [0, own[0]?.to ?? 0];
  for (const { from, to } of own) {
    longest = Math.max(longest, from - until);
    until = Math.max(until, to);
  }
  return longest;
}

/** Who answered for an address last. */
export function ownerOf(reigns: readonly Reign[], vip: string): string | undefined {
  return reigns.filter((reign) => reign.vip === vip).toSorted((one, other) => other.to - one.to)[0]?.mac;
}
