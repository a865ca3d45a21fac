// A bounded number of things at once, and a bounded number of others that wait for their turn, first come, first served.
import { type Attempt, attempt } from './attempt.ts';
import type { ProbeContext, ProbeOutcome } from './probe.ts';

export interface Slots {
  /** Waits no longer than the context's timeout. After an outcome that is ok, give() must follow. */
  take(context: ProbeContext): Promise<ProbeOutcome>;
  give(): void;
}

export function createSlots(busy_max: number, waiting_max: number): Slots {
  const waiting = new Set<Attempt>();
  let busy = 0;
  return {
    take: (context) =>
      attempt(context, (attempt) => {
        attempt.stage('free place among the commands under way');
        if (busy < busy_max) {
          busy++;
          attempt.pass('free');
        } else if (waiting.size >= waiting_max) {
          attempt.fail('too many commands wait for their turn');
        } else {
          waiting.add(attempt);
          attempt.onEnd(() => waiting.delete(attempt));
        }
      }),
    give() {
      const [first] = waiting;
      // The place goes straight to the one that waited longest.
      if (first === undefined) busy--;
      else first.pass('free');
    },
  };
}
