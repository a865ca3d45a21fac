// Least connections, plain and by weight: the schedulers that look at load and remember nothing.
import type { Choice, Member, Position } from './member.ts';

/** An idle connection costs a server something too, but far less (net/netfilter/ipvs/ip_vs_lc.c, ip_vs_wlc.c). */
export function loadOf(member: Member): number {
  return member.active * 256 + member.inactive;
}

export function leastConnection(members: readonly Member[], position: Position): Choice {
  return { index: least(members, (a, b) => loadOf(a) < loadOf(b)), position };
}

/** Compared by cross multiplication: no division, so that every engine decides alike to the last connection. */
export function weightedLeastConnection(members: readonly Member[], position: Position): Choice {
  return { index: least(members, (a, b) => loadOf(a) * b.weight < loadOf(b) * a.weight), position };
}

/** The first of the members that no other one beats. */
function least(members: readonly Member[], beats: (a: Member, b: Member) => boolean): number | undefined {
  let best: number | undefined;
  for (const [index, member] of members.entries()) {
    if (member.weight === 0) continue;
    if (best === undefined || beats(member, members[best]!)) best = index;
  }
  return best;
}
