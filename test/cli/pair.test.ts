// Two supervisors that follow a heartbeat: who is active, what a standby does with writes, what outlives a supervisor.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RealServer, until } from './support/instance.ts';
import { Site } from './support/pair.ts';

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

/** lb1 active, lb2 standby, each heard by the other. */
async function both(): Promise<void> {
  site.lb1.says({ role: 'active', epoch: 3, peer: { heard: true, ...STANDBY } });
  site.lb2.says({ role: 'standby', epoch: 3, peer: { heard: true, ...STANDBY, role: 'active' } });
  await Promise.all([site.lb1.run(), site.lb2.run()]);
  await Promise.all([site.lb1.connected(), site.lb2.connected()]);
  await until(async () => (await site.lb1.role()) === 'active');
}

it('a standby hands writes on to the active, and takes over its orders, revision and verdicts', async () => {
  await both();
  const drained = await site.lb2.cli('drain', 'www', 'rs1');
  expect(drained).toMatchObject({ status: 0, err: '' });
  const admin = async (side: typeof site.lb1) =>
    (await side.client.call('server', { params: { service: 'www', server: 'rs1' } })).admin;
  expect(await admin(site.lb1)).toBe('draining');
  await until(async () => (await admin(site.lb2)) === 'draining');

  // The active has the record, with the way that the order came; the standby did nothing.
  const audits = async (side: typeof site.lb1) => (await side.client.call('audit')).records;
  expect(await audits(site.lb1)).toMatchObject([
    { action: 'drain', target: 'www/rs1', origin: 'peer lb2: cli', outcome: 'done' },
  ]);
  expect(await audits(site.lb2)).toEqual([]);

  const next = path.join(site.folder, 'next.yaml');
  fs.writeFileSync(next, site.text(server.port, 'rr'));
  expect(await site.lb2.cli('apply', next, '--comment', 'by the standby')).toMatchObject({ status: 0 });
  expect(await site.lb1.client.revision()).toBe(2);
  await until(async () => (await site.lb2.client.revision()) === 2);
  await until(
    async () => (await site.lb2.client.call('service', { params: { service: 'www' } })).scheduler === 'rr',
  );

  const kinds = (await site.lb2.events()).map((event) => event.kind);
  expect(kinds).toEqual(expect.arrayContaining(['orders-adopted', 'revision-adopted', 'peer-connected']));
  expect(kinds).not.toContain('became-active');
  // Its own probes go on, and what it shows is what the active says.
  await until(async () => {
    const { health_reason } = await site.lb2.client.call('server', {
      params: { service: 'www', server: 'rs1' },
    });
    return health_reason.startsWith('by the active: ');
  });
});

it('a standby whose active cannot be reached refuses writes with status 3, and says whom to ask', async () => {
  await both();
  await site.lb1.end('SIGKILL');
  await until(async () => (await site.lb2.ha()).channel?.connected === false);
  const refused = await site.lb2.cli('drain', 'www', 'rs1');
  expect(refused.status).toBe(3);
  expect(refused.err).toMatch(/^error: lb2 stands by, and lb1, .*\nremedy: Run the command on lb1\.\n$/);
  expect((await site.lb2.client.call('audit')).records).toMatchObject([
    { action: 'drain', outcome: 'refused', origin: 'cli', detail: expect.stringMatching(/^not-active: /) },
  ]);
  expect(await site.lb2.cli('switchover')).toMatchObject({ status: 3 });
  expect((await site.lb2.cli('status')).out).toMatch(/director +web\/lb2: standby, the test says so/);
});

it('a heartbeat outlives its supervisor and is adopted by the next one', async () => {
  site.lb1.says({ role: 'active', epoch: 3 });
  await site.lb1.run();
  await until(async () => (await site.lb1.role()) === 'active');
  const pid = await site.lb1.heartbeatPid();
  await site.lb1.end('SIGKILL');
  expect(site.lb1.heartbeats()).toEqual([pid]);
  await site.lb1.run();
  expect(await site.lb1.heartbeatPid()).toBe(pid);
  await until(async () => (await site.lb1.role()) === 'active');
  await until(() => site.lb1.told('settings').length >= 2);
  expect(site.lb1.told('settings').at(-1)?.settings).toMatchObject({
    node: 'lb1',
    peer: 'lb2',
    links: [{ own: '127.0.0.2', peer: '127.0.0.3' }],
    vips: [{ address: '127.0.0.100', probe: false }],
  });
});

it('a heartbeat that dies is started again, and what it is to know is told again', async () => {
  site.lb1.says({ role: 'active', epoch: 3 });
  await site.lb1.run();
  const pid = await site.lb1.heartbeatPid();
  await until(() => site.lb1.told('position').length > 0);
  process.kill(pid, 'SIGKILL');
  await until(async () => {
    const { heartbeat } = await site.lb1.ha();
    return heartbeat?.running === true && heartbeat.pid !== pid;
  });
  expect(site.lb1.heartbeats()).toHaveLength(1);
  expect((await site.lb1.events()).map((event) => event.kind)).toEqual(
    expect.arrayContaining(['heartbeat-lost', 'stand-in-began']),
  );
  const began = (await site.lb1.events()).filter((event) => event.kind === 'stand-in-began');
  for (const { at } of began) expect(Math.abs(Date.now() - at)).toBeLessThan(60_000);
});

it('an ordered end hands over to a peer that is heard, and else leaves the heartbeat running', async () => {
  site.lb1.says({ role: 'active', epoch: 3 });
  await site.lb1.run();
  const pid = await site.lb1.heartbeatPid();
  await until(async () => (await site.lb1.role()) === 'active');
  await site.lb1.end('SIGTERM');
  expect(site.lb1.heartbeats()).toEqual([pid]);
  expect(site.lb1.told('stop')).toEqual([]);

  site.lb1.says({ role: 'active', epoch: 3, peer: { heard: true, ...STANDBY } });
  await site.lb1.run();
  await until(async () => (await site.lb1.ha()).peer?.heard === true);
  await site.lb1.end('SIGTERM');
  expect(site.lb1.told('stop')).toEqual([{ kind: 'stop', release: true }]);
  await until(() => site.lb1.heartbeats().length === 0);
});

it('a switchover is checked first, and refused with every reason', async () => {
  await both();
  const refused = await site.lb1.cli('switchover');
  expect(refused.status).toBe(4);
  expect(refused.out).toMatch(/^ok +peer heard +lb2 is heard on 1 of 1 links$/m);
  expect(refused.out).toMatch(/^failed +sync +connections will be lost/m);
  expect(refused.err).toMatch(/error: Not done: sync: .*; revision: .*\nremedy: .*--force/);
  expect(site.lb1.told('order')).toEqual([]);
  expect((await site.lb1.cli('switchover', '--dry-run', '--force')).status).toBe(0);
  expect(site.lb1.told('order')).toEqual([]);

  const revision = (await site.lb1.client.call('status')).revision;
  const revisionHash = Number.parseInt(revision.hash.slice(0, 8), 16);
  const peer = { heard: true, ...STANDBY, revision: 1, revisionHash };
  site.lb1.says({ role: 'active', epoch: 3, peer });
  await until(async () => (await site.lb1.ha()).peer?.revision === 1);
  await until(async () =>
    (await site.lb1.cli('switchover', '--dry-run', '--force')).out.includes('ok       engine'),
  );
  // Given to the standby, it is the active that does it.
  const done = await site.lb2.cli('switchover', '--force');
  expect(done).toMatchObject({ status: 0, err: '' });
  expect(done.out).toMatch(/^skipped +sync/m);
  expect(done.out).toMatch(/^ok +revision +both have 1$/m);
  expect(done.out).toMatch(/^ +released +1\.0 ms$/m);
  expect(done.out).toMatch(/lb2 is active now: done/);
  const { records } = await site.lb1.client.call('audit', { query: { action: 'switchover' } });
  expect(records).toMatchObject([
    {
      ...{ target: 'lb1 to lb2', origin: 'peer lb2: cli', outcome: 'done' },
      ...{ before: { active: 'lb1' }, after: { active: 'lb2', forced: true } },
    },
  ]);
  await until(async () => (await site.lb1.role()) === 'standby');
});

it('a peer that is on hold, sick or silent is no peer to hand over to, by force neither', async () => {
  site.lb1.says({ role: 'active', peer: { heard: true, ...STANDBY, hold: true, health: 'bad' } });
  await site.lb1.run();
  await until(async () => (await site.lb1.role()) === 'active');
  const refused = await site.lb1.cli('switchover', '--force', '--json');
  expect(refused.status).toBe(4);
  const { checks } = JSON.parse(refused.out) as {
    checks: { name: string; ok: boolean; skippable: boolean }[];
  };
  expect(checks.filter((check) => !check.ok && !check.skippable).map((check) => check.name)).toEqual([
    'peer health',
    'peer hold',
  ]);
  site.lb1.says({ role: 'active', peer: { heard: false } });
  await until(async () => (await site.lb1.ha()).peer?.heard === false);
  expect((await site.lb1.cli('switchover', '--force')).err).toContain(
    'peer heard: lb2 is heard on 0 of 1 links',
  );
  const status = await site.lb1.cli('status');
  expect(status.out).toMatch(/^peer +lb2: never heard$/m);
  expect(status.out).toContain('is not heard on any link');
});

it('hold and release are given to the director that they are for', async () => {
  site.lb2.says({ role: 'standby', peer: { heard: true, role: 'active' } });
  await site.lb2.run();
  expect(await site.lb2.cli('hold')).toMatchObject({ status: 0, err: '' });
  await until(async () => (await site.lb2.ha()).heartbeat?.hold === true);
  expect((await site.lb2.cli('status')).out).toContain('on hold');
  expect((await site.lb2.cli('release', '--json')).out).toContain('"hold": false');
  expect(site.lb2.told('order').map((message) => message.order)).toEqual(['hold', 'release']);
  const { records } = await site.lb2.client.call('audit');
  expect(records.reverse()).toMatchObject([
    { action: 'hold', target: 'lb2', before: { hold: false }, after: { role: 'standby', hold: true } },
    { action: 'release', target: 'lb2', before: { hold: true }, after: { role: 'standby', hold: false } },
  ]);
});

it('a pair that becomes a single director ends its heartbeat', async () => {
  site.lb1.says({ role: 'active', epoch: 3 });
  await site.lb1.run();
  await site.lb1.end('SIGKILL');
  expect(site.lb1.heartbeats()).toHaveLength(1);
  fs.writeFileSync(
    site.config,
    'cluster: web\ndirectors: { lb1: { address: 127.0.0.2 } }\nengine: { kind: memory }\n',
  );
  await site.lb1.run({ paired: false });
  expect(site.lb1.told('stop')).toEqual([{ kind: 'stop', release: true }]);
  expect(site.lb1.heartbeats()).toEqual([]);
  expect(await site.lb1.ha()).toEqual({
    pair: false,
    node: 'lb1',
    role: 'active',
    because: 'it is the only director',
  });
  expect(await site.lb1.cli('hold')).toMatchObject({
    status: 4,
    err: expect.stringContaining('lb1 is the only director: there is no peer.'),
  });
});
