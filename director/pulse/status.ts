// The director at a glance, for `fairlead status` and the console's first page.
import type { ProblemNote, Status } from '../control/schema.ts';
import type { Core } from './core.ts';
import { haProblems, reportHa } from './pair/ha-report.ts';
import type { Pair } from './pair/pair.ts';
import { reportServices } from './report.ts';

/** A table fuller than this is a problem worth telling. */
const NEARLY_FULL = 0.9;

export function reportStatus(core: Core, pair: Pair | undefined): Status {
  const services = reportServices(core).map(({ servers: _servers, ...service }) => service);
  return { ...reportDirector(core, pair), services };
}

/** All but the services. */
export function reportDirector(core: Core, pair: Pair | undefined): Omit<Status, 'services'> {
  const { director, opened, store, revision } = core;
  const capabilities = opened.engine.capabilities();
  const snapshot = director.observer.snapshot();
  const { text: _, ...summary } = revision;
  const { detail, ...storeStatus } = store.status();
  const { pids, restarts, checks, probes, failures, lateness_p99_ms } = core.monitors.stats();
  return {
    version: core.version,
    node: core.node,
    cluster: director.configuration.cluster,
    pid: process.pid,
    started: core.started,
    now: core.clock.now(),
    role: core.role.name,
    role_because: core.role.because,
    revision: summary,
    engine: {
      kind: capabilities.kind,
      hooks: [...capabilities.hooks],
      survives_restart: capabilities.survivesRestart,
      limits: capabilities.limits,
      tables: [...snapshot.tables],
      totals: snapshot.totals,
    },
    virtual_ips: [...core.virtualIps.status()],
    ...(pair === undefined ? {} : { ha: reportHa(core, pair) }),
    store: { ...storeStatus, ...(detail === undefined ? {} : { detail }) },
    monitor: { pids: [...pids], restarts, checks, probes, failures, lateness_p99_ms },
    problems: reportProblems(core, pair, snapshot.tables),
  };
}

function reportProblems(
  core: Core,
  pair: Pair | undefined,
  tables: readonly { name: string; used: number; limit: number }[],
): ProblemNote[] {
  const now = core.clock.now();
  const refused = core.director.failures.all().map((failure) => ({
    subject: failure.service,
    code: failure.code,
    detail: `the engine refuses its steps (${failure.attempts} attempts): ${failure.detail}`,
    since: failure.since,
    next_attempt: now + Math.max(0, failure.nextAttempt_ms - core.clock.monotonic_ms()),
  }));
  const problems: ProblemNote[] = [...refused, ...haProblems(pair, now), ...core.notify.problems(now)];
  const store = core.store.status();
  if (store.state !== 'ok')
    problems.push({
      subject: 'store',
      code: `store-${store.state}`,
      detail:
        store.state === 'memory'
          ? `events and revisions are kept in memory only: ${store.detail ?? ''}`
          : `the disk refuses: ${store.detail ?? ''}; ${store.waiting} writes wait`,
      remedy:
        store.state === 'memory'
          ? 'Make the state folder writable, then restart fairlead; packets go on meanwhile.'
          : 'Free some space; what waits is then written by itself.',
      since: core.started,
    });
  const { trouble } = core.history;
  if (trouble !== undefined)
    problems.push({
      subject: 'history',
      code: `history-${trouble.state}`,
      detail:
        trouble.state === 'memory'
          ? `what is sampled is kept in memory only: ${trouble.detail}`
          : `what is sampled is not kept: ${trouble.detail}`,
      remedy: 'Free some space, or make the state folder writable; see "fairlead history".',
      since: core.started,
    });
  for (const [name, { reason, since }] of core.hooks.missing)
    problems.push({
      subject: name,
      code: 'hook-missing',
      detail: `the packet program is not there, no packet is forwarded: ${reason}`,
      remedy: 'Bring the interface back; the program follows within a second. Or switch over meanwhile.',
      since,
    });
  for (const vip of core.virtualIps.status())
    if (vip.state === 'failed')
      problems.push({
        subject: vip.address,
        code: 'vip-failed',
        detail: vip.detail ?? 'the address cannot be raised',
        since: core.started,
      });
  for (const { name, used, limit } of tables)
    if (used > limit * NEARLY_FULL)
      problems.push({
        subject: `table ${name}`,
        code: 'table-nearly-full',
        detail: `${used} of ${limit} entries are in use`,
        remedy: 'Raise engine.connections, or lower the timeouts.',
        since: now,
      });
  return problems;
}
