// Events, audit and the pair's page over the real console, in front of a single director.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConsoleSite, type Visitor } from './support/site.ts';
import { openStream } from './support/stream.ts';

let site: ConsoleSite;
let visitor: Visitor;
let ca: Buffer;

/** Programs start on a machine that does other things too. */
const PATIENCE_MS = 60_000;
const PATIENT = { timeout: 25_000, interval: 50 };

beforeAll(async () => {
  site = await ConsoleSite.open();
  visitor = await site.visitor();
  ca = fs.readFileSync(path.join(site.certificates, 'self-signed.crt'));
}, PATIENCE_MS);
afterAll(() => site[Symbol.asyncDispose]());

const client = () => site.instance.client;
const order = (weight: number): Promise<unknown> =>
  client().call('weight', { params: { service: 'www', server: 'rs1' }, body: { weight }, ifMatch: '*' });
const newest = async (): Promise<number> =>
  (await client().call('events', { query: { limit: 1 } })).events.at(-1)?.id ?? 0;

describe('events', () => {
  it('are listed newest first, each with its own page, its evidence and what was around it', async () => {
    await order(3);
    const id = await newest();
    const { text } = await visitor.get('/events');
    expect(text.indexOf(`id="event-${id}"`)).toBeLessThan(text.indexOf('id="event-1"'));
    expect(text).toContain('href="/services/www/servers/rs1"');
    const one = await visitor.get(`/events/${id}`);
    expect(one.status).toBe(200);
    expect(one.text).toMatch(/weight 3, by order of test[\s\S]*<th scope="row">author<\/th>/);
    expect((await visitor.get('/events/999999')).status).toBe(404);
    expect((await visitor.get('/events/nonsense')).status).toBe(404);
  });

  it('can be kept as CSV and JSON', async () => {
    const table = await visitor.get('/events.csv');
    expect(table.headers['content-type']).toContain('text/csv');
    expect(table.headers['content-disposition']).toMatch(
      /attachment; filename="events-lb1-\d{4}-\d\d-\d\d.csv"/,
    );
    expect(table.text).toMatch(/^id,at,kind,subject,reason,evidence\r\n/);
    const { events } = JSON.parse((await visitor.get('/events.json?group=orders')).text) as {
      events: unknown[];
    };
    expect(events.length).toBeGreaterThan(0);
  });

  it('refuse a time that is none, and say how it is written', async () => {
    const { status, text } = await visitor.get('/events?from=yesterday');
    expect(status).toBe(400);
    expect(text).toContain('2026-11-25T22:50');
  });

  it('come in live, as rows, to whoever is logged in', async () => {
    const since = await newest();
    using all = await openStream(visitor, ca, `/events/live?since=${since}`);
    using none = await openStream(visitor, ca, `/events/live?since=${since}&group=pair`);
    await order(5);
    await expect.poll(() => all.messages.length, PATIENT).toBeGreaterThan(0);
    const [first] = all.messages;
    expect(Number(first!.id)).toBeGreaterThan(since);
    expect((JSON.parse(first!.data) as { row: string }).row).toContain('weight 5, by order of test');
    expect(none.messages).toEqual([]);
    using stranger = await openStream(site.stranger(), ca, '/events/live');
    expect(stranger.status).toBe(401);
  });

  it('that were missed come first, each once', async () => {
    const since = await newest();
    await order(7);
    await order(8);
    using again = await openStream(visitor, ca, '/events/live?since=1', { 'last-event-id': String(since) });
    await expect.poll(() => again.messages.length, PATIENT).toBe(2);
    await order(9);
    await expect.poll(() => again.messages.length, PATIENT).toBe(3);
    const ids = again.messages.map(({ id }) => Number(id));
    expect(ids).toEqual([...new Set(ids)].toSorted((one, other) => one - other));
    expect(again.messages.map(({ data }) => /weight \d/.exec(data)?.[0])).toEqual([
      'weight 7',
      'weight 8',
      'weight 9',
    ]);
  });
});

describe('the audit', () => {
  it('can be looked through, verified and kept', async () => {
    expect((await visitor.get('/audit?who=ann&before=9')).text).toContain('value="ann"');
    expect((await visitor.get('/audit/verify')).text).toContain('The chain is whole');
    expect((await visitor.get('/audit.csv')).text).toMatch(/^id,at,who,origin,action,target,outcome/);
  });
});

describe('the pair’s page of a single director', () => {
  it('says what a pair takes, and offers nothing that cannot be', async () => {
    const { text } = await visitor.get('/ha');
    expect(text).toContain('lb1 is the only director');
    expect(text).not.toContain('action="/ha/');
    expect((await visitor.get('/ha/switchover')).text).toContain('A switchover takes two directors');
    expect((await visitor.get('/ha/drills')).text).toContain('No drill has been reported');
    expect((await visitor.get('/ha/drills/1')).status).toBe(404);
    expect((await visitor.get('/ha/switchover/forged')).text).toContain('no longer has the outcome');
  });

  it('refuses orders with their reason', async () => {
    await visitor.get('/ha');
    const hold = await visitor.post('/ha/hold', { moves: 'yes' });
    expect([hold.status, hold.text.includes('there is no peer')]).toEqual([409, true]);
    const { status, text } = await visitor.post('/ha/switchover', { confirm: 'web', from: 'lb1', to: 'lb2' });
    expect([status, text.includes('there is no peer')]).toEqual([409, true]);
    expect((await visitor.post('/ha/switchover', { confirm: 'wrong' })).status).toBe(422);
  });
});

describe('with the director away', () => {
  it('the pair’s page shows what was last known, and the tail goes on once it is back', async () => {
    const since = await newest();
    using tail = await openStream(visitor, ca, `/events/live?since=${since}`);
    // Ids begin again where the disk ends: with what it has not taken yet the tail would begin anew.
    const { client } = site.instance;
    await expect.poll(async () => (await client.call('status')).store.waiting, PATIENT).toBe(0);
    await site.instance.end('SIGKILL');
    await expect
      .poll(async () => (await visitor.get('/ha')).text, PATIENT)
      .toMatch(/The director does not answer/);
    expect((await visitor.get('/ha')).text).toContain('lb1 is the only director');
    await site.instance.run();
    await expect.poll(() => tail.messages.some(({ data }) => data.includes('started')), PATIENT).toBe(true);
    expect(tail.ended()).toBe(false);
  });
});
