// The audit, filtered events, drills' reports and diagnostics of a director that really runs, as people and the console
// ask for them.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditRecord, AuditVerify } from '../../director/control/audit-schema.ts';
import { openControlClient } from '../../director/control/client.ts';
import type { ApiEvent, Diagnostics } from '../../director/control/schema.ts';
import { configurationText, Instance, start, until } from './support/instance.ts';

const SECRET = 'hunter2-of-this-test';
const TEXT = configurationText({
  servers: { rs1: 1, rs2: 2 },
  extra: `  redis:
    listen: tcp://127.0.0.100:6379
    scheduler: rr
    method: nat
    monitor: { expect: { send: "AUTH ${SECRET}\\r\\n", match: OK }, interval: 10s, timeout: 1s }
    servers: { rs3: { address: 127.0.0.1:3 } }
`,
});

let instance: Instance;

beforeAll(async () => {
  instance = new Instance(TEXT);
  await instance.run();
});
afterAll(async () => {
  await instance?.[Symbol.asyncDispose]();
});

async function records(...args: string[]): Promise<AuditRecord[]> {
  return (await instance.json<{ records: AuditRecord[] }>('audit', ...args)).records;
}

describe('the audit', () => {
  it('has every order with who, from where, and the state before and after', async () => {
    await instance.cli('drain', 'www', 'rs1');
    await instance.cli('weight', 'www', 'rs1', '7');
    await instance.cli('enable', 'www', 'rs1');
    await instance.cli('weight', 'www', 'rs1', 'default');
    await instance.cli('disable', 'www', 'rs1', '--if-revision', '99');
    expect((await instance.cli('drain', 'www', 'rs9')).status).toBe(2);
    const found = (await records()).reverse();
    expect(
      found.map(({ action, target, before, after, outcome }) => ({ action, target, before, after, outcome })),
    ).toEqual([
      {
        action: 'drain',
        target: 'www/rs1',
        before: { admin: 'enabled' },
        after: { admin: 'draining' },
        outcome: 'done',
      },
      {
        action: 'weight',
        target: 'www/rs1',
        before: { admin: 'draining' },
        after: { admin: 'draining', weight_ordered: 7 },
        outcome: 'done',
      },
      {
        action: 'enable',
        target: 'www/rs1',
        before: { admin: 'draining', weight_ordered: 7 },
        after: { admin: 'enabled', weight_ordered: 7 },
        outcome: 'done',
      },
      {
        action: 'weight',
        target: 'www/rs1',
        before: { admin: 'enabled', weight_ordered: 7 },
        after: { admin: 'enabled' },
        outcome: 'done',
      },
      { action: 'disable', target: 'www/rs1', outcome: 'refused' },
      { action: 'drain', target: 'www/rs9', outcome: 'refused' },
    ]);
    expect(new Set(found.map(({ origin }) => origin))).toEqual(new Set(['cli']));
    expect(found[4]!.detail).toMatch(/^stale: /);
    expect(found[5]!.detail).toMatch(/^unknown-server: /);
    const { out } = await instance.cli('audit', '--limit', '2', '--action', 'weight');
    expect(out).toMatch(/done +weight +www\/rs1 +\S+ \(cli\) +\{"admin":"draining"\} -> /);
    expect(out.trim().split('\n')).toHaveLength(2);
    expect(await records('--who', 'nobody-of-that-name')).toEqual([]);
    expect(await records('--grep', 'UNKNOWN-server')).toHaveLength(1);
  });

  it('has configurations by number and hash, with what changed, and no rehearsal', async () => {
    const file = instance.file('next.yaml', TEXT.replace('scheduler: wlc', 'scheduler: wrr'));
    await instance.cli('apply', file, '--dry-run');
    await instance.cli('apply', file, '--comment', 'as wrr');
    await instance.cli('rollback');
    await instance.cli('rollback', '77');
    const bad = instance.file('bad.yaml', TEXT.replace('scheduler: wlc', 'scheduler: no'));
    await instance.client.call('apply', { body: fs.readFileSync(bad, 'utf8'), ifMatch: '*' }).catch(() => {});
    const found = (await records('--limit', '4')).reverse();
    expect(found).toMatchObject([
      {
        ...{ action: 'apply', target: 'revision 2', outcome: 'done' },
        before: { revision: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
        after: { revision: 2, comment: 'as wrr', changes: ['~ services.www.scheduler: wlc -> wrr'] },
      },
      { action: 'rollback', target: 'revision 3', before: { revision: 2 }, after: { revision: 3 } },
      { action: 'rollback', target: 'revision 77', outcome: 'refused' },
      { action: 'apply', target: 'configuration', outcome: 'refused', who: 'test', origin: 'test' },
    ]);
  });

  it('records probes and refused orders of the pair', async () => {
    await instance.client.call('probe', { body: { service: 'www' } });
    expect((await instance.cli('hold')).status).toBe(4);
    expect((await records('--limit', '2')).reverse()).toMatchObject([
      { action: 'probe', target: 'www', after: { probed: 2 } },
      { action: 'hold', outcome: 'refused', detail: expect.stringMatching(/^no-peer: /) },
    ]);
  });

  it('is for admins, and nobody is let in by a role of no name', async () => {
    const viewer = openControlClient(instance.socket, { author: 'eve', origin: 'console', role: 'operator' });
    await expect(viewer.call('audit')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(viewer.call('auditVerify')).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('outlives a crash, verifies, and says where it was tampered with', async () => {
    const before = await records();
    await instance.end('SIGKILL');
    await instance.run();
    expect(await records()).toEqual(before);
    const verified = await instance.cli('audit', '--verify');
    expect(verified).toMatchObject({ status: 0 });
    expect(verified.out).toMatch(
      /^ok: \d+ records, unbroken .*\nlast good hash, of record \d+: [0-9a-f]{64}\n$/,
    );
    await instance.end('SIGTERM');
    const { default: Sqlite } = await import('better-sqlite3');
    const database = new Sqlite(path.join(instance.state, 'store.sqlite'));
    database.exec("UPDATE audit SET who = 'somebody else' WHERE id = 3");
    database.close();
    await instance.run();
    const broken = await instance.cli('audit', '--verify', '--json');
    expect(broken.status).toBe(1);
    expect(JSON.parse(broken.out) as AuditVerify).toMatchObject({ ok: false, broken_at: 3, checked: 2 });
    expect((await instance.cli('audit', '--verify')).out).toMatch(/^BROKEN at record 3: /);
  });
});

describe('filtered events', () => {
  const events = async (...args: string[]): Promise<ApiEvent[]> =>
    (await instance.json<{ events: ApiEvent[] }>('events', '--limit', '1000', ...args)).events;

  it('are told by kind, subject, text and time', async () => {
    const all = await events();
    expect(await events('--kind', 'started,stopped')).toEqual(
      all.filter(({ kind }) => kind === 'started' || kind === 'stopped'),
    );
    expect(await events('--subject', 'www')).toEqual(all.filter(({ subject }) => /^www(\/|$)/.test(subject)));
    expect(await events('--subject', 'ww')).toEqual([]);
    expect(await events('--grep', 'BY ORDER of')).toEqual(
      all.filter(({ reason }) => reason.includes('by order of')),
    );
    expect(await events('--grep', '%')).toEqual([]);
    expect(await events('--from', '1h')).toEqual(all);
    expect(await events('--to', '1h')).toEqual([]);
    expect((await instance.cli('events', '--from', 'soon')).status).toBe(2);
    const { events: page } = await instance.client.call('events', {
      query: { before: all[2]!.id, limit: 2 },
    });
    expect(page).toEqual(all.slice(0, 2));
  });

  it('are followed by the same rules', async () => {
    const follower = start([
      'events',
      '-f',
      '--json',
      '--kind',
      'weight-ordered',
      '--runtime',
      instance.runtime,
    ]);
    const seen = () =>
      follower
        .out()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as ApiEvent);
    const before = (await events('--kind', 'weight-ordered')).length;
    await until(() => seen().length === before);
    await instance.cli('disable', 'www', 'rs2');
    await instance.cli('weight', 'www', 'rs2', '9');
    await until(() => seen().length > before);
    expect(new Set(seen().map(({ kind }) => kind))).toEqual(new Set(['weight-ordered']));
    expect(seen().at(-1)?.reason).toContain('weight 9');
    follower.child.kill('SIGTERM');
    await follower.ended;
    const both = await instance.cli('events', '--follow', '--to', '1h');
    expect(both.status).toBe(2);
  });
});

describe('reports of drills', () => {
  const report = {
    at: 5,
    name: 'kill-active',
    ok: true,
    outage_ms: 97.4,
    complaints: [],
    established: 10,
    lost: 0,
  };

  it('are kept, listed, and told as an event and in the audit', async () => {
    expect((await instance.cli('drill', '--list', '--socket', instance.socket)).out).toContain(
      'knows of no drill',
    );
    expect(await instance.client.call('drillRecord', { body: report })).toEqual({ id: 1, stored: true });
    const worse = { ...report, ok: false, complaints: ['2 of 10 lost \x1b[2J'], lost: 2, text: 'all of it' };
    await instance.client.call('drillRecord', { body: worse });
    const { drills } = await instance.client.call('drills');
    expect(drills).toEqual([
      { id: 2, ...worse },
      { id: 1, ...report, text: '' },
    ]);
    const { out, status } = await instance.cli('drill', '--list', '--socket', instance.socket);
    expect(status).toBe(0);
    expect(out).toMatch(
      /kill-active +ok +97 ms +0 of 10\n.*kill-active +NOT OK +97 ms +2 of 10 +2 of 10 lost\n$/,
    );
    expect(await records('--limit', '1')).toMatchObject([
      { action: 'drillRecord', target: 'drill kill-active', after: { id: 2, ok: false } },
    ]);
    await instance.end('SIGKILL');
    await instance.run();
    expect(
      (await instance.client.call('drills', { query: { limit: 1 } })).drills.map(({ id }) => id),
    ).toEqual([2]);
  });

  it.each([
    ['without a name', { ...report, name: '' }],
    ['with endless text', { ...report, text: 'x'.repeat(70_000) }],
    ['with too many complaints', { ...report, complaints: Array.from({ length: 65 }, () => 'x') }],
    ['that is none', { nonsense: true } as unknown as typeof report],
  ])('one %s is refused', async (_, body) => {
    await expect(instance.client.call('drillRecord', { body })).rejects.toMatchObject({
      code: 'bad-request',
    });
  });
});

describe('diagnostics', () => {
  it('are one file for its owner, with everything but secrets', async () => {
    const file = path.join(instance.folder, 'report.json');
    const done = await instance.cli('diagnostics', '--output', file);
    expect(done).toMatchObject({ status: 0, err: '' });
    expect(done.out).toMatch(/holds, without secrets:\n {2}status\.json +\d+ bytes\n/);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    const text = fs.readFileSync(file, 'utf8');
    expect(text).not.toContain(SECRET);
    const { node, texts } = JSON.parse(text) as Diagnostics;
    expect(node).toBe('lb1');
    expect(Object.keys(texts).sort()).toEqual(
      [
        ...['audit.jsonl', 'configuration.yaml', 'doctor.txt', 'events.jsonl', 'ha.json', 'interfaces.txt'],
        ...['machine.json', 'routes.txt', 'services.json', 'status.json', 'tables.json', 'versions.json'],
      ].sort(),
    );
    expect(JSON.parse(texts['status.json']!)).toMatchObject({ node: 'lb1', pid: instance.pid });
    expect(JSON.parse(texts['machine.json']!)).toMatchObject({ process: { pid: instance.pid } });
    expect(JSON.parse(texts['versions.json']!)).toMatchObject({
      fairlead: expect.stringMatching(/^\d/),
      packages: { 'better-sqlite3': expect.stringMatching(/^\d/) },
    });
    expect(texts['configuration.yaml']).toContain('scheduler: rr');
    expect(texts['configuration.yaml']).toContain('(redacted)');
    expect(texts['doctor.txt']).toMatch(/^(ok|warn|fail) /);
    expect(texts['interfaces.txt']).toMatch(/lo/);
    expect(texts['audit.jsonl']).toContain('"action":"drain"');
    for (const each of Object.values(texts)) expect(Buffer.byteLength(each)).toBeLessThanOrEqual(256 << 10);
  });

  it('never write over a file', async () => {
    const file = instance.file('mine.json', 'mine');
    const { status, err } = await instance.cli('diagnostics', '--output', file);
    expect(status).toBe(2);
    expect(err).toContain('remedy: Remove it, or give another name');
    expect(fs.readFileSync(file, 'utf8')).toBe('mine');
  });
});
