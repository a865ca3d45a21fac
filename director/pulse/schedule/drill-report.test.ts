// What is made of a scheduled drill: well, or not and why.
import { expect, it } from 'vitest';
import { drillReportSchema } from '../../control/drill-schema.ts';
import type { SwitchoverReply } from '../../control/ha-schema.ts';
import { type DrillFacts, drillReport } from './drill-report.ts';

const REPLY: SwitchoverReply = {
  ...{ dry_run: false, done: true, from: 'lb1', to: 'lb2', reason: 'done' },
  checks: [{ name: 'sync lag', ok: true, detail: '1.2 ms (p99)', skippable: false }],
  phases_ms: { flush: 3.14, released: 5, 'claim seen': 12 },
};
const PEER = { node: 'lb2', role: 'active', connections: 118, vips: 2, down: [] } as const;
const FACTS: DrillFacts = {
  ...{ name: 'sunday', drill: 'planned-switchover', at: 1 },
  before: { own: 120, peer: 120, lag_ms: 1.25 },
  reply: REPLY,
  after: { own: 119, peer: PEER, role: 'standby' },
};

it('a good one tells what was measured, and what was not', () => {
  const report = drillReportSchema.parse(drillReport(FACTS));
  expect(report).toMatchObject({ ok: true, complaints: [], name: 'planned-switchover', scheduled: 'sunday' });
  expect(report.outage_ms).toBeUndefined();
  expect(report.text.split('\n')).toEqual([
    'planned-switchover, scheduled as sunday: lb1 -> lb2',
    'sync lag before: 1.3 ms (p99)',
    'check sync lag: ok, 1.2 ms (p99)',
    'phase flush: 3.1 ms',
    'phase released: 5 ms',
    'phase claim seen: 12 ms',
    'connections before: 120 on lb1, 120 on lb2',
    'connections after: 119 on lb1, 118 on lb2',
    'virtual IPs up on lb2: 2 of 2',
    'How long clients waited is not measured: a drill on a serving pair sends no traffic of its own.',
  ]);
});

it.each<[string, Partial<DrillFacts>, string]>([
  ['refused', { refusal: 'Not done: sync.' }, 'Not done: sync.'],
  ['not done', { reply: { ...REPLY, done: false } }, 'did not come to its end'],
  ['both active', { after: { own: 1, peer: PEER, role: 'active' } }, 'lb1 takes itself for active still'],
  [
    'none active',
    { after: { own: 1, peer: { ...PEER, role: 'standby' }, role: 'standby' } },
    'lb2 does not take itself for active',
  ],
  ['silence', { after: { own: 1, peer: undefined, role: 'standby' } }, 'lb2 could not be asked afterwards'],
  [
    'a VIP down',
    { after: { own: 1, peer: { ...PEER, down: ['10.0.0.1/24'] }, role: 'standby' } },
    'not up on lb2: 10.0.0.1/24',
  ],
  [
    'lost connections',
    { after: { own: 1, peer: { ...PEER, connections: 50 }, role: 'standby' } },
    'lb2 knows 50 of 120 connections',
  ],
])('%s is not well', (_, more, complaint) => {
  const report = drillReport({ ...FACTS, ...more });
  expect(report.ok).toBe(false);
  expect(report.complaints.join()).toContain(complaint);
  expect(report.text).toContain('NOT WELL');
});
