// The pair's page and its orders over real consoles in front of two real supervisors; their heartbeats say what the test
// wants.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PairConsoles } from './support/pair-consoles.ts';
import type { Visitor } from './support/site.ts';
import { openStream } from './support/stream.ts';

let pair: PairConsoles;
let one: Visitor;
let other: Visitor;

const peer = { heard: true, health: 'good', hold: false, complete: true, epoch: 3, priority: 100 } as const;
/** With the revision that the other one has, or checks fail. */
async function says(
  role: 'active' | 'standby',
  peerRole: 'active' | 'standby',
  more: object = {},
): Promise<void> {
  const { revision } = await pair.site.lb1.client.call('status');
  const known = { revision: revision.number, revisionHash: Number.parseInt(revision.hash.slice(0, 8), 16) };
  pair.site.lb1.says({ role, epoch: 3, peer: { ...peer, ...known, name: 'lb2', role: peerRole, ...more } });
}
const see = (visitor: Visitor, target: string, expected: RegExp): Promise<void> =>
  expect.poll(async () => (await visitor.get(target)).text, PATIENT).toMatch(expected);

/** Programs start on a machine that does other things too. */
const PATIENCE_MS = 60_000;
const PATIENT = { timeout: 25_000, interval: 50 };

beforeAll(async () => {
  pair = await PairConsoles.open();
  await pair.settle();
  one = await pair.visit(pair.site.lb1);
  other = await pair.visit(pair.site.lb2);
}, PATIENCE_MS);
afterAll(() => pair[Symbol.asyncDispose]());

describe('the pair’s page', () => {
  it('shows both directors, their links and the timers, on either console', async () => {
    await see(one, '/ha', /data-live="@ha.own-role">● active</);
    await see(other, '/ha', /data-live="@ha.peer-role">● active</);
    const { text } = await one.get('/ha');
    for (const expected of [
      'udp lo',
      'they hear us: 20 ms ago',
      '100 ms between beats',
      '400 ms of silence',
      'Hold lb1',
    ])
      expect(text).toContain(expected);
  });

  it('is kept alive by cells that only browsers with this page get', async () => {
    const ca = fs.readFileSync(path.join(pair.site.lb1.runtime, 'certificates', 'self-signed.crt'));
    using asked = await openStream(one, ca, '/live?services=%40ha');
    using others = await openStream(one, ca, '/live');
    await expect
      .poll(() => asked.messages.some(({ data }) => data.includes('@ha.link0-in')), PATIENT)
      .toBe(true);
    await expect.poll(() => others.messages.length, PATIENT).toBeGreaterThan(1);
    expect(others.messages.some(({ data }) => data.includes('@ha'))).toBe(false);
  });

  it('alarms over its whole width when both are active, and when neither is', async () => {
    await says('active', 'active');
    await see(one, '/ha', /role="alert"><span class="cell bad" data-live="@ha.alarm">▼ Both are active/);
    await says('standby', 'standby');
    await see(one, '/ha', /▼ Both stand by/);
    await says('active', 'standby');
    await see(one, '/ha', /data-live="@ha.alarm"><\/span>/);
  });
});

describe('a switchover', () => {
  it('has no button while a check fails that nobody may skip, and says what to do about it', async () => {
    await says('active', 'standby', { hold: true });
    await see(one, '/ha/switchover', /lb2 stands by on order[\s\S]*fairlead release/);
    const { text } = await one.get('/ha/switchover');
    expect(text).not.toContain('<form method="post" action="/ha/switchover"');
    const forced = { confirm: 'web', from: 'lb1', to: 'lb2', force: 'yes', reason: 'now' };
    const refused = await one.post('/ha/switchover', forced);
    expect([refused.status, refused.text.includes('peer hold')]).toEqual([409, true]);
  });

  it('takes force and a reason where checks may be skipped', async () => {
    await says('active', 'standby', { revision: 99 });
    await see(one, '/ha/switchover', /name="force" value="yes" required/);
    const fields = { confirm: 'web', from: 'lb1', to: 'lb2' };
    const plain = await one.post('/ha/switchover', fields);
    expect([plain.status, plain.text.includes('revision')]).toEqual([409, true]);
    expect((await one.post('/ha/switchover', { ...fields, force: 'yes', reason: ' ' })).status).toBe(422);
  });

  it('is never ordered by a form that was drawn when another one was active, or without the word', async () => {
    await says('active', 'standby');
    await see(one, '/ha/switchover', /Not all is well: sync\./);
    expect((await one.post('/ha/switchover', { confirm: 'web', from: 'lb2', to: 'lb1' })).status).toBe(412);
    expect((await one.post('/ha/switchover', { confirm: 'wbe', from: 'lb1', to: 'lb2' })).status).toBe(422);
    expect(pair.site.lb1.told('order')).toEqual([]);
  });

  it('is ordered from the standby’s console too, which says so, and shows how long each part took', async () => {
    await says('active', 'standby');
    await see(other, '/ha/switchover', /This is the console of lb2, which stands by: lb1 is asked/);
    const done = await other.submit('/ha/switchover', {
      ...{ confirm: 'web', from: 'lb1', to: 'lb2' },
      ...{ force: 'yes', reason: 'a new kernel' },
    });
    expect(done.text).toMatch(
      /lb2 is active[\s\S]*In spite of: sync[\s\S]*released[\s\S]*<rect class="bar"[\s\S]*claim seen/,
    );
    const [ordered] = (await pair.site.lb1.events()).filter(({ kind }) => kind === 'switched-over');
    expect(ordered).toMatchObject({
      reason: expect.stringContaining('a new kernel') as string,
      evidence: { from: 'lb1', to: 'lb2', reason: 'a new kernel' },
    });
    expect((await one.get('/ha')).text).toContain('switched-over');
  });
});

describe('hold and release', () => {
  it('are two orders with two buttons, about the director whose console it is', async () => {
    await see(other, '/ha', /action="\/ha\/hold"/);
    const held = await other.submit('/ha/hold', { moves: 'yes' });
    expect(held.text).toContain('lb2 is on hold');
    await see(other, '/ha', /action="\/ha\/release"[\s\S]*Release lb2/);
    expect((await other.submit('/ha/release', {})).text).toContain('lb2 is released');
    expect(pair.site.lb2.told('order').map(({ order }) => order)).toEqual(['hold', 'release']);
  });
});
