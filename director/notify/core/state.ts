// The state of the decision: how it begins, how a step gets one of its own to work on.
import type { ReadonlyState, State, Target, TargetSettings } from './types.ts';

/** `position`: the last event that is none of our business. */
export function createState(position: number, now: number): ReadonlyState {
  return {
    now,
    settings: undefined,
    role: undefined,
    doubted: undefined,
    position,
    ordered_at: 0,
    subjects: new Map(),
    untracked: 0,
    targets: new Map(),
    next: 1,
  };
}

export function createTarget(settings: TargetSettings): Target {
  return {
    settings,
    windows: new Map(),
    last: new Map(),
    told: new Map(),
    made: [],
    held: undefined,
    outbox: [],
    sending: false,
    sent: 0,
    failed: 0,
    dropped: {},
    lost: 0,
    sent_at: undefined,
    failing_since: undefined,
    error: undefined,
  };
}

/** Everything that a step may change in place is new in it. */
export function draftOf(state: ReadonlyState, now: number): State {
  return {
    ...state,
    now,
    subjects: new Map(state.subjects),
    targets: new Map(
      [...state.targets].map(([key, target]) => [
        key,
        {
          ...target,
          windows: new Map(
            [...target.windows].map(([cause, window]) => [
              cause,
              { ...window, marks: new Map(window.marks), occurrences: [...window.occurrences] },
            ]),
          ),
          last: new Map(target.last),
          told: new Map(target.told),
        },
      ]),
    ),
  };
}
