// The `sync` part: over which interface the pair tells each other connections, orders and revisions. A pair needs not
// write it: the interface of the first udp link will do.
import type { DirectorConfig, EngineConfig, HeartbeatConfig, SyncConfig } from './configuration.ts';
import type { Placed } from './cross-checks.ts';
import { readFields } from './fields.ts';
import type { Findings } from './problem.ts';
import { SYNC } from './schema.ts';
import type { Located, LocatedMap } from './tree.ts';

interface Neighbours {
  readonly root: LocatedMap;
  readonly directors: readonly Placed<DirectorConfig>[];
  readonly heartbeat: HeartbeatConfig | undefined;
  readonly engine: EngineConfig | undefined;
}

const NOTHING: LocatedMap = { kind: 'map', offset: 0, size: 1, entries: new Map() };

export function readSync(
  node: Located | undefined,
  { root, directors, heartbeat, engine }: Neighbours,
  findings: Findings,
): SyncConfig | undefined {
  const place = root.entries.get('sync')?.keyOffset ?? root.entries.get('heartbeat')?.keyOffset ?? 0;
  const { all } = readFields(SYNC, node ?? NOTHING, 'sync', findings);
  if (node !== undefined && all !== undefined && !root.entries.has('heartbeat'))
    findings.problem(place, {
      code: 'sync-without-heartbeat',
      message: 'sync needs the key `heartbeat`: there is no peer to tell',
      remedy: 'remove it, or add a second director and heartbeat',
    });
  if (all === undefined || heartbeat === undefined || directors.length !== 2) return undefined;
  const link = all.link ?? heartbeat.links.find((each) => each.kind === 'udp')?.interface;
  if (link === undefined) {
    findings.warning(place, {
      code: 'no-sync-link',
      message:
        'sync: there is no udp link, so that a takeover loses connections, and orders stay on one director',
      remedy: 'write sync: { link: eth1 }',
    });
    return undefined;
  }
  const connections = engine?.kind === 'ebpf';
  if (engine !== undefined && !connections)
    findings.warning(place, {
      code: 'no-connection-sync',
      message: `sync: the engine ${engine.kind} cannot tell its connections, so that a takeover loses them`,
      remedy: 'use the engine ebpf',
    });
  return { link, port: all.port, connections };
}
