// Every kind of probe. A new one is a file beside this and a row here (and a line in ProbeSpec).
import type { ProbeTarget } from '../../director/model/monitor.ts';
import { http } from './http.ts';
import type { Probe, ProbeContext, ProbeKind, ProbeOutcome, SpecOf } from './probe.ts';
import { tcp } from './tcp.ts';

export type ProbeTable = { readonly [Kind in ProbeKind]?: Probe<Kind> };

export const PROBES: ProbeTable = { tcp, http };

export function runProbe<Kind extends ProbeKind>(
  probes: ProbeTable,
  target: ProbeTarget,
  spec: SpecOf<Kind>,
  context: ProbeContext,
): Promise<ProbeOutcome> {
  // TypeScript cannot see that the row found by spec.kind takes this spec.
  const probe = probes[spec.kind as Kind] as Probe<Kind> | undefined;
  if (probe === undefined)
    return Promise.resolve({ ok: false, reason: `no probe of kind ${spec.kind}`, latency_ms: 0 });
  return probe(target, spec, context);
}
