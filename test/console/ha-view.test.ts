// The pair's page in every state that a pair can be in, drawn from made-up pictures.
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../director/config/parse.ts';
import type { AccountRole, Identity } from '../../director/control/account-schema.ts';
import type { Ha } from '../../director/control/ha-schema.ts';
import { FairleadError } from '../../director/model/error.ts';
import { haCells } from '../../webui/cells/ha.ts';
import { haBody } from '../../webui/pages/ha.ts';
import { drillBody } from '../../webui/pages/ha-drills.ts';
import { outcomeBody, phaseBars, phasesOf } from '../../webui/pages/ha-outcome.ts';
import { cannotLook, switchoverBody } from '../../webui/pages/ha-switchover.ts';
import { HOSTILE, NOW, pairOf, pictureOf } from './support/pictures.ts';

const admin: Identity = { kind: 'session', id: '1', user: 'ann', role: 'admin', csrf: 'c', first_run: false };
const context = { identity: admin, csrf: 'token', now: NOW };
const page = (ha: Ha | undefined, role: AccountRole = 'admin'): string =>
  haBody({ ...context, identity: { ...admin, role } }, pictureOf(ha), { moves: [], drills: [] }).text;
const cells = (ha: Ha) => haCells(pictureOf(ha).status);
const pair = pairOf();
const standby = (peer: Partial<NonNullable<Ha['peer']>>, hold = false): Ha =>
  pairOf({
    role: 'standby',
    heartbeat: { ...pair.heartbeat!, role: 'standby', hold },
    peer: { ...pair.peer!, ...peer },
  });

describe('the pair’s cells', () => {
  it('say nothing alarming of a pair at rest', () => {
    expect(cells(pair).alarm).toEqual({ text: '' });
    expect(cells(pair)).toMatchObject({
      'own-role': { text: '● active' },
      'peer-role': { text: '◌ standby' },
      'link0-out': { text: 'they hear us: 30 ms ago', tone: 'good' },
      'link0-loss': { text: '0.1 %' },
      vip0: { text: '● lb1' },
    });
  });

  it.each<[string, Ha, RegExp]>([
    [
      'two who are active',
      pairOf({ peer: { ...pair.peer!, role: 'active', epoch: 2 } }),
      /Both are active.*epoch 3.*epoch 2/,
    ],
    ['two who stand by', standby({}), /Both stand by.*If it lasts/],
    ['two who stand by, one on hold', standby({}, true), /Both stand by.*lb1 is on hold: release it/],
    ['two on hold', standby({ hold: true }, true), /lb1 and lb2 are on hold: release one/],
    ['a standby that hears nobody', standby({ heard: false }), /Nobody that is heard is active/],
    [
      'a heartbeat that does not run',
      pairOf({ heartbeat: { running: false, restarts: 9, detail: 'no key' } }),
      /heartbeat of lb1 does not run.*no key/,
    ],
  ])('alarm about %s', (_, ha, expected) => {
    expect(cells(ha).alarm).toMatchObject({ tone: 'bad', text: expect.stringMatching(expected) as string });
    expect(page(ha)).toMatch(/role="alert"><span class="cell bad" data-live="@ha.alarm"/);
  });

  it('break the line of the direction that is broken, and only that', () => {
    const [link] = pair.links!;
    const deaf = pairOf({
      links: [
        { ...link!, they_heard_age_ms: 4_000, rejected: { 'bad-mac': 3, replay: 0 }, lost_permille: 400 },
      ],
    });
    expect(cells(deaf)).toMatchObject({
      'link0-out': { text: 'they hear us: 4.00 s ago', tone: 'bad' },
      'link0-in': { tone: 'good' },
      'link0-loss': { text: '◆ 40.0 %', tone: 'warn' },
      'link0-rejected': { text: '◆ bad-mac 3', tone: 'warn' },
    });
    const { they_heard_age_ms: _, heard_age_ms: __, ...never } = link!;
    expect(cells(pairOf({ links: [{ ...never, up: false, detail: 'no carrier' }] }))).toMatchObject({
      'link0-state': { text: '▼ down: no carrier', tone: 'bad' },
      'link0-in': { text: 'we hear them: never' },
    });
  });

  it('tell who holds a VIP, also when it is nobody or two', () => {
    const active = { ...pair.peer!, role: 'active' as const };
    expect(cells(pairOf({ peer: active })).vip0).toMatchObject({
      tone: 'bad',
      text: expect.stringContaining('lb2 claims it too') as string,
    });
    expect(cells(standby({ role: 'active' })).vip0).toMatchObject({ text: '◌ lb2' });
    expect(cells(standby({ heard: false })).vip0).toMatchObject({
      tone: 'bad',
      text: '▼ nobody that is heard',
    });
  });

  it('mark what was told by a peer that is silent now as old', () => {
    expect(cells(standby({ heard: false, role: 'active', heard_age_ms: 20_000 }))).toMatchObject({
      'peer-role': { text: '▼ not heard; was active', tone: 'bad' },
      'peer-health': { text: '▲ good, when last heard', tone: 'quiet' },
      'peer-heard': { text: '▼ last 20s ago' },
    });
  });
});

describe('the pair’s page', () => {
  it('draws a director that has said next to nothing', () => {
    const bare: Ha = { pair: true, node: 'lb1', role: 'standby', because: 'starting' };
    expect(page(bare)).toContain('has told of no links yet');
    expect(
      page({ ...bare, heartbeat: { running: true, restarts: 0 }, peer: { name: 'lb2', heard: false } }),
    ).toContain('not told');
  });

  it('tells a single director kindly what a pair takes, and offers no order', () => {
    for (const ha of [undefined, { pair: false, node: 'lb1', role: 'active' as const, because: '' }]) {
      const text = page(ha);
      expect(text).toContain('lb1 is the only director');
      expect(text).toContain('key_file');
      expect(text).not.toContain('<form');
    }
  });

  it('shows a single director a configuration that is one', () => {
    const [, shown = ''] = /<pre>([\s\S]*?)<\/pre>/.exec(page(undefined)) ?? [];
    const parsed = parseConfiguration(`cluster: web\n${shown}\nservices: {}\n`, 'the page');
    expect('problems' in parsed ? parsed.problems : []).toEqual([]);
  });

  it('offers hold or release, never both, and neither to viewers', () => {
    expect(page(pair)).toMatch(/action="\/ha\/hold"[\s\S]*name="moves"/);
    expect(page(pair)).not.toContain('action="/ha/release"');
    const held = page(standby({ role: 'active' }, true));
    expect(held).toContain('action="/ha/release"');
    expect(held).not.toContain('action="/ha/hold"');
    expect(page(pair, 'viewer')).not.toContain('<form');
  });

  it('writes no name of the network as markup, and no text where none is known', () => {
    const [link] = pair.links!;
    const ha = pairOf({
      node: HOSTILE,
      because: HOSTILE,
      peer: { ...pair.peer!, name: HOSTILE },
      links: [
        { ...link!, name: HOSTILE, detail: HOSTILE, rejected: { [HOSTILE]: 1 }, peer_address: HOSTILE },
      ],
      channel: { ...pair.channel!, last_state: HOSTILE, refused: { [HOSTILE]: 2 } },
    });
    const evil = {
      id: 1,
      at: NOW,
      kind: HOSTILE,
      subject: HOSTILE,
      reason: HOSTILE,
      evidence: { [HOSTILE]: [HOSTILE] },
    };
    const drill = { id: 1, at: NOW, name: HOSTILE, ok: false, complaints: [HOSTILE], text: HOSTILE };
    const text =
      haBody(context, pictureOf(ha, { node: HOSTILE, cluster: HOSTILE }), { moves: [evil], drills: [drill] })
        .text +
      haBody(context, pictureOf(undefined, { node: HOSTILE, cluster: HOSTILE }), {
        moves: [evil],
        drills: [drill],
      }).text +
      drillBody(drill, NOW).text;
    expect(text).not.toMatch(/<script|onload='/);
    expect(text).not.toMatch(/undefined|NaN|\[object/);
  });

  it('goes on when events and drills cannot be read', () => {
    const text = haBody(context, pictureOf(pair), { moves: undefined, drills: undefined }).text;
    expect(text).toContain('events cannot be read');
    expect(text).toContain('lb2');
  });
});

describe('the switchover’s page', () => {
  const ok = { name: 'active', ok: true, detail: 'lb1 is active', skippable: false };
  const soft = { name: 'revision', ok: false, detail: 'differs', skippable: true, remedy: 'apply it' };
  const hard = {
    name: 'peer heard',
    ok: false,
    detail: 'silent',
    skippable: false,
    remedy: 'look at the cable',
  };
  const reply = { done: false, dry_run: true, from: 'lb1', to: 'lb2', phases_ms: {}, reason: '' };
  const draw = (checks: (typeof ok)[], role: AccountRole = 'operator', node = 'lb1'): string =>
    switchoverBody({ csrf: 't', identity: { ...admin, role } }, pictureOf(pair, { node }).status, {
      ...reply,
      checks,
    }).text;

  it('has a button only where it may succeed', () => {
    expect(draw([ok])).toMatch(/name="confirm" required[\s\S]*Switch over from lb1 to lb2/);
    expect(draw([ok])).not.toContain('name="force"');
    expect(draw([ok, soft])).toMatch(/name="force" value="yes" required[\s\S]*name="reason"/);
    expect(draw([ok, soft])).toContain('apply it');
    for (const text of [draw([ok, hard]), draw([soft, hard]), draw([ok], 'viewer')])
      expect(text).not.toContain('<form');
    expect(draw([soft, hard])).toMatch(/cannot be done now: peer heard\. Put/);
  });

  it('says on a standby’s console that the active is asked', () => {
    expect(draw([ok], 'operator', 'lb2')).toContain(
      'This is the console of lb2, which stands by: lb1 is asked',
    );
  });

  it('says why it cannot even look, and who is active', () => {
    const error = new FairleadError('not-active', 'lb1 cannot be asked.', { remedy: 'Look at the link.' });
    expect(cannotLook(error, pictureOf(standby({ role: 'active' })).status).text).toMatch(
      /lb1 cannot be asked\. Look at the link\.[\s\S]*lb2 was active/,
    );
    expect(cannotLook(error, undefined).text).toContain('takes two directors');
  });

  it('draws phases one after the other on one line, flushing first', () => {
    expect(phasesOf({ released: 4, flush: 10, 'claim seen': 6 })).toEqual([
      { name: 'flush', from_ms: 0, to_ms: 10 },
      { name: 'released', from_ms: 10, to_ms: 14 },
      { name: 'claim seen', from_ms: 14, to_ms: 16 },
    ]);
    expect(phaseBars({}).text).toContain('No phases');
    expect(phaseBars({ [HOSTILE]: 0 }).text).not.toMatch(/<script|NaN|Infinity/);
    const kept = {
      reply: { ...reply, done: true, checks: [soft], phases_ms: { flush: 1 } },
      who: HOSTILE,
      at: NOW,
    };
    expect(outcomeBody(kept, undefined, NOW).text).toContain('In spite of: revision');
  });
});
