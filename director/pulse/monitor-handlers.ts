// Routes about checks and their probes: those of this director, a standby's as well, whatever it goes by.
import crypto from 'node:crypto';
import type { Check } from '../../monitor/protocol.ts';
import type { Handlers } from '../control/backend.ts';
import type { CheckStatus } from '../control/monitor-schema.ts';
import { formatEndpoint } from '../model/address.ts';
import { describeProbe } from '../model/recipe.ts';
import { type Core, findServer } from './core.ts';
import type { HealthBoard } from './health-board.ts';

const ID_CHARS = 12;

export function monitorHandlers(
  core: Pick<Core, 'board' | 'director'>,
): Pick<Handlers, 'monitors' | 'probes'> {
  return {
    monitors: () => ({ checks: [...core.board.checks.values()].map((check) => statusOf(core.board, check)) }),
    probes: ({ params }) => {
      const service = params.service!;
      const { name: server } = findServer(core, service, params.server!);
      const checks = core.board.keys(service, server).flatMap((key) => {
        const check = core.board.checks.get(key);
        if (check === undefined) return [];
        return { ...statusOf(core.board, check), recent: core.board.probes.recent(key) };
      });
      return { service, server, checks };
    },
  };
}

function statusOf(board: HealthBoard, { key, target, monitor }: Check): CheckStatus {
  const own = board.ownVerdict(key);
  const { interval_ms, timeout_ms, rise, fall } = monitor;
  const { last, mean_ms, p99_ms, probes, failures, against } = board.probes.summary(key);
  return {
    id: crypto.createHash('sha256').update(key).digest('hex').slice(0, ID_CHARS),
    servers: board.sharers(key),
    target: formatEndpoint(target.address, target.port),
    kind: monitor.probe.kind,
    what: describeProbe(monitor.probe),
    ...{ interval_ms, timeout_ms, rise, fall },
    health: own?.health ?? 'unknown',
    reason: own?.reason ?? last?.detail ?? 'no verdict yet',
    ...(own === undefined ? {} : { since: own.at }),
    against,
    ...(last === undefined ? {} : { last }),
    ...(mean_ms === undefined ? {} : { latency_mean_ms: mean_ms }),
    ...(p99_ms === undefined ? {} : { latency_p99_ms: p99_ms }),
    ...{ probes, failures },
  };
}
