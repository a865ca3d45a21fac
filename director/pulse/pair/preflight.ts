// What is looked at before an active hands over on order: each check with its outcome, and whether an operator may go on
// in spite of it. Pure.
import type { HeartbeatStatus } from '../../../heartbeat/protocol.ts';
import type { PreflightCheck } from '../../control/ha-schema.ts';
import type { SyncStatus } from '../../sync/protocol.ts';

export interface PreflightFacts {
  /** Undefined: the heartbeat is not running. */
  readonly heartbeat: HeartbeatStatus | undefined;
  /** A link counts as one on which the peer is heard if that was so recently. */
  readonly deadtime_ms: number;
  readonly revision: { readonly number: number; readonly hash: number };
  /** Why there is none, if so. */
  readonly sync: SyncStatus | { readonly missing: string };
  /** `service/server` in each engine; undefined: the peer could not be asked. */
  readonly engine: {
    readonly own: readonly string[];
    readonly peer: readonly string[] | { readonly unknown: string };
  };
}

/** A switchover that waits for more than this has lost its point. */
const LAG_MAX_MS = 1_000;

export function preflight(facts: PreflightFacts): PreflightCheck[] {
  const { heartbeat } = facts;
  if (heartbeat === undefined) return [check('heartbeat', false, 'the heartbeat is not running', false)];
  const { peer } = heartbeat;
  const heard = heartbeat.links.filter(
    ({ heard_age_ms }) => heard_age_ms !== undefined && heard_age_ms <= facts.deadtime_ms,
  );
  const links = `heard on ${heard.length} of ${heartbeat.links.length} links`;
  const checks = [
    check('active', heartbeat.role === 'active', `${heartbeat.node} is ${heartbeat.role}`, false),
    check('peer heard', peer.heard && heard.length > 0, `${peer.name} is ${links}`, false),
  ];
  if (!peer.heard) return checks;
  const same = peer.revision === facts.revision.number && peer.revisionHash === facts.revision.hash;
  return [
    ...checks,
    check(
      'peer health',
      peer.health === 'good',
      `${peer.name} is ${peer.health ?? 'of unknown health'}`,
      peer.health === 'impaired',
    ),
    check(
      'peer hold',
      peer.hold !== true,
      peer.hold === true ? `${peer.name} stands by on order` : 'free to take over',
      false,
    ),
    check(
      'peer complete',
      peer.complete === true,
      peer.complete === true
        ? 'it knows verdicts and connections'
        : `${peer.name} does not know everything yet`,
      false,
    ),
    ...checkSync(facts.sync),
    check(
      'revision',
      same,
      same
        ? `both have ${facts.revision.number}`
        : `${peer.name} has revision ${peer.revision ?? 'unknown'}, or another text; here it is ${facts.revision.number}`,
      true,
    ),
    checkEngine(facts.engine),
  ];
}

function checkSync(sync: PreflightFacts['sync']): PreflightCheck[] {
  if ('missing' in sync) return [check('sync', false, `connections will be lost: ${sync.missing}`, true)];
  const waiting = sync.position - sync.acknowledged;
  return [
    check(
      'sync',
      sync.complete,
      sync.complete ? `${sync.state}, complete` : `${sync.state}: ${sync.because}`,
      true,
    ),
    check(
      'sync lag',
      sync.lag_p99_ms <= LAG_MAX_MS,
      `${Math.round(sync.lag_p99_ms * 10) / 10} ms (p99), ${waiting} batches under way`,
      true,
    ),
  ];
}

const NAMED_MAX = 3;

function checkEngine({ own, peer }: PreflightFacts['engine']): PreflightCheck {
  if (!Array.isArray(peer))
    return check(
      'engine',
      false,
      `the peer's engine could not be looked at: ${(peer as { unknown: string }).unknown}`,
      true,
    );
  const [ours, theirs] = [new Set(own), new Set<string>(peer)];
  const differing = [
    ...own.filter((name) => !theirs.has(name)),
    ...(peer as string[]).filter((name) => !ours.has(name)),
  ];
  if (differing.length === 0) return check('engine', true, `the same ${own.length} servers in both`, true);
  const more = differing.length > NAMED_MAX ? ` and ${differing.length - NAMED_MAX} more` : '';
  return check(
    'engine',
    false,
    `only in one of them: ${differing.slice(0, NAMED_MAX).join(', ')}${more}`,
    true,
  );
}

function check(name: string, ok: boolean, detail: string, skippable: boolean): PreflightCheck {
  const remedy = ok ? undefined : REMEDIES[name];
  return { name, ok, detail, skippable: !ok && skippable, ...(remedy === undefined ? {} : { remedy }) };
}

const REMEDIES: Readonly<Record<string, string>> = {
  heartbeat: 'See heartbeat.log in the runtime folder; it is started again by itself.',
  active: 'Give the order to the director that is active.',
  'peer heard': 'See that fairlead runs on the peer, and look at the cables and interfaces of the links.',
  'peer health': 'See "fairlead status" on the peer: which of its services or links are down.',
  'peer hold': 'End it with "fairlead release" on the peer.',
  'peer complete': 'Wait a few seconds: connections and verdicts are on their way to it.',
  sync: 'See that the sync port (UDP) is open between the directors, and wait until the table is complete.',
  'sync lag': 'Wait until the load is lower, or look at the sync link.',
  revision: 'Apply the same configuration on both, or see why the peer has refused it.',
  engine: 'Wait until both agree on their servers, or see "fairlead status" on both.',
};
