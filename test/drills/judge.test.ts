import { describe, expect, it } from 'vitest';
import type { Expectation } from './drill.ts';
import { judge, type Unjudged } from './judge.ts';
import { reportLines, tableLines } from './render.ts';

const TIMING = { interval_ms: 50, deadtime_ms: 250 };
const MOVES: Expectation = { owner: 'moves', outage_ms: () => 300, theirs: '40 ms' };
const none = { of: 100, lost: 0, kinds: {}, stall_ms: 12 };
const SEEN: Unjudged = {
  drill: 'kill-active',
  at: '2026-01-01T00:00:00.000Z',
  settings: { ...TIMING, failback: 'manual', serial: true, connections: 100 },
  active: 'lb1',
  standby: 'lb2',
  owner_after: 'lb2',
  outage_ms: 250,
  outage_at_ms: [5, 260],
  outage_by_service_ms: { 'echo-nat': 251 },
  noise_ms: 4,
  established: none,
  young: none,
  orphans_lost: 0,
  lost_examples: [],
  fresh: { made: 500, failed: 0, kinds: {}, slow: 20, slow_by_service: { 'echo-nat': 20 } },
  udp: { flows: 4, sent: 400, lost: 25, gap_ms: 250 },
  two_owners_ms: 0,
  two_owners_times: 0,
  owners: [
    { vip: '10.0.0.100', owner: 'lb1', from_ms: -1_000, to_ms: 5, answers: 200 },
    { vip: '10.0.0.100', owner: 'lb2', from_ms: 255, to_ms: 2_000, answers: 300 },
  ],
  announcements: 12,
  client_follows: true,
  phases_ms: { announced: 255 },
  story: [{ at_ms: 0, who: 'drill', what: 'lb1 is killed' }],
  client_late_ms: 3,
  late_ms: 4,
};

const complaints = (change: Partial<Unjudged>, expects: Expectation = MOVES, troubles: string[] = []) =>
  judge({ ...SEEN, ...change }, expects, TIMING, troubles).complaints;

describe('the verdict', () => {
  it('is ok when nothing was lost within the limit, with one owner at any time', () => {
    expect(judge(SEEN, MOVES, TIMING, [])).toMatchObject({ ok: true, complaints: [], limit_ms: 300 });
  });

  it('takes off an outage what kept the client itself from running', () => {
    expect(complaints({ outage_ms: 302 })).toEqual([]);
    expect(complaints({ outage_ms: 304 })).toEqual(['outage 304 ms, more than 300 ms']);
    expect(complaints({ outage_ms: Infinity })).toEqual(['outage without end, more than 300 ms']);
  });

  it('names what was lost, and how', () => {
    const lost = { ...none, lost: 2, kinds: { reset: 2 } };
    expect(complaints({ established: lost })).toEqual(['2 of 100 established connections lost (reset 2)']);
    expect(complaints({ young: lost })).toEqual(['2 of 100 young connections lost (reset 2)']);
    expect(complaints({ established: { ...none, of: 0 } })).toEqual(['no established connection']);
    expect(
      complaints({ fresh: { made: 9, failed: 1, kinds: { timeout: 1 }, slow: 0, slow_by_service: {} } }),
    ).toEqual(['1 of 9 new connections failed (timeout 1)']);
  });

  it('allows connections that nobody could be told of only where the fault brings them about', () => {
    expect(complaints({ orphans_lost: 3 })).toHaveLength(1);
    expect(complaints({ orphans_lost: 3 }, { ...MOVES, orphans: true })).toEqual([]);
  });

  it('does not take two owners, however short, unless the drill makes them', () => {
    expect(complaints({ two_owners_ms: 0, two_owners_times: 1 })).toHaveLength(1);
    expect(complaints({ two_owners_ms: 900, two_owners_times: 4 })).toHaveLength(1);
    const both: Expectation = { ...MOVES, twoOwners_ms: () => Infinity };
    expect(complaints({ two_owners_ms: 900, two_owners_times: 4 }, both)).toEqual([]);
  });

  it('knows whether the VIPs moved, stayed, or went astray', () => {
    const stays: Expectation = { owner: 'stays', outage_ms: () => 300 };
    expect(complaints({}, stays)).toEqual(['lb1 did not keep the VIPs throughout']);
    expect(complaints({ owners: SEEN.owners.slice(0, 1), owner_after: 'lb1' })).toEqual([
      'lb2 never had the VIPs',
    ]);
    expect(complaints({ owner_after: 'stranger' }, { ...stays, owner: 'any' })).toEqual([
      'the VIPs belong to stranger in the end',
    ]);
    expect(complaints({ client_follows: false })).toHaveLength(1);
  });

  it('passes on what went wrong on the way', () => {
    expect(complaints({}, MOVES, ['afterwards: no rest'])).toEqual(['afterwards: no rest']);
  });
});

describe('what a person is shown', () => {
  const good = judge(SEEN, MOVES, TIMING, []);
  const bad = judge({ ...SEEN, outage_ms: 900 }, MOVES, TIMING, []);

  it('has verdict, outage beside its limit, losses, owners and the story', () => {
    const text = reportLines(bad).join('\n');
    for (const part of [
      'kill-active: NOT OK',
      'not well      outage 900 ms',
      '(limit 300 ms; keepalived: 40 ms)',
      '0 of 100 lost, longest stall 12 ms',
      '10.0.0.100     lb1 -1000..5, lb2 255..2000',
      'lb1 is killed',
    ])
      expect(text).toContain(part);
  });

  it('sums several runs up by the worst of them', () => {
    const [, row] = tableLines([good, bad]);
    expect(row).toMatch(/^kill-active +2 +900 ms +300 ms +0 of 400 .* 1 NOT OK$/);
    expect(tableLines([good]).at(-1)).toMatch(/ok$/);
  });
});
