// What the lab's client is told to do and what it reports: plain data that both ends share.

/** `http`: a new connection per request. `echo`: TCP, held and fresh connections. `udp`: held and fresh flows. */
export interface Target {
  readonly service: string;
  readonly kind: 'http' | 'echo' | 'udp';
  readonly address: string;
  readonly port: number;
  /** New connections (flows) a second. */
  readonly rate: number;
  /** Connections (flows) kept open throughout; only echo and udp. */
  readonly held: number;
  /** Pause between bulk transfers, one way and then the other; 0: none. Only http. */
  readonly bulkEvery_ms: number;
}

export interface ClientSettings {
  /** This client's own addresses: a real server that sees another one was reached through somebody's disguise. */
  readonly own: readonly string[];
  readonly targets: readonly Target[];
  readonly report_ms: number;
  /** A request, a connect, an echo that takes longer has failed. */
  readonly timeout_ms: number;
  readonly bulk_bytes: number;
}

export type FailureKind =
  | 'refused'
  | 'timeout'
  | 'reset'
  | 'closed'
  | 'unreachable'
  | 'corrupt'
  | 'disguised'
  | 'status'
  | 'other';

export type Activity = 'request' | 'fresh' | 'held' | 'bulk';

export interface Failure {
  readonly service: string;
  readonly what: Activity;
  readonly kind: FailureKind;
  /** Wall clock: when the attempt began and when it failed. */
  readonly began: number;
  readonly at: number;
  /** The real server, where it is known. */
  readonly server?: string;
  readonly detail: string;
}

/** What happened to one service since the last report. */
export interface ServiceReport {
  readonly answered: Readonly<Record<string, number>>;
  /** Milliseconds from connect to the whole answer, at most LATENCIES_MAX of them. */
  readonly latencies_ms: readonly number[];
  /** Bytes whose every one was checked. */
  readonly verified_bytes: number;
  readonly bulks: number;
  /** Held connections (flows) that are up now, by real server. */
  readonly held: Readonly<Record<string, number>>;
  /** Longest silence of a held connection that was owed an answer. */
  readonly stall_ms: number;
}

export interface ClientReport {
  readonly at: number;
  readonly services: Readonly<Record<string, ServiceReport>>;
  readonly failures: readonly Failure[];
  /** The longest time between two answers to new connections, whichever service; wall clock. */
  readonly gap?: { readonly from: number; readonly to: number };
  /** Failures that found no room in this report. */
  readonly failuresMore: number;
}

export const LATENCIES_MAX = 500;
export const FAILURES_MAX = 500;

export type ClientCommand =
  /** Starts no new connection; held ones go on. */
  | { readonly do: 'pause' }
  | { readonly do: 'resume' }
  /** One bulk transfer each way to a service now; answered by the line { bulk, failed? }. */
  | { readonly do: 'bulk'; readonly service: string; readonly bytes: number; readonly id: number };

export type ClientLine =
  | { readonly ready: true }
  | { readonly report: ClientReport }
  | { readonly bulk: number; readonly failed?: Failure };
