// What a scheduler sees: the members of one service, in the order they were added, and the place where
// the service's rotation stands. Plain values; nothing here knows a server's name or address.

export interface Member {
  /** Effective weight; 0 is never chosen. */
  readonly weight: number;
  readonly active: number;
  readonly inactive: number;
}

/** Where a rotation stands. Kept per service; only the rotating schedulers move it. */
export interface Position {
  readonly index: number;
  readonly current_weight: number;
}

export const START: Position = { index: -1, current_weight: 0 };

/** `index` is undefined, and the position as it was, when no member can take a connection. */
export interface Choice {
  readonly index: number | undefined;
  readonly position: Position;
}

export function greatestWeight(members: readonly Pick<Member, 'weight'>[]): number {
  let greatest = 0;
  for (const member of members) greatest = Math.max(greatest, member.weight);
  return greatest;
}

/** Of the weights above 0; 0 when there is none. */
export function commonDivisor(members: readonly Pick<Member, 'weight'>[]): number {
  let divisor = 0;
  for (let { weight } of members) while (weight > 0) [divisor, weight] = [weight, divisor % weight];
  return divisor;
}
