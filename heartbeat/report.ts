// The heartbeat as it tells pulse of itself.
import { describe, type State } from './core/step.ts';
import type { Lateness } from './lateness.ts';
import type { HeartbeatStatus } from './protocol.ts';
import type { Holding } from './takeover/holding.ts';
import type { Wires } from './wires.ts';

export interface HeartbeatParts {
  readonly node: string;
  readonly bootId: number;
  readonly state: State;
  readonly now_ms: number;
  readonly wires: Wires;
  readonly holding: Holding;
  readonly lateness: Lateness;
  readonly priorityMode: string;
}

export function reportStatus(parts: HeartbeatParts): HeartbeatStatus {
  const { now_ms, holding, lateness } = parts;
  const late = lateness.summary();
  const { since_ms, role, because, epoch, hold, health, health_reason, complete, witness, peer } = describe(
    parts.state,
    now_ms,
  );
  return {
    pid: process.pid,
    node: parts.node,
    bootId: parts.bootId,
    since_monotonic_ms: since_ms,
    ...{ role, because, epoch, hold, health, health_reason, complete, peer },
    ...(witness === undefined ? {} : { witness }),
    links: parts.wires.status(now_ms),
    ...holding.status(),
    lateness_p99_ms: late.p99_ms,
    lateness_max_ms: late.max_ms,
    priority_mode: parts.priorityMode,
  };
}
