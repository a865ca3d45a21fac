// The operators' orders about the pair: switchover with its checks, hold, release. Each is answered with what was done and
// how long each part took, or refused with every reason.
import type { HaOrderReply, PreflightCheck, SwitchoverReply } from '../../control/ha-schema.ts';
import type { serviceListSchema } from '../../control/schema.ts';
import { EXIT, FairleadError } from '../../model/error.ts';
import { type Note, roleState } from '../audit-handlers.ts';
import type { Core } from '../core.ts';
import { reportServices } from '../report.ts';
import type { Pair } from './pair.ts';
import { preflight } from './preflight.ts';

export interface SwitchoverRequest {
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly author: string;
  readonly note: Note;
}

function insist(core: Core, pair: Pair | undefined): asserts pair is Pair {
  if (pair !== undefined) return;
  throw new FairleadError('no-peer', `${core.node} is the only director: there is no peer.`, {
    remedy: 'Add a second director and heartbeat to the configuration.',
    exit: EXIT.refused,
  });
}

export async function switchOver(
  core: Core,
  pair: Pair | undefined,
  request: SwitchoverRequest,
): Promise<SwitchoverReply> {
  insist(core, pair);
  request.note({ target: `${core.node} to ${pair.peer}`, before: { active: core.node } });
  const checks = await check(core, pair);
  const reply = { dry_run: request.dryRun, from: core.node, to: pair.peer, checks };
  const failed = checks.filter((each) => !each.ok && !(request.force && each.skippable));
  if (request.dryRun)
    return {
      ...reply,
      done: false,
      phases_ms: {},
      reason: failed.length === 0 ? 'it would be done' : tell(failed),
    };
  if (failed.length > 0)
    throw refusal(
      'switchover-refused',
      tell(failed),
      failed.every((each) => each.skippable),
    );
  const phases_ms: Record<string, number> = {};
  core.record('switchover-ordered', 'director', `to ${pair.peer}, by order of ${request.author}`, {
    author: request.author,
    skipped: checks.filter((each) => !each.ok).map((each) => each.name),
  });
  await flush(core, pair, request.force, phases_ms);
  const begun_ms = core.clock.monotonic_ms();
  const result = await pair.heartbeat.order('switchover');
  if (!result.ok) throw refusal('switchover-refused', result.reason, false);
  const { done, ...phases } = result.phases_ms ?? {};
  Object.assign(phases_ms, phases);
  // The heartbeat answers when a beat of the peer says that it is active.
  request.note({ after: { active: pair.peer, forced: checks.some((each) => !each.ok) } });
  phases_ms['claim seen'] = done ?? core.clock.monotonic_ms() - begun_ms;
  return { ...reply, done: true, phases_ms, reason: result.reason };
}

async function flush(
  core: Core,
  pair: Pair,
  force: boolean,
  phases_ms: Record<string, number>,
): Promise<void> {
  if (pair.sync === undefined) return;
  const begun_ms = core.clock.monotonic_ms();
  try {
    const { ok, reason } = await pair.sync.flush();
    if (!ok && !force)
      throw refusal('switchover-refused', `the peer has not acknowledged every connection: ${reason}`, true);
  } catch (error) {
    if (!force || !(error instanceof FairleadError)) throw error;
  }
  phases_ms.flush = core.clock.monotonic_ms() - begun_ms;
}

/** `hold` and `release` are about the director that they are given to. */
export async function orderHa(
  core: Core,
  pair: Pair | undefined,
  order: 'hold' | 'release',
  author: string,
  note: Note,
): Promise<HaOrderReply> {
  insist(core, pair);
  note({ target: core.node, before: roleState(core, pair.heartbeat.status?.hold) });
  core.record(`${order}-ordered`, 'director', `by order of ${author}`, { author });
  const { ok, reason, phases_ms } = await pair.heartbeat.order(order);
  if (!ok) throw refusal('order-refused', reason, false);
  note({ after: roleState(core, order === 'hold') });
  return {
    node: core.node,
    role: core.role.name,
    hold: order === 'hold',
    reason,
    phases_ms: { ...phases_ms },
  };
}

async function check(core: Core, pair: Pair): Promise<PreflightCheck[]> {
  return preflight({
    heartbeat: pair.heartbeat.running() ? pair.heartbeat.status : undefined,
    deadtime_ms: pair.deadtime_ms,
    revision: pair.revision(),
    sync: pair.sync?.status ?? {
      missing:
        pair.sync === undefined
          ? 'connections are not synchronised'
          : (pair.sync.failure() ?? 'sync has said nothing yet'),
    },
    engine: { own: serversOf(reportServices(core)), peer: await peersServers(pair) },
  });
}

type Services = (typeof serviceListSchema)['_output']['services'];

function serversOf(services: Services): string[] {
  return services.flatMap((service) =>
    service.servers
      .filter((server) => server.presence === 'present')
      .map((server) => `${service.name}/${server.name} weight ${server.weight_effective}`),
  );
}

async function peersServers(pair: Pair): Promise<string[] | { readonly unknown: string }> {
  try {
    const answer = (await pair.link.ask('/api/v1/services')) as { readonly services?: Services };
    return serversOf(answer.services ?? []);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { unknown: error.message };
  }
}

function tell(failed: readonly PreflightCheck[]): string {
  return failed.map(({ name, detail }) => `${name}: ${detail}`).join('; ');
}

function refusal(code: string, reason: string, skippable: boolean): FairleadError {
  return new FairleadError(code, `Not done: ${reason}.`, {
    exit: EXIT.refused,
    remedy: skippable
      ? 'Put it right, or go on in spite of it with --force.'
      : 'Put it right first; see "fairlead status".',
  });
}
