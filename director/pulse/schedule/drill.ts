// A drill on a pair that serves: the switchover that operators know, with its checks, and everything around it that can be
// measured without sending traffic. How long clients waited cannot, and the report says so.
import type { ScheduledDrill } from '../../config/configuration.ts';
import type { DrillReport } from '../../control/drill-schema.ts';
import type { SwitchoverReply } from '../../control/ha-schema.ts';
import { serviceListSchema, statusSchema } from '../../control/schema.ts';
import { FairleadError } from '../../model/error.ts';
import type { Note } from '../audit-handlers.ts';
import type { Core } from '../core.ts';
import { switchOver } from '../pair/orders.ts';
import type { Pair } from '../pair/pair.ts';
import { reportServices } from '../report.ts';
import { drillReport, type PeerAfter } from './drill-report.ts';

export interface DrillRequest {
  readonly name: string;
  readonly drill: ScheduledDrill;
  readonly author: string;
  readonly note: Note;
}

export type DrillEnd =
  | { readonly kind: 'needless'; readonly detail: string }
  | { readonly kind: 'refused' | 'ended'; readonly report: DrillReport };

export async function carryOutDrill(
  core: Core,
  pair: Pair | undefined,
  request: DrillRequest,
): Promise<DrillEnd> {
  const { name, drill, author, note } = request;
  const reason = drill === 'failback' ? needless(core, pair) : undefined;
  if (reason !== undefined) return { kind: 'needless', detail: reason };
  const before = {
    own: connectionsOf(reportServices(core)),
    peer: await peersConnections(pair),
    lag_ms: pair?.sync?.status?.lag_p99_ms,
  };
  let reply: SwitchoverReply;
  try {
    reply = await switchOver(core, pair, {
      ...{ dryRun: false, force: false, reason: `drill ${name}`, author, note },
    });
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    const facts = { ...request, at: core.clock.now(), before, refusal: error.message };
    return { kind: 'refused', report: drillReport(facts) };
  }
  const after = {
    own: connectionsOf(reportServices(core)),
    peer: await peerAfter(pair),
    role: core.role.name,
  };
  return { kind: 'ended', report: drillReport({ ...request, at: core.clock.now(), before, reply, after }) };
}

/** Who is active already need not be switched to. */
function needless(core: Core, pair: Pair | undefined): string | undefined {
  const { directors } = core.director.configuration;
  const priorityOf = (name: string): number => directors.find((each) => each.name === name)?.priority ?? 0;
  if (pair === undefined || priorityOf(core.node) < priorityOf(pair.peer)) return undefined;
  return `${core.node} is active, and no other has a higher priority`;
}

function connectionsOf(services: readonly { readonly active: number; readonly inactive: number }[]): number {
  return services.reduce((sum, { active, inactive }) => sum + active + inactive, 0);
}

/** Undefined: it does not say. */
async function peersConnections(pair: Pair | undefined): Promise<number | undefined> {
  try {
    const { services } = serviceListSchema.parse(await pair?.link.ask('/api/v1/services'));
    return connectionsOf(services);
  } catch {
    return undefined;
  }
}

async function peerAfter(pair: Pair | undefined): Promise<PeerAfter | undefined> {
  try {
    const { node, role, virtual_ips } = statusSchema.parse(await pair?.link.ask('/api/v1/status'));
    const down = virtual_ips.filter(({ state }) => state !== 'up').map(({ address }) => address);
    return { node, role, connections: await peersConnections(pair), vips: virtual_ips.length, down };
  } catch {
    return undefined;
  }
}
