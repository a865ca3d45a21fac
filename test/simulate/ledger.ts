// Keeps account of who owns the VIPs on the wire: VIPs up and lease young. Guarantees: exact between happenings, as a lease
// ends by itself; `account` comes before each change of what it depends on.
import type { Side } from './schedule.ts';

export interface Ownership {
  up: boolean;
  lease_ms: number;
  /** The last time it owned. */
  last_ms: number;
}

export class Ledger {
  readonly owners: readonly [Ownership, Ownership] = [
    { up: false, lease_ms: -1, last_ms: -1 },
    { up: false, lease_ms: -1, last_ms: -1 },
  ];
  /** Whether a link works both ways, now, and since when. */
  linkWorks = true;
  linkSince_ms = -1e9;
  /** Whether any link lets anything through, in any direction. */
  oneWayWorks = true;
  readonly #lease_ms: number;
  now = 0;

  constructor(lease_ms: number) {
    this.#lease_ms = lease_ms;
  }

  /** Two owners while a link worked: all together, and the longest stretch. */
  overlap_ms = 0;
  #overlapRun_ms = 0;
  #overlapEnd_ms = -1;
  readonly longestOverlap = { for_ms: 0, at_ms: 0 };
  readonly longestHealing = { for_ms: 0, at_ms: 0 };
  /** Two owners while no link let anything through; and of the time after that, for what was decided or renewed when none did. */
  partedOverlap_ms = 0;
  healingOverlap_ms = 0;
  /** Of the former: while frames passed in one direction, or late, or not all of them. */
  impairedOverlap_ms = 0;
  #healing = false;
  /** Nobody owns since; -1: somebody does. */
  ownerlessSince_ms = 0;
  #ownedOnce = false;
  firstOwned_ms = -1;
  longestGap_ms = 0;
  longestGapAt_ms = 0;
  /** Times without an owner, after the first one. */
  readonly gaps: { readonly from_ms: number; readonly for_ms: number }[] = [];

  owns(side: Side): boolean {
    const owner = this.owners[side];
    return owner.up && this.now < owner.lease_ms;
  }

  account(now: number): void {
    const [a, b] = this.owners;
    const from = this.now;
    if (now <= from) return;
    this.now = now;
    const endA = a.up ? Math.min(now, a.lease_ms) : -1;
    const endB = b.up ? Math.min(now, b.lease_ms) : -1;
    if (endA > from) a.last_ms = endA;
    if (endB > from) b.last_ms = endB;
    const both = Math.min(endA, endB) - from;
    if (both > 0) this.#overlapped(from, both);
    this.#covered(from, Math.max(endA, endB));
  }

  #overlapped(from: number, both: number): void {
    const goesOn = from === this.#overlapEnd_ms;
    this.#overlapEnd_ms = from + both;
    if (!this.linkWorks) {
      if (this.oneWayWorks) this.impairedOverlap_ms += both;
      else this.partedOverlap_ms += both;
      this.#healing = true;
      this.#overlapRun_ms = 0;
      return;
    }
    if (!goesOn) this.#healing = from - this.linkSince_ms < this.#lease_ms;
    this.#overlapRun_ms = goesOn ? this.#overlapRun_ms + both : both;
    if (this.#healing) this.healingOverlap_ms += both;
    else this.overlap_ms += both;
    const longest = this.#healing ? this.longestHealing : this.longestOverlap;
    if (this.#overlapRun_ms <= longest.for_ms) return;
    longest.for_ms = this.#overlapRun_ms;
    longest.at_ms = from + both;
  }

  #covered(from: number, end: number): void {
    if (end > from) {
      if (!this.#ownedOnce) this.firstOwned_ms = from;
      else if (this.ownerlessSince_ms >= 0) this.#noteGap(from);
      this.#ownedOnce = true;
      this.ownerlessSince_ms = end < this.now ? end : -1;
    } else if (this.ownerlessSince_ms < 0) this.ownerlessSince_ms = from;
  }

  #noteGap(now: number): void {
    const gap = now - this.ownerlessSince_ms;
    if (gap <= 0.001) return;
    this.gaps.push({ from_ms: now - gap, for_ms: gap });
    if (gap <= this.longestGap_ms) return;
    this.longestGap_ms = gap;
    this.longestGapAt_ms = now;
  }

  /** The gap that is not over. */
  openGap_ms(): number {
    return this.ownerlessSince_ms < 0 ? 0 : this.now - this.ownerlessSince_ms;
  }
}
