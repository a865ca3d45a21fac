// Which server takes a new connection. Pure functions, the reference that every engine is held against:
// the same members and the same position always give the same choice.
import type { SchedulerName } from '../model/service.ts';
import { leastConnection, weightedLeastConnection } from './least-connection.ts';
import { type Choice, greatestWeight, type Member, type Position } from './member.ts';
import { roundRobin, weightedRoundRobin } from './rotation.ts';

export { loadOf } from './least-connection.ts';
export { type Choice, commonDivisor, greatestWeight, type Member, type Position, START } from './member.ts';

type Scheduler = (members: readonly Member[], position: Position) => Choice;

const BY_NAME: Readonly<Record<SchedulerName, Scheduler>> = {
  rr: roundRobin,
  wrr: weightedRoundRobin,
  lc: leastConnection,
  wlc: weightedLeastConnection,
};

/** The choice and where the rotation stands after it; without a choice the position stays as it was. */
export function choose(name: SchedulerName, members: readonly Member[], position: Position): Choice {
  return BY_NAME[name](members, position);
}

/** The position after members or weights were edited, so that a rotation goes on near where it stood. */
export function clampPosition(position: Position, members: readonly Pick<Member, 'weight'>[]): Position {
  return {
    index: Math.min(position.index, members.length - 1),
    current_weight: Math.min(position.current_weight, greatestWeight(members)),
  };
}
