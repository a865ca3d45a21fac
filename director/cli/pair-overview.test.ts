// What `fairlead status` says of a pair.
import { describe, expect, it } from 'vitest';
import type { Ha } from '../control/ha-schema.ts';
import { pairOverview } from './pair-overview.ts';

const link = {
  kind: 'udp' as const,
  up: true,
  detail: '',
  sent: 9,
  received: 9,
  lost_permille: 0,
  rejected: {},
};
const GOOD: Ha = {
  pair: true,
  node: 'lb1',
  role: 'active',
  because: '',
  heartbeat: {
    running: true,
    restarts: 0,
    pid: 12,
    epoch: 3,
    health: 'good',
    health_reason: 'every service has a server',
    complete: true,
  },
  peer: {
    name: 'lb2',
    heard: true,
    heard_age_ms: 40,
    role: 'standby',
    health: 'good',
    complete: true,
    revision: 5,
  },
  links: [
    { ...link, name: 'udp eth1', heard_age_ms: 40, they_heard_age_ms: 90 },
    { ...link, name: 'serial /dev/ttyS0', kind: 'serial', up: false, detail: 'no such device' },
  ],
  lease: { state: 'held', detail: '', age_ms: 12 },
  sync: { running: true, restarts: 0, state: 'steady', complete: true, lag_p99_ms: 2.4 },
  channel: {
    connected: true,
    because: 'the peer answers',
    listening: true,
    up_to_date: true,
    last_state: 'adopted',
    refused: {},
  },
};

const lines = (changes: Partial<Ha> = {}) =>
  pairOverview({ ...GOOD, ...changes }, false).flatMap(([label, each]) =>
    each.map((text) => `${label}: ${text}`),
  );

describe('the pair at a glance', () => {
  it('is a line or two for each idea', () => {
    expect(lines()).toEqual([
      'heartbeat: pid 12, claim 3, health good (every service has a server), lease held, renewed 12 ms ago',
      'peer: lb2: standby, health good, revision 5, heard 40 ms ago',
      'links: udp eth1           up, heard 40 ms ago, heard there 90 ms ago, 0.0% lost',
      'links: serial /dev/ttyS0  down: no such device',
      'sync: steady, complete, lag 2 ms (p99)',
      'channel: connected (the peer answers)',
    ]);
  });

  it('says what is missing', () => {
    expect(
      lines({
        heartbeat: { running: false, restarts: 3, detail: 'status 1: error: no key' },
        peer: { name: 'lb2', heard: false, heard_age_ms: 61_000 },
        links: [{ ...link, name: 'udp eth1', lost_permille: 15, rejected: { replay: 2, foreign: 1 } }],
        lease: { state: 'unguarded', detail: 'no clsact' },
        sync: { running: false, restarts: 1, complete: false, detail: 'it ended with SIGKILL' },
        channel: { ...GOOD.channel!, connected: false, because: 'connection refused' },
      }),
    ).toEqual([
      'heartbeat: not running: status 1: error: no key',
      'peer: lb2: not heard for 1m01s',
      'links: udp eth1  up, nothing heard, 1.5% lost, 3 rejected',
      'sync: not running: it ended with SIGKILL',
      'channel: not connected: connection refused',
    ]);
  });

  it('is nothing where there is no pair', () => {
    expect(pairOverview(undefined, false)).toEqual([]);
    expect(pairOverview({ ...GOOD, pair: false }, false)).toEqual([]);
  });
});
