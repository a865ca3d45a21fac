// The pair as the control API shows it, and what of it is a problem.
import type { Ha } from '../../control/ha-schema.ts';
import type { ProblemNote } from '../../control/schema.ts';
import type { SyncStatus } from '../../sync/protocol.ts';
import type { Core } from '../core.ts';
import type { Pair } from './pair.ts';

export function reportHa(core: Core, pair: Pair | undefined): Ha {
  const self = { node: core.node, role: core.role.name, because: core.role.because };
  if (pair === undefined) return { pair: false, ...self };
  const status = pair.heartbeat.status;
  const channel = pair.link.status();
  return {
    pair: true,
    ...self,
    heartbeat: reportHeartbeat(pair),
    ...(status === undefined
      ? { peer: { name: pair.peer, heard: false } }
      : { peer: status.peer, links: status.links, lease: status.lease }),
    ...(pair.sync === undefined ? {} : { sync: reportSync(pair.sync) }),
    ...(channel === undefined
      ? {}
      : {
          channel: {
            connected: channel.connected,
            because: channel.because,
            listening: channel.listening,
            ...(channel.heard_age_ms === undefined ? {} : { heard_age_ms: channel.heard_age_ms }),
            up_to_date: channel.upToDate,
            last_state: pair.link.lastState,
            refused: channel.refused,
          },
        }),
  };
}

function reportHeartbeat(pair: Pair): NonNullable<Ha['heartbeat']> {
  const { heartbeat } = pair;
  const detail = heartbeat.failure();
  const beginning = {
    running: heartbeat.running(),
    restarts: heartbeat.restarts,
    ...(detail === undefined ? {} : { detail }),
    ...pair.rules,
  };
  const { status } = heartbeat;
  if (status === undefined) return beginning;
  const { pid, role, because, epoch, hold, health, health_reason, complete, witness } = status;
  const { announcements, claimants, lateness_p99_ms, lateness_max_ms, priority_mode } = status;
  return {
    ...beginning,
    ...{ pid, role, because, epoch, hold, health, health_reason, complete },
    since: pair.wallClock(status.since_monotonic_ms),
    ...(witness === undefined ? {} : { witness }),
    ...{ announcements, claimants, lateness_p99_ms, lateness_max_ms, priority_mode },
  };
}

function reportSync(sync: NonNullable<Pair['sync']>): NonNullable<Ha['sync']> {
  const detail = sync.failure();
  const beginning = {
    running: sync.running(),
    restarts: sync.restarts,
    complete: sync.status?.complete ?? false,
    ...(detail === undefined ? {} : { detail }),
  };
  const { status } = sync;
  if (status === undefined) return beginning;
  const { state, because, progress, position, acknowledged, lag_p50_ms, lag_p99_ms, lag_max_ms } = status;
  const { events_lost, sent, digests, cpu_ms } = status;
  const { rejected, ...received } = status.received;
  const { refused, ...applied } = status.applied;
  return {
    ...beginning,
    ...{ state, because, position, acknowledged, lag_p50_ms, lag_p99_ms, lag_max_ms },
    ...(progress === undefined ? {} : { progress }),
    ...{ events_lost, sent, received, applied, digests, cpu_ms },
    refused: { ...rejected, ...refused },
  };
}

export function haProblems(pair: Pair | undefined, now: number): ProblemNote[] {
  if (pair === undefined) return [];
  const problems: ProblemNote[] = [];
  const tell = (subject: string, code: string, detail: string, remedy?: string): void => {
    problems.push({ subject, code, detail, since: now, ...(remedy === undefined ? {} : { remedy }) });
  };
  const { heartbeat, link, sync } = pair;
  const failure = heartbeat.failure();
  if (failure !== undefined)
    tell(
      'heartbeat',
      'heartbeat-away',
      failure,
      'See heartbeat.log in the runtime folder; it is started again by itself.',
    );
  const { status } = heartbeat;
  if (status !== undefined) {
    if (!status.peer.heard)
      tell(
        pair.peer,
        'peer-silent',
        'is not heard on any link',
        `See that fairlead runs on ${pair.peer}, and look at the links.`,
      );
    for (const each of status.links)
      if (!each.up)
        tell(
          `link ${each.name}`,
          'link-down',
          each.detail,
          'Look at the cable, the interface and the device.',
        );
      else if (
        status.peer.heard &&
        (each.heard_age_ms ?? Number.POSITIVE_INFINITY) > SILENT_DEADTIMES * pair.deadtime_ms
      )
        tell(`link ${each.name}`, 'link-silent', `${pair.peer} is heard on other links, but not on this one`);
    if (status.lease.state === 'unguarded')
      tell(
        'lease',
        'lease-unguarded',
        status.lease.detail,
        'A frozen director could still answer for the virtual IPs; see "fairlead doctor".',
      );
  }
  if (link.revisionProblem !== undefined)
    tell('revision', 'revision-refused', link.revisionProblem, 'Apply one that suits both directors.');
  if (sync !== undefined) tellSync(tell, sync.failure(), sync.status, status?.peer.heard ?? false);
  return problems;
}

/** A link that loses a few beats is no problem yet. */
const SILENT_DEADTIMES = 3;

function tellSync(
  tell: (subject: string, code: string, detail: string, remedy?: string) => void,
  failure: string | undefined,
  status: SyncStatus | undefined,
  peerHeard: boolean,
): void {
  if (failure !== undefined)
    tell('sync', 'sync-away', failure, 'It is started again by itself; see the log.');
  else if (status !== undefined && peerHeard && status.state === 'alone')
    tell(
      'sync',
      'sync-alone',
      `connections do not reach the peer: ${status.because}`,
      'See that the sync port (UDP) is open between the directors.',
    );
}
