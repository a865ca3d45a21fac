// Events and audit as they are drawn, with evidence of every shape, and the filters that carry them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../director/control/audit-schema.ts';
import type { ApiEvent } from '../../director/control/schema.ts';
import { addressOf, apiQueryOf, filterOf, parseMoment, passes } from '../../webui/events/filter.ts';
import { ALL_KINDS, KIND_GROUPS, toneOf } from '../../webui/events/kinds.ts';
import { eventRow } from '../../webui/events/row.ts';
import { csv } from '../../webui/html/csv.ts';
import { changesOf, valueRows, valuesInShort } from '../../webui/html/values.ts';
import { auditBody, verifyBody } from '../../webui/pages/audit-view.ts';
import { eventBody, eventsBody, evidenceTable } from '../../webui/pages/events-view.ts';
import { HOSTILE, NOW } from './support/pictures.ts';

const event = (more: Partial<ApiEvent> = {}): ApiEvent => ({
  ...{ id: 7, at: NOW - 5_000, kind: 'server-down', subject: 'www/rs1', reason: 'connection refused' },
  ...more,
});
const record = (more: Partial<AuditRecord> = {}): AuditRecord => ({
  ...{ id: 3, at: NOW, who: 'ann', origin: 'console 192.0.2.7', action: 'drain', target: 'www/rs1' },
  ...{ outcome: 'done', detail: '', hash: 'ab'.repeat(32) },
  ...more,
});
const audit = (...records: AuditRecord[]): string =>
  auditBody({ records, more: true, filter: { who: 'ann' }, before: 9, now: NOW }).text;

describe('events', () => {
  it('show why and by what evidence, and lead to the real server', () => {
    const { text } = eventRow(event({ evidence: { probe: 'http', was: 'up', codes: [500, 503] } }), NOW);
    expect(text).toContain('href="/services/www/servers/rs1"');
    expect(text).toContain('▼ server-down');
    expect(text).toContain('probe http · was up · codes 500, 503');
  });

  it('link nothing that is no server or service, and encode what is', () => {
    expect(eventRow(event({ kind: 'peer-heard' }), NOW).text).not.toContain('/services/');
    expect(eventRow(event({ subject: 'a/b/c' }), NOW).text).not.toContain('/services/');
    expect(eventRow(event({ subject: '..?#/"><x' }), NOW).text).toContain(
      '/services/..%3F%23/servers/%22%3E%3Cx',
    );
  });

  it('write nothing that they were told as markup', () => {
    const evil = event({
      kind: HOSTILE,
      subject: HOSTILE,
      reason: HOSTILE,
      evidence: { [HOSTILE]: { [HOSTILE]: HOSTILE } },
    });
    const { text } = eventBody(evil, [event({ id: 8 }), evil, event({ id: 6 })], NOW);
    const list = eventsBody({
      events: [evil],
      more: true,
      filter: { q: HOSTILE },
      before: 4,
      now: NOW,
      live: 8,
    });
    expect(text + list.text).not.toMatch(/<script|onload='/);
  });

  it('are shown whatever their time is', () => {
    for (const at of [Number.NaN, Number.POSITIVE_INFINITY, -9e18, 9e18])
      expect(eventRow(event({ at }), NOW).text).toContain('server-down');
  });

  it('carry the filter on to older ones, files and the live tail', () => {
    const { text } = eventsBody({
      events: [event()],
      more: true,
      filter: { group: 'pair', q: 'lb2' },
      before: undefined,
      now: NOW,
      live: 7,
    });
    expect(text).toContain('href="/events?group=pair&amp;q=lb2&amp;before=7"');
    expect(text).toContain('href="/events.csv?group=pair&amp;q=lb2"');
    expect(text).toContain('data-stream="/events/live?group=pair&amp;q=lb2&amp;since=7"');
  });
});

describe('a filter of events', () => {
  it('means the same as a form, as a query and as an address', () => {
    const filter = filterOf({
      group: 'servers',
      subject: ' www ',
      q: '',
      from: '2026-11-25T22:50',
      to: '1790000000000',
    });
    expect(filter).toEqual({
      group: 'servers',
      subject: 'www',
      from: Date.UTC(2026, 10, 25, 22, 50),
      to: NOW,
    });
    expect(apiQueryOf(filter).kind).toContain('server-down');
    expect(filterOf(Object.fromEntries(new URLSearchParams(addressOf(filter))))).toEqual(filter);
    expect(filterOf({ group: 'no-such' })).toEqual({});
    expect(apiQueryOf({ group: 'pair', kind: 'a, b' }).kind).toBe('a,b');
  });

  it('lets through what the API would', () => {
    expect(passes({ group: 'servers' }, event())).toBe(true);
    expect(passes({ group: 'pair' }, event())).toBe(false);
    expect(passes({ subject: 'www' }, event())).toBe(true);
    expect(passes({ subject: 'ww' }, event())).toBe(false);
    expect(passes({ q: 'REFUSED' }, event())).toBe(true);
    expect(passes({ from: NOW }, event())).toBe(false);
    expect(passes({ to: NOW - 6_000 }, event())).toBe(false);
  });

  it('refuses what is no time, and never anything else', () => {
    for (const text of ['yesterday', '2026-13-45T99:99', '-1', '1e9', '9'.repeat(16)])
      expect(() => parseMoment(text)).toThrow(/is no time/);
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('group', 'kind', 'subject', 'q'), fc.string()), (fields) => {
        passes(filterOf(fields), event());
      }),
    );
  });

  it('has groups that the API takes: at most 64 kinds and 1 024 characters', () => {
    for (const { kinds } of KIND_GROUPS) {
      expect(kinds.length).toBeLessThanOrEqual(64);
      expect(kinds.join(',').length).toBeLessThanOrEqual(1_024);
    }
    expect(ALL_KINDS.filter((kind) => !['bad', 'warn', 'good', 'quiet'].includes(toneOf(kind)))).toEqual([]);
    expect([toneOf('both-active'), toneOf('peer-silent'), toneOf('server-up'), toneOf('whatever')]).toEqual([
      'bad',
      'warn',
      'good',
      'quiet',
    ]);
  });
});

describe('values', () => {
  it('become rows with paths', () => {
    expect(
      valueRows({ a: 1.23456, b: { c: [1, 'x'], d: null, e: true }, f: {}, g: [{ h: 1 }] }).rows,
    ).toEqual([
      { path: 'a', value: '1.235' },
      { path: 'b.c', value: '1, x' },
      { path: 'b.d', value: 'none' },
      { path: 'b.e', value: 'yes' },
      { path: 'f', value: 'nothing' },
      { path: 'g.0.h', value: '1' },
    ]);
  });

  it('tell moments as such, and sentences below each other', () => {
    const long = 'a sentence that is longer than a word or two, or three';
    expect(valueRows({ deadline: NOW, since_ms: 5, weight_at: 3, changes: [long, 'b'] }).rows).toEqual([
      { path: 'deadline', value: '2026-09-21 14:13:20 UTC' },
      { path: 'since_ms', value: '5' },
      { path: 'weight_at', value: '3' },
      { path: 'changes', value: `${long}\nb` },
    ]);
  });

  it('are cut where they are endless, and say so', () => {
    let deep: unknown = 1;
    for (let index = 0; index < 50; index++) deep = { deep };
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${index}`, index]));
    for (const value of [deep, wide, 'x'.repeat(1e6), [wide, wide]]) {
      const { rows, cut } = valueRows(value);
      expect(cut).toBe(true);
      expect(rows.length).toBeLessThanOrEqual(200);
      expect(evidenceTable(value).text.length).toBeLessThan(1e6);
    }
    expect(evidenceTable(undefined).text).toContain('None was recorded');
  });

  it('of every shape can be drawn', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        expect(evidenceTable(one).text).not.toContain('[object');
        expect(valuesInShort(one).length).toBeLessThanOrEqual(160);
        expect(changesOf(one, one).changes).toEqual([]);
        audit(record({ before: one, after: other }));
      }),
    );
  });
});

describe('the audit', () => {
  it('shows who, from where, and what differs', () => {
    const text = audit(
      record({
        before: { admin: 'enabled', weight: 1 },
        after: { admin: 'draining', weight: 1, deadline: 5 },
      }),
    );
    expect(text).toContain('console 192.0.2.7');
    expect(text).toMatch(
      /admin<\/dt><dd class="diff"><del class="removed"><span class="unseen">before: <\/span>enabled<\/del> → <ins class="added"><span class="unseen">after: <\/span>draining/,
    );
    expect(text).not.toContain('weight</dt>');
    expect(text).toContain('href="/audit?who=ann&amp;before=3"');
  });

  it('shows texts line by line, with what stayed in between cut', () => {
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`);
    const text = audit(
      record({
        before: { text: lines.join('\n') },
        after: { text: [...lines.slice(0, 20), 'new', ...lines.slice(20)].join('\n') },
      }),
    );
    expect(text).toContain('+ new');
    expect(text).not.toContain('line 9\n');
  });

  it('shows refusals with their reason, and nothing as markup', () => {
    const text = audit(
      record({ outcome: 'refused', detail: 'forbidden: ann may not' }),
      record({
        who: HOSTILE,
        origin: HOSTILE,
        action: HOSTILE,
        target: HOSTILE,
        outcome: 'failed',
        detail: HOSTILE,
        before: HOSTILE,
        after: { [HOSTILE]: HOSTILE },
      }),
    );
    expect(text).toMatch(/◆ refused<\/span> <small>forbidden: ann may not/);
    expect(text).toContain('▼ failed');
    expect(text).not.toMatch(/<script|onload='/);
  });

  it('says plainly whether its chain holds, and where it breaks', () => {
    expect(
      verifyBody({ ok: true, checked: 12, first_id: 1, last_id: 12, last_hash: 'ff', detail: 'all 12' }).text,
    ).toMatch(/banner good[\s\S]*whole[\s\S]*from 1 to 12/);
    expect(verifyBody({ ok: false, checked: 4, broken_at: 5, detail: 'changed' }).text).toMatch(
      /banner bad[\s\S]*broken[\s\S]*#record-5/,
    );
  });
});

describe('a file of events', () => {
  it('is CSV whatever is in it, and no formula for a spreadsheet', () => {
    expect(csv(['a'], [['=1+1'], ['-5'], ['a,"b"'], ['x\r\ny'], [undefined], ['@cmd']])).toBe(
      `a\r\n'=1+1\r\n-5\r\n"a,""b"""\r\n"x\r\ny"\r\n\r\n'@cmd\r\n`,
    );
  });
});
