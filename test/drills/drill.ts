// What a drill is: a fault, what must come of it, and how long may be lost by it. The table is catalogue.ts; run.ts carries
// one out, judge.ts judges it.
import type { LabDirector } from '../lab/director.ts';
import type { Lab } from '../lab/lab.ts';
import type { LabObserver } from '../lab/observer/observer.ts';

export interface Timing {
  readonly interval_ms: number;
  readonly deadtime_ms: number;
}

export interface Expectation {
  /** Of the VIPs. moves: the standby has them in the end. any: exactly one has. */
  readonly owner: 'moves' | 'stays' | 'any';
  /** The longest time without a successful new connection. */
  readonly outage_ms: (timing: Timing) => number;
  /** Two owners at once, on the wire; default 0. Infinity where the drill makes them. */
  readonly twoOwners_ms?: (timing: Timing) => number;
  /**
   * Connections may be lost that began after the fault, on a director that could tell its peer of nothing any more, or that
   * were begun with two directors at once. Those from before the fault never may.
   */
  readonly orphans?: true;
  /** What keepalived 2.2.7 with the kernel's sync daemon did. */
  readonly theirs?: string;
}

export interface Drill {
  readonly name: string;
  readonly what: string;
  readonly expects: Expectation;
  /** Why it cannot be carried out here. */
  readonly leftOut?: (lab: Lab) => string | undefined;
  /** Before anything is measured. */
  readonly prepare?: (stage: Stage) => Promise<void>;
  /** Calls `fault` once, waits for what has to come of it, and heals what it broke. */
  readonly run: (stage: Stage) => Promise<void>;
  /** After everything has been measured. */
  readonly after?: (stage: Stage) => Promise<void>;
}

/** How long things last; shorter in the test suite. */
export interface Pace {
  readonly freeze_ms: number;
  /** What is broken stays so for at least that long. */
  readonly broken_ms: number;
  /** Under load before the fault: long enough to know what is usual. */
  readonly steady_ms: number;
  /** Under load after all is well again; a first packet that was lost is sent again after a second. */
  readonly aftermath_ms: number;
}

export const PACE: Pace = { freeze_ms: 10_000, broken_ms: 1_500, steady_ms: 1_000, aftermath_ms: 1_500 };

export interface Stage extends Timing {
  readonly lab: Lab;
  readonly observer: LabObserver;
  readonly pace: Pace;
  /** As they were when the drill began. */
  readonly active: LabDirector;
  readonly standby: LabDirector;
  /** t0: tells what is about to be done. */
  fault(what: string): void;
  /** Goes into the report, with its time. */
  tell(what: string): void;
  /** Under load. */
  rest(duration_ms: number): Promise<void>;
  /** Every VIP is answered for by this director, and by nobody else. */
  ownedBy(director: LabDirector): Promise<void>;
  /** One active, one standby that could take over at once. */
  settled(): Promise<void>;
  /** An order to whoever is active; settles when it is carried out. */
  switchover(): Promise<void>;
}
