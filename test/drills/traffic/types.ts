// What the drills' client is told and what it reports. All times are CLOCK_MONOTONIC in milliseconds, so that several
// processes can be held against each other.

export interface TrafficTarget {
  readonly service: string;
  readonly kind: 'echo' | 'udp';
  readonly address: string;
  readonly port: number;
}

export interface TrafficSettings {
  /** established: connections that stay. fresh: new ones at a steady rate, and flows of datagrams. */
  readonly part: 'established' | 'fresh';
  readonly targets: readonly TrafficTarget[];
  /** Established connections, spread over the targets. */
  readonly connections: number;
  /** Between new connections to one target. */
  readonly fresh_every_ms: number;
  /** One of so many new connections, by chance, stays open for a while and goes on talking. */
  readonly lasting_of: number;
  readonly lasting_ms: number;
  readonly flows: number;
  readonly flow_every_ms: number;
  /** A connect or an echo that takes longer has failed; an established connection that is silent longer is lost. */
  readonly timeout_ms: number;
}

export const LOSSES = [
  'refused',
  'reset',
  'closed',
  'timeout',
  'silent',
  'wrong-bytes',
  'unreachable',
  'other',
] as const;
export type LossKind = (typeof LOSSES)[number];
export type Losses = Partial<Record<LossKind, number>>;

export interface Lost {
  readonly service: string;
  readonly kind: LossKind;
  readonly began: number;
  readonly at: number;
  /** How much had gone to and fro when it ended. */
  readonly echoed_bytes: number;
  readonly local_port: number;
}

export interface LastingResult {
  readonly of: number;
  readonly lost: Losses;
  readonly examples: readonly Lost[];
  /** Longest time from a question to its echo. */
  readonly stall_ms: number;
  readonly verified_bytes: number;
}

/** A time without success between two successes. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

export interface FreshService {
  readonly service: string;
  readonly made: number;
  readonly failed: Losses;
  /** Succeeded, but only after SLOW_MS or more: the first packet was lost and sent again. */
  readonly slow: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  /** Longest between successes before the fault, and from then on. */
  readonly before?: Gap;
  readonly after?: Gap;
}

export interface FlowResult {
  readonly flows: number;
  readonly sent: number;
  readonly lost: number;
  readonly wrong: number;
  readonly before?: Gap;
  readonly after?: Gap;
}

export interface FreshResult {
  readonly services: readonly FreshService[];
  /** Over all services. */
  readonly before?: Gap;
  readonly after?: Gap;
  readonly examples: readonly Lost[];
  /** New connections that stayed: those from just before the fault are one packet old when it comes. */
  readonly lasting: LastingResult;
  readonly udp: FlowResult;
}

export type TrafficCommand =
  /** What happened until now is forgotten; what was lost is opened again. */
  | { readonly do: 'begin' }
  /** What happened since; `fault_at` parts before from after. Every connection that stays has to answer once more. */
  | { readonly do: 'end'; readonly id: number; readonly fault_at: number };

export type TrafficLine =
  | { readonly ready: true }
  | { readonly state: TrafficState }
  | { readonly end: number; readonly established: LastingResult; readonly process: ProcessResult }
  | { readonly end: number; readonly fresh: FreshResult; readonly process: ProcessResult };

/** Told several times a second. */
export interface TrafficState {
  readonly open: number;
  readonly wanted: number;
  readonly failures: number;
  readonly successes: number;
  readonly flowing: boolean;
}

export interface ProcessResult {
  /** How late its clock ran at worst: no figure is better than that. */
  readonly late_max_ms: number;
  readonly cpu_percent: number;
}

export const SLOW_MS = 200;
export const EXAMPLES_MAX = 500;
