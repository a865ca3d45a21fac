// Configuration, system and accounts as they are drawn, with states and texts that a healthy site does not show.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TABLES } from '../../director/config/schema.ts';
import type { Identity } from '../../director/control/account-schema.ts';
import type { ApplyReply } from '../../director/control/schema.ts';
import { hostOf } from '../../webui/http/input.ts';
import type { CertificateFacts } from '../../webui/page.ts';
import { createWaiting, madeBody } from '../../webui/pages/accounts-tokens.ts';
import { sessionsBody, tokensBody, usersBody } from '../../webui/pages/accounts-view.ts';
import { carried, draftOf } from '../../webui/pages/configuration-draft.ts';
import { checkedBody, editorForm, reviewBody } from '../../webui/pages/configuration-edit.ts';
import { diffBody, revisionsBody, rollbackBody } from '../../webui/pages/configuration-history.ts';
import { outcomeBody } from '../../webui/pages/configuration-outcome.ts';
import { staleBody } from '../../webui/pages/configuration-stale.ts';
import { keyReference, peerCell, TOP_KEYS, windowView } from '../../webui/pages/configuration-view.ts';
import { consoleBody, validity } from '../../webui/pages/system-console.ts';
import { problemsPanel, systemBody, uptime } from '../../webui/pages/system-view.ts';
import { HOSTILE, NOW, pairOf, pictureOf } from './support/pictures.ts';

const DAY_MS = 86_400_000;
const revision = { number: 4, at: NOW, author: HOSTILE, comment: HOSTILE, hash: 'ab12', text: HOSTILE };
const reply = (more: Partial<ApplyReply> = {}): ApplyReply => ({
  ...{ revision: 5, dry_run: false, changed: true, stored: true, changes: [], warnings: [], steps: [] },
  ...{ failed: [], needs_restart: [] },
  ...more,
});
const hostileReply = reply({
  ...{ changes: [HOSTILE], warnings: [HOSTILE], steps: [HOSTILE], needs_restart: [HOSTILE], stored: false },
  failed: [{ service: HOSTILE, code: HOSTILE, detail: HOSTILE }],
});
const draft = { text: `${HOSTILE}</textarea>`, base: 4, comment: HOSTILE };
const identity: Identity = { kind: 'session', id: 's', user: HOSTILE, role: 'admin', first_run: false };
const shown = { csrf: HOSTILE, identity, now: NOW };
const certificate: CertificateFacts = {
  ...{ subject: HOSTILE, issuer: HOSTILE, fingerprint: HOSTILE, self_signed: true, file: `/x/${HOSTILE}` },
  ...{ valid_from: NOW - DAY_MS, valid_to: NOW + 31 * DAY_MS },
};
const facts = { version: HOSTILE, started: NOW - 90_000, followers: () => 1 };

describe('what others have written', () => {
  const stale = { csrf: HOSTILE, now: NOW, draft, between: [revision] };
  const present = { ...revision, number: 5, text: `${HOSTILE}\nmore` };
  const pages: Readonly<Record<string, string>> = {
    check: checkedBody(HOSTILE, false, [{ line: 1, column: 1, message: HOSTILE, remedy: HOSTILE }]).text,
    review: reviewBody({ csrf: HOSTILE }, draft, HOSTILE, hostileReply).text,
    editor: editorForm(HOSTILE, 'admin', draft).text,
    outcome: outcomeBody({ reply: hostileReply, who: HOSTILE, comment: HOSTILE, at: NOW, base: 4 }, NOW).text,
    stale: staleBody({ ...stale, base: HOSTILE, present }).text,
    forgotten: staleBody({ ...stale, base: undefined, present }).text,
    window: windowView(HOSTILE, 1, HOSTILE, '/configuration').text,
    list: revisionsBody([revision], 5, NOW, true).text,
    diff: diffBody(revision, present, NOW).text,
    rollback: rollbackBody({ csrf: HOSTILE, now: NOW }, present, revision, hostileReply).text,
    users: usersBody(
      [{ name: HOSTILE, role: 'viewer', created: 0, created_by: HOSTILE, password_changed: 0, sessions: 1 }],
      shown,
    ).text,
    tokens: tokensBody(
      [{ id: HOSTILE, name: HOSTILE, role: 'admin', created: 0, created_by: HOSTILE }],
      shown,
    ).text,
    sessions: sessionsBody(
      [
        {
          ...{ id: HOSTILE, user: HOSTILE, role: 'admin', from: HOSTILE, agent: HOSTILE },
          ...{ created: 0, last_seen: 0, expires: Number.MAX_VALUE },
        },
      ],
      shown,
    ).text,
    problems: problemsPanel(
      [{ subject: HOSTILE, code: HOSTILE, detail: HOSTILE, remedy: HOSTILE, since: NOW }],
      NOW,
    ).text,
    console: consoleBody({ facts, certificate, host: undefined, sessions: 1, now: NOW, admin: true }).text,
  };
  for (const [name, text] of Object.entries(pages))
    it(`is text and never markup: ${name}`, () => {
      expect(text).toContain('&lt;script&gt;');
      expect(text).not.toMatch(/<script|onload='|" onload/);
    });
});

describe('a text on its way', () => {
  it('comes through the form as it was, but for its line ends', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { text: field } = carried('', { text, base: 1 }).text.match(
          /<textarea[^>]*>\n(?<text>[\s\S]*)<\/textarea>/,
        )!.groups!;
        expect(field).not.toContain('<');
        expect(draftOf({ text }).text).toBe(text.replace(/\r\n?/g, '\n'));
      }),
    );
  });

  it('begins from no revision where the form says none', () => {
    for (const base of ['', 'x', '-1', '1e9', ' 1', '9'.repeat(40)]) expect(draftOf({ base }).base).toBe(0);
  });

  it('is still there when the active has a revision that has not come here', () => {
    const { text } = staleBody({
      ...{ csrf: '', now: NOW, draft, base: 'a', present: { ...revision, number: 4 }, between: [] },
    });
    expect(text).toContain('has not come here yet');
    expect(text).toContain('action="/configuration/diff"');
  });
});

describe('a configuration', () => {
  it('says whether the peer has it', () => {
    const cellOf = (peer: object) => {
      const ha = pairOf();
      return peerCell(pictureOf({ ...ha, peer: { ...ha.peer!, ...peer } }).status).text;
    };
    expect(cellOf({ revision: 4 })).toBe('▲ lb2 has it too');
    expect(cellOf({ revision: 3 })).toBe('◆ lb2 has revision 3');
    expect(cellOf({ heard: false })).toContain('nobody knows');
    expect(peerCell(pictureOf(undefined).status).text).toBe('there is no peer');
  });

  it('comes with every key of its top', () => {
    expect(TOP_KEYS.map(([key]) => key).sort()).toEqual(Object.keys(TABLES.root!).sort());
    expect(keyReference().text).toContain('virtual_ips');
  });

  it('names services that the engine refused, with reasons, and what takes a restart', () => {
    const failed = [{ service: 'www', code: 'no-room', detail: 'the table is full' }];
    const kept = { reply: reply({ failed, needs_restart: ['engine.kind'] }), who: 'ann', comment: '' };
    const { text } = outcomeBody({ ...kept, at: NOW, base: 4 }, NOW);
    expect(text).toContain('href="/services/www"');
    expect(text).toContain('the table is full');
    expect(text).toContain('engine.kind');
  });
});

describe('system', () => {
  const status = pictureOf(pairOf(), {
    store: { state: 'memory', detail: 'no space left', waiting: 3, dropped: 2 },
    engine: {
      ...{ kind: 'ebpf', survives_restart: true, limits: { services: 1, servers: 1, connections: 10 } },
      hooks: [{ interface: 'eth0', hook: 'xdp', why: 'the driver has it' }],
      tables: [{ name: 'connections', used: 9, limit: 10 }],
      totals: { in: 10, forwarded: 4, local: 1, dropped: { 'no-server': 5, unsynced: 0 } },
    },
  }).status;

  it('tells of full tables, drops by reason, hooks with why, and a store that keeps nothing', () => {
    const history = {
      state: 'ok',
      bytes: 2_048,
      bytes_max: 4_096,
      subjects: 3,
      subjects_max: 20_000,
      left_out: 0,
      dropped: 0,
    } as const;
    const levels = [{ level: '1s', keep_ms: 7_200_000, bytes: 1_000, oldest: NOW - 60_000 }] as const;
    const { text } = systemBody({
      status,
      history: { ...history, levels: [...levels] },
      now: NOW,
      admin: false,
    });
    expect(text).toContain('◆ nearly full: 9 of 10, 90%');
    expect(text).toContain('<dt>no-server</dt><dd title="5">5</dd>');
    expect(text).not.toContain('unsynced');
    expect(text).toContain('<strong>xdp</strong> <span class="quiet">the driver has it</span>');
    expect(text).toContain('nothing outlives a restart');
    expect(text).toContain('2.0 KiB of 4.0 KiB');
    expect(text).toContain('kept for 2 h 0 min');
    expect(text).not.toContain('diagnostics');
    expect(systemBody({ status, history: undefined, now: NOW, admin: true }).text).toContain(
      'cannot be asked',
    );
  });

  it('warns of a certificate that ends soon, has ended, or has not begun', () => {
    const from = NOW - DAY_MS;
    expect(validity({ valid_from: from, valid_to: NOW + 31 * DAY_MS }, NOW).tone).toBe('good');
    expect(validity({ valid_from: from, valid_to: NOW + 29 * DAY_MS }, NOW).tone).toBe('warn');
    expect(validity({ valid_from: from, valid_to: NOW }, NOW).text).toContain('expired');
    expect(validity({ valid_from: NOW + 1, valid_to: NOW + DAY_MS }, NOW).text).toContain('not valid yet');
  });

  it('writes examples with a host only where that is a name or an address', () => {
    for (const good of ['lb1', 'lb1.example.org:8443', '192.0.2.7:443', '[fd00::1]:8443'])
      expect(hostOf(good)).toBe(good);
    for (const bad of ['', 'a b', 'x$(reboot)', 'a;b', '`x`', 'a:b', "'", '[x]', '-a', 'a:123456', undefined])
      expect(hostOf(bad)).toBeUndefined();
    fc.assert(
      fc.property(fc.string(), (given) => {
        expect(hostOf(given) ?? '').toMatch(/^[A-Za-z0-9.:[\]-]*$/);
      }),
    );
  });

  it('counts time in the two units that matter', () => {
    expect([40_000, 125_000, 7_500_000, 100 * 3_600_000].map(uptime)).toEqual([
      ...['40 s', '2 min 5 s', '2 h 5 min', '4 d 4 h'],
    ]);
  });
});

describe('a token’s secret', () => {
  const token = { id: 't', name: 'n', role: 'viewer', created: 0, created_by: 'ann' } as const;
  const made = { token, secret: 'fl_secret', stored: true };

  it('is given out once, to the session that made it, and not after a while', () => {
    const waiting = createWaiting();
    const key = waiting.keep({ made, session: 'mine', at: NOW });
    expect(waiting.take(key, 'other', NOW)).toBeUndefined();
    expect(waiting.take(key, 'mine', NOW)).toBe(made);
    expect(waiting.take(key, 'mine', NOW)).toBeUndefined();
    const late = waiting.keep({ made, session: 'mine', at: NOW });
    expect(waiting.take(late, 'mine', NOW + 3_600_000)).toBeUndefined();
  });

  it('is waited for by so many and no more', () => {
    const waiting = createWaiting();
    const first = waiting.keep({ made, session: 'mine', at: NOW });
    for (let count = 0; count < 64; count++) waiting.keep({ made, session: 'mine', at: NOW });
    expect(waiting.take(first, 'mine', NOW)).toBeUndefined();
    expect(madeBody(undefined, undefined).text).toContain('shown once');
  });
});
