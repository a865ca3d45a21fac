import { describe, expect, it } from 'vitest';
import type { HeartbeatStatus } from '../../../heartbeat/protocol.ts';
import type { SyncStatus } from '../../sync/protocol.ts';
import { type PreflightFacts, preflight } from './preflight.ts';
import { decideStop } from './stop.ts';

const link = {
  name: 'udp eth1',
  kind: 'udp' as const,
  up: true,
  detail: '',
  heard_age_ms: 40,
  sent: 0,
  received: 0,
  lost_permille: 0,
  rejected: {},
};

function heartbeat(
  peer: Partial<HeartbeatStatus['peer']> = {},
  more: Partial<HeartbeatStatus> = {},
): HeartbeatStatus {
  return {
    pid: 1,
    node: 'lb1',
    bootId: 1,
    role: 'active',
    because: '',
    since_monotonic_ms: 0,
    epoch: 3,
    hold: false,
    health: 'good',
    health_reason: '',
    complete: true,
    peer: {
      name: 'lb2',
      heard: true,
      role: 'standby',
      health: 'good',
      hold: false,
      complete: true,
      revision: 5,
      revisionHash: 99,
      ...peer,
    },
    links: [link, { ...link, name: 'udp eth0', heard_age_ms: 900 }],
    vips: [],
    lease: { state: 'held', detail: '' },
    announcements: 0,
    claimants: 0,
    lateness_p99_ms: 0,
    lateness_max_ms: 0,
    priority_mode: '',
    ...more,
  };
}

const STEADY = {
  state: 'steady',
  because: '',
  complete: true,
  position: 10,
  acknowledged: 9,
  lag_p99_ms: 2.34,
} as SyncStatus;

function facts(more: Partial<PreflightFacts> = {}): PreflightFacts {
  return {
    heartbeat: heartbeat(),
    deadtime_ms: 400,
    revision: { number: 5, hash: 99 },
    sync: STEADY,
    engine: { own: ['www/rs1 weight 1'], peer: ['www/rs1 weight 1'] },
    ...more,
  };
}

const failures = (more: Partial<PreflightFacts>) =>
  preflight(facts(more))
    .filter((check) => !check.ok)
    .map(({ name, skippable }) => `${name}${skippable ? ' (skippable)' : ''}`);

describe('the checks before a switchover', () => {
  it('say what they found, also when all is well', () => {
    expect(preflight(facts()).map(({ name, ok, detail }) => `${ok} ${name}: ${detail}`)).toEqual([
      'true active: lb1 is active',
      'true peer heard: lb2 is heard on 1 of 2 links',
      'true peer health: lb2 is good',
      'true peer hold: free to take over',
      'true peer complete: it knows verdicts and connections',
      'true sync: steady, complete',
      'true sync lag: 2.3 ms (p99), 1 batches under way',
      'true revision: both have 5',
      'true engine: the same 1 servers in both',
    ]);
  });

  it.each<[string, Partial<PreflightFacts>, string[]]>([
    ['no heartbeat', { heartbeat: undefined }, ['heartbeat']],
    ['a standby', { heartbeat: heartbeat({}, { role: 'standby' }) }, ['active']],
    ['no peer', { heartbeat: heartbeat({ heard: false }) }, ['peer heard']],
    ['no link that heard it lately', { deadtime_ms: 10 }, ['peer heard']],
    ['a sick peer', { heartbeat: heartbeat({ health: 'bad' }) }, ['peer health']],
    ['an impaired peer', { heartbeat: heartbeat({ health: 'impaired' }) }, ['peer health (skippable)']],
    ['a peer on hold', { heartbeat: heartbeat({ hold: true }) }, ['peer hold']],
    ['a peer that does not know all', { heartbeat: heartbeat({ complete: false }) }, ['peer complete']],
    ['another revision', { revision: { number: 6, hash: 99 } }, ['revision (skippable)']],
    ['another text', { revision: { number: 5, hash: 98 } }, ['revision (skippable)']],
    ['no sync', { sync: { missing: 'off' } }, ['sync (skippable)']],
    ['a table on its way', { sync: { ...STEADY, complete: false } }, ['sync (skippable)']],
    ['lag', { sync: { ...STEADY, lag_p99_ms: 1_500 } }, ['sync lag (skippable)']],
    ['another engine', { engine: { own: ['a/b'], peer: ['a/c'] } }, ['engine (skippable)']],
    [
      'an engine that cannot be seen',
      { engine: { own: [], peer: { unknown: 'away' } } },
      ['engine (skippable)'],
    ],
  ])('fail for %s', (_, more, expected) => expect(failures(more)).toEqual(expected));
});

describe('an ordered end of the supervisor', () => {
  it.each<[string, HeartbeatStatus | undefined, boolean, 'end' | 'stays']>([
    ['hands over to a healthy peer', heartbeat(), false, 'end'],
    ['hands over to an impaired peer', heartbeat({ health: 'impaired' }), false, 'end'],
    ['leaves the VIPs where nobody is heard', heartbeat({ heard: false }), false, 'stays'],
    ['leaves the VIPs where the peer is sick', heartbeat({ health: 'bad' }), false, 'stays'],
    ['leaves the VIPs where the peer is on hold', heartbeat({ hold: true }), false, 'stays'],
    ['ends a standby’s heartbeat', heartbeat({ role: 'active' }, { role: 'standby' }), false, 'end'],
    ['leaves a lone standby’s heartbeat', heartbeat({ heard: false }, { role: 'standby' }), false, 'stays'],
    ['leaves what it knows nothing of', undefined, false, 'stays'],
    ['ends everything when everything is to be released', heartbeat({ heard: false }), true, 'end'],
  ])('%s', (_, status, release, expected) => expect(decideStop(status, release).heartbeat).toBe(expected));

  it('leaves a heartbeat that is a service of its own, unless that is being stopped too', () => {
    expect(decideStop(heartbeat(), false, false).heartbeat).toBe('stays');
    expect(decideStop(heartbeat(), false, true).heartbeat).toBe('end');
    expect(decideStop(heartbeat({ heard: false }), false, true).heartbeat).toBe('stays');
  });
});
