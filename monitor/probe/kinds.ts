// Every kind of probe. A new one is a file beside this and a row here (and a line in ProbeSpec).
import type { ProbeTarget } from '../../director/model/monitor.ts';
import { dns } from './dns.ts';
import { createExec } from './exec.ts';
import { expect } from './expect.ts';
import { http } from './http.ts';
import { createPing } from './ping.ts';
import type { Probe, ProbeContext, ProbeKind, ProbeOutcome, SpecOf } from './probe.ts';
import { tcp } from './tcp.ts';

export type ProbeTable = { readonly [Kind in ProbeKind]: Probe<Kind> };

/** Ping's sockets are open until disposal. */
export function createProbes(): ProbeTable & Disposable {
  const ping = createPing();
  return {
    tcp,
    http,
    ping,
    dns,
    expect,
    exec: createExec(),
    [Symbol.dispose]: () => ping[Symbol.dispose](),
  };
}

export function runProbe<Kind extends ProbeKind>(
  probes: ProbeTable,
  target: ProbeTarget,
  spec: SpecOf<Kind>,
  context: ProbeContext,
): Promise<ProbeOutcome> {
  // TypeScript cannot see that the row found by spec.kind takes this spec.
  const probe = probes[spec.kind as Kind] as Probe<Kind>;
  return probe(target, spec, context);
}
