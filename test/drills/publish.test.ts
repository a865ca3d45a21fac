// What the directors of a lab are told of a drill.
import { expect, it } from 'vitest';
import { drillReportSchema, type DrillReport as Told } from '../../director/control/drill-schema.ts';
import { publish, toldOf } from './publish.ts';
import type { DrillReport } from './report.ts';

const part = { of: 5, lost: 1, kinds: { reset: 1 }, stall_ms: 12 };
const REPORT: DrillReport = {
  drill: 'kill-active',
  at: '2026-01-01T12:00:00.000Z',
  ok: false,
  complaints: ['1 of 5 established connections lost (reset 1)', 'x'.repeat(5_000)],
  settings: { interval_ms: 50, deadtime_ms: 250, failback: 'manual', serial: true, connections: 5 },
  active: 'lb1',
  standby: 'lb2',
  owner_after: 'lb2',
  outage_ms: Infinity,
  outage_by_service_ms: {},
  limit_ms: 300,
  noise_ms: 4,
  established: part,
  young: part,
  orphans_lost: 0,
  lost_examples: [],
  fresh: { made: 1, failed: 0, kinds: {}, slow: 0, slow_by_service: {} },
  udp: { flows: 0, sent: 0, lost: 0, gap_ms: 0 },
  two_owners_ms: 1.5,
  two_owners_times: 1,
  owners: [],
  announcements: 0,
  client_follows: true,
  phases_ms: {},
  story: [],
  client_late_ms: 0,
  late_ms: 0,
};

it('is within the limits of the API, whatever the report is', () => {
  const told = toldOf({ ...REPORT, complaints: Array.from({ length: 100 }, () => REPORT.complaints[1]!) });
  expect(drillReportSchema.parse(JSON.parse(JSON.stringify(told)))).toEqual(told);
  expect(told).toMatchObject({
    ...{ at: Date.UTC(2026, 0, 1, 12), name: 'kill-active', ok: false, limit_ms: 300 },
    ...{ established: 10, lost: 2, two_owners_ms: 1.5 },
  });
  expect(told.outage_ms).toBeUndefined();
  expect(told.text).toContain('kill-active: NOT OK');
});

it('reaches everyone who answers, and names those who do not', async () => {
  const heard: Told[] = [];
  const call = async (_: string, options?: { body?: unknown }): Promise<never> => {
    heard.push(options?.body as Told);
    return { id: 1, stored: true } as never;
  };
  const dead = async (): Promise<never> => {
    throw new Error('it is not running');
  };
  expect(
    await publish(REPORT, [
      { name: 'lb1', control: { call: dead } },
      { name: 'lb2', control: { call } },
    ]),
  ).toEqual(['lb1 was not told: it is not running']);
  expect(heard.map(({ name }) => name)).toEqual(['kill-active']);
});
