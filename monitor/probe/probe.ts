// What every probe is: a function from a target and a recipe to an outcome. One file per kind, one row in kinds.ts.
// Guarantees of a probe: it never throws or rejects, ends within timeout_ms, and leaves no socket, child or timer behind.
import type { ProbeSpec, ProbeTarget } from '../../director/model/monitor.ts';

export interface ProbeContext {
  /** For everything together: connecting, TLS, answer. */
  readonly timeout_ms: number;
  /** Aborted when the nanny is dismissed. */
  readonly signal: AbortSignal;
  /** Name of the virtual service, for probes that pass it on. */
  readonly service: string;
}

export interface ProbeOutcome {
  readonly ok: boolean;
  /** One sentence for people. */
  readonly reason: string;
  readonly latency_ms: number;
  /** This director could not ask (out of file descriptors, say): it says nothing about the server and counts for nothing. */
  readonly inconclusive?: true;
}

export type ProbeKind = ProbeSpec['kind'];
export type SpecOf<Kind extends ProbeKind> = Extract<ProbeSpec, { kind: Kind }>;
export type Probe<Kind extends ProbeKind> = (
  target: ProbeTarget,
  spec: SpecOf<Kind>,
  context: ProbeContext,
) => Promise<ProbeOutcome>;
