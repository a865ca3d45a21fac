// Made-up pictures of a pair, for tests of how pages draw every state.
import type { Ha } from '../../../director/control/ha-schema.ts';
import type { Status } from '../../../director/control/schema.ts';
import type { Picture } from '../../../webui/mirror/mirror.ts';

export const NOW = 1_790_000_000_000;

/** A pair at rest: lb1 is active, lb2 stands by. */
export function pairOf(more: Partial<Ha> = {}): Ha {
  return {
    pair: true,
    node: 'lb1',
    role: 'active',
    because: 'lb2 was not heard',
    heartbeat: {
      ...{ running: true, restarts: 0, pid: 7, role: 'active', because: '', since: NOW - 65_000, epoch: 3 },
      ...{ hold: false, health: 'good', health_reason: '', complete: true, announcements: 12, claimants: 0 },
      ...{ lateness_p99_ms: 0.4, lateness_max_ms: 3, priority_mode: 'fifo', priority: 110, interval_ms: 50 },
      ...{ deadtime_ms: 250, initdead_ms: 1_000, failback: 'manual', witnesses: [], fence: false },
    },
    peer: {
      ...{ name: 'lb2', heard: true, heard_age_ms: 12, role: 'standby', health: 'good', hold: false },
      ...{ complete: true, epoch: 3, priority: 100, revision: 4 },
    },
    links: [
      {
        ...{
          name: 'udp eth1',
          kind: 'udp',
          up: true,
          detail: 'open',
          heard_age_ms: 12,
          they_heard_age_ms: 30,
        },
        ...{ sent: 100, received: 99, lost_permille: 1, rejected: {}, peer_address: '10.1.0.12' },
      },
    ],
    lease: { state: 'held', detail: '', age_ms: 8 },
    sync: {
      ...{
        running: true,
        restarts: 0,
        state: 'steady',
        because: '',
        complete: true,
        position: 9,
        acknowledged: 9,
      },
      ...{ lag_p50_ms: 1, lag_p99_ms: 2, lag_max_ms: 3, events_lost: 0, refused: {} },
      digests: { compared: 4, differing: 0, repaired_entries: 0 },
    },
    channel: {
      ...{ connected: true, because: '', listening: true, heard_age_ms: 400, up_to_date: true },
      ...{ last_state: 'same', refused: {} },
    },
    ...more,
  };
}

/** `undefined`: a single director. */
export function pictureOf(ha: Ha | undefined, more: Partial<Status> = {}): Picture {
  const active = ha === undefined || ha.role === 'active';
  const status: Status = {
    ...{ version: '1', node: 'lb1', cluster: 'web', pid: 1, started: NOW - 100_000, now: NOW },
    role: active ? 'active' : 'standby',
    role_because: ha?.because ?? 'it is the only director',
    revision: { number: 4, at: NOW, author: 'ann', comment: '', hash: 'ab' },
    engine: {
      ...{ kind: 'memory', hooks: [], survives_restart: false, tables: [] },
      limits: { services: 1, servers: 1, connections: 1 },
      totals: { in: 0, forwarded: 0, local: 0, dropped: {} },
    },
    virtual_ips: [
      { address: '10.0.0.100/24', interface: 'eth0', role: 'front', state: active ? 'up' : 'absent' },
    ],
    ...(ha === undefined ? {} : { ha }),
    services: [],
    store: { state: 'ok', waiting: 0, dropped: 0 },
    monitor: { pids: [], restarts: 0, checks: 0, probes: 0, failures: 0, lateness_p99_ms: 0 },
    problems: [],
    ...more,
  };
  return { at: NOW, status, services: [] };
}

/** What nobody may ever see as markup. */
export const HOSTILE = `<script>alert(1)</script>" onload='x' \u202e\`&`;
