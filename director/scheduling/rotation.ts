// Round robin, plain and weighted: the schedulers that go round and remember where they stand.
import { type Choice, commonDivisor, greatestWeight, type Member, type Position } from './member.ts';

/** The first member after the last one, going round, that may take a connection. */
export function roundRobin(members: readonly Member[], position: Position): Choice {
  for (let step = 1; step <= members.length; step++) {
    const index = (position.index + step) % members.length;
    if (members[index]!.weight > 0) return { index, position: { ...position, index } };
  }
  return { index: undefined, position };
}

/**
 * Rounds under a falling bar: every round lowers it by the weights' common divisor and serves each member that
 * reaches it (net/netfilter/ipvs/ip_vs_wrr.c). Weights 4, 3, 2 give A A B A B C A B C.
 */
export function weightedRoundRobin(members: readonly Member[], position: Position): Choice {
  const greatest = greatestWeight(members);
  if (greatest === 0) return { index: undefined, position };
  const divisor = commonDivisor(members);
  let { index, current_weight } = position;
  // The bar never stands above the greatest weight after a wrap, so two rounds always find a member.
  for (let step = 0; step <= 2 * members.length; step++) {
    index = index + 1 >= members.length ? 0 : index + 1;
    if (index === 0) {
      current_weight = Math.min(current_weight - divisor, greatest);
      if (current_weight <= 0) current_weight = greatest;
    }
    const { weight } = members[index]!;
    if (weight > 0 && weight >= current_weight) return { index, position: { index, current_weight } };
  }
  return { index: undefined, position };
}
