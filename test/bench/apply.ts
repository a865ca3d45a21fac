// From a configuration to the packet program's tables: how long a change takes, however little of it is new.
import type { EbpfEngine } from '../../director/engine/ebpf/ebpf-engine.ts';
import { address } from '../../director/model/address.ts';
import type { ServerSpec } from '../../director/model/service.ts';
import { applyPlan } from '../../director/reconcile/apply.ts';
import type { DesiredService } from '../../director/reconcile/desired.ts';
import { plan } from '../../director/reconcile/plan.ts';
import { atMost, formatNumber } from './figures.ts';
import { openBenchEngine } from './flow-table.ts';
import { Samples } from './samples.ts';
import type { Section } from './section.ts';

interface Size {
  readonly services: number;
  readonly servers: number;
  readonly rounds: number;
}

const FULL: Size = { services: 1_000, servers: 20, rounds: 5 };
const QUICK: Size = { services: 100, servers: 5, rounds: 2 };
/** Table sizes do not matter here, and small ones open sooner. */
const CONNECTIONS = 2 ** 14;
/** Each host stands in about two services. */
const HOSTS = 10_000;

const CHANGES = [
  { name: 'everything is new', change: (services: readonly DesiredService[]) => services },
  {
    name: 'one weight changes',
    change: (services) => editFirst(services, (server) => ({ ...server, weight: 2 })),
  },
  { name: 'one server leaves', change: (services) => dropFirst(services) },
  { name: 'nothing changes', change: (services) => services },
] as const satisfies readonly {
  name: string;
  change(services: readonly DesiredService[]): readonly DesiredService[];
}[];

export const APPLY: Section = {
  name: 'apply',
  title: 'from desired services to the packet program’s tables',
  async *run(context) {
    const size = context.quick ? QUICK : FULL;
    context.say(`${size.services} services with ${size.servers} servers each, ${size.rounds} rounds`);
    const taken = CHANGES.map(() => ({ whole: new Samples(), plan: new Samples(), steps: 0 }));
    for (let round = 0; round < size.rounds; round++) {
      using engine = openBenchEngine(CONNECTIONS);
      let desired: readonly DesiredService[] = servicesOf(size);
      for (const [index, { change }] of CHANGES.entries()) {
        await context.turn();
        desired = change(desired);
        const { whole_ms, plan_ms, steps } = carryOut(engine, desired);
        taken[index]!.whole.add(whole_ms);
        taken[index]!.plan.add(plan_ms);
        taken[index]!.steps = steps;
      }
    }
    for (const [index, { whole, plan, steps }] of taken.entries())
      yield {
        name: `${size.services} x ${size.servers}: ${CHANGES[index]!.name}`,
        value: whole.median,
        unit: 'ms',
        detail: `${formatNumber(steps)} steps, snapshot and plan ${formatNumber(plan.median)} ms of it, ${formatNumber(whole.min)} to ${formatNumber(whole.max)}`,
        ...(index === 0 ? { target: atMost(1_000) } : {}),
      };
  },
};

function carryOut(engine: EbpfEngine, desired: readonly DesiredService[]) {
  const began_ms = performance.now();
  const steps = plan(desired, engine.snapshot());
  const planned_ms = performance.now();
  const report = applyPlan(engine, steps);
  const ended_ms = performance.now();
  const failed = report.services.find((outcome) => !outcome.ok);
  if (failed && !failed.ok) throw new Error(`${failed.service}: ${failed.code}: ${failed.detail}`);
  return { whole_ms: ended_ms - began_ms, plan_ms: planned_ms - began_ms, steps: steps.length };
}

function servicesOf({ services, servers }: Size): DesiredService[] {
  return Array.from({ length: services }, (_, index): DesiredService => {
    const virtual = address(`192.0.${2 + (index >> 8)}.${index & 255}`);
    return {
      spec: {
        name: `service-${index}`,
        listen: { protocol: 'tcp', address: virtual, port: 443 },
        scheduler: 'wlc',
        ...(index % 4 === 0 ? { persistence: { timeout_s: 360, netmask_bits: 32 } } : {}),
      },
      removal: 'reset',
      servers: Array.from({ length: servers }, (_, server) => {
        const host = (index * servers + server) % HOSTS;
        const at = address(`10.1.${host >> 8}.${host & 255}`);
        return {
          spec: { name: `rs${server}`, address: at, port: 8443, method: 'nat', weight: 1 },
          shownWeight: 1,
        };
      }),
    };
  });
}

function editFirst(
  services: readonly DesiredService[],
  edit: (server: ServerSpec) => ServerSpec,
): readonly DesiredService[] {
  const [service, ...rest] = services;
  const [server, ...others] = service!.servers;
  return [{ ...service!, servers: [{ ...server!, spec: edit(server!.spec) }, ...others] }, ...rest];
}

function dropFirst(services: readonly DesiredService[]): readonly DesiredService[] {
  const [service, ...rest] = services;
  return [{ ...service!, servers: service!.servers.slice(1) }, ...rest];
}
