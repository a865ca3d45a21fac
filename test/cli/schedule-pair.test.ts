// The schedule of a pair: the active carries it out, whoever takes over goes on with it and knows what was left to operators;
// drills that the checks refuse move nothing.
import fs from 'node:fs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RealServer, until } from './support/instance.ts';
import { Site } from './support/pair.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });

let server: RealServer;
let site: Site;

beforeEach(async () => {
  server = await RealServer.open();
  site = await Site.open(server.port);
});
afterEach(async () => {
  await site[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const STANDBY = { role: 'standby', health: 'good', hold: false, complete: true } as const;

async function both(schedule: string): Promise<void> {
  fs.writeFileSync(site.config, `${site.text(server.port)}schedule:\n${schedule}`);
  site.lb1.says({ role: 'active', epoch: 3, peer: { heard: true, ...STANDBY } });
  site.lb2.says({ role: 'standby', epoch: 3, peer: { heard: true, ...STANDBY, role: 'active' } });
  await Promise.all([site.lb1.run(), site.lb2.run()]);
  await Promise.all([site.lb1.connected(), site.lb2.connected()]);
  await until(async () => (await site.lb1.role()) === 'active');
}

async function takeOver(): Promise<void> {
  await site.lb1.end('SIGKILL');
  site.lb1.endHeartbeats();
  site.lb2.says({ role: 'active', epoch: 4, peer: { heard: false } });
  await until(async () => (await site.lb2.role()) === 'active');
}

type Side = Site['lb1'];
const adminOf = async (side: Side) =>
  (await side.client.call('server', { params: { service: 'www', server: 'rs1' } })).admin;
const entryOf = async (side: Side, name: string) =>
  (await side.client.call('schedule')).entries.find((each) => each.name === name)!;

/** A window that has just begun. */
function open(): string {
  const begun = new Date(Date.now() - 60_000);
  const at = `${begun.getUTCMinutes()} ${begun.getUTCHours()} * * *`;
  return `  timezone: UTC\n  patches: { maintenance: { at: "${at}", for: 1h, servers: [www/rs1] } }\n`;
}

it('a window goes on over a takeover, with the order as it was', async () => {
  await both(open());
  await until(async () => (await adminOf(site.lb1)) === 'disabled');
  await until(async () => (await adminOf(site.lb2)) === 'disabled');
  await until(async () => (await entryOf(site.lb2, 'patches')).outcome === 'under-way');
  await takeOver();
  await until(async () => (await site.lb2.client.call('schedule')).active);
  expect(await adminOf(site.lb2)).toBe('disabled');
  // Nothing was done anew: the order travelled, and so did the record of it.
  const { records } = await site.lb2.client.call('audit', { query: { who: 'schedule:patches' } });
  expect(records).toEqual([]);
  await site.lb2.cli('enable', 'www', 'rs1');
  await until(async () =>
    (await site.lb2.events()).some(
      ({ kind, reason }) => kind === 'schedule-left' && reason.includes('www/rs1'),
    ),
  );
  expect(await adminOf(site.lb2)).toBe('enabled');
});

it('what an operator has enabled stays so with whoever takes over', async () => {
  await both(open());
  await until(async () => (await adminOf(site.lb1)) === 'disabled');
  await site.lb1.cli('enable', 'www', 'rs1');
  await until(async () => (await site.lb1.events()).some(({ kind }) => kind === 'schedule-left'));
  await until(async () => (await adminOf(site.lb2)) === 'enabled');
  await until(async () => {
    const folder = await site.lb2.client.call('schedule');
    return folder.entries[0]?.outcome === 'under-way';
  });
  // The record comes with the next state, 20 ms after the order at most.
  await site.lb1.cli('weight', 'www', 'rs1', '5');
  await until(
    async () =>
      (await site.lb2.client.call('server', { params: { service: 'www', server: 'rs1' } })).weight_ordered ===
      5,
  );
  await takeOver();
  await until(async () => (await site.lb2.client.call('schedule')).active);
  expect(await adminOf(site.lb2)).toBe('enabled');
  expect((await site.lb2.events()).some(({ kind }) => kind === 'disabled')).toBe(false);
});

it('a drill that the checks refuse moves nothing, and is told with its reasons', async () => {
  await both('  drill: { drill: { at: "*/2 * * * * *", name: planned-switchover } }\n');
  await until(async () => (await site.lb1.events()).some(({ kind }) => kind === 'drill-refused'));
  const [report] = (await site.lb1.client.call('drills', { query: { limit: 1 } })).drills;
  expect(report).toMatchObject({ name: 'planned-switchover', scheduled: 'drill', ok: false });
  expect(report?.complaints.join()).toMatch(/^Not done: .*sync: connections will be lost/);
  expect(report?.text).toContain('planned-switchover, scheduled as drill');
  const refused = (await site.lb1.events()).find(({ kind }) => kind === 'drill-refused');
  expect(refused).toMatchObject({ subject: 'drill', reason: expect.stringContaining('Not done: ') });
  expect(await site.lb1.role()).toBe('active');
  const { records } = await site.lb1.client.call('audit', { query: { action: 'switchover', limit: 1 } });
  expect(records).toMatchObject([{ who: 'schedule:drill', origin: 'schedule', outcome: 'refused' }]);
  expect((await site.lb1.cli('drill', '--list')).out).toContain('NOT OK');
});
