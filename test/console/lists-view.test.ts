// Monitors and connections as they are drawn, in every state, with names that mean harm.
import { describe, expect, it } from 'vitest';
import type { AccountRole } from '../../director/control/account-schema.ts';
import { connectionsBody } from '../../webui/pages/connections-view.ts';
import { type MonitorsAsked, monitorsBody } from '../../webui/pages/monitors-view.ts';
import { checkOf, connectionOf } from './support/detail.ts';
import { HOSTILE, NOW, pictureOf } from './support/pictures.ts';

const contextOf = (role: AccountRole = 'admin') => ({
  identity: { kind: 'session', id: 's', user: 'ann', role, csrf: 'x', expires: 0, first_run: false } as const,
  csrf: 'masked',
  now: NOW,
  picture: pictureOf(undefined),
});
const monitorsText = (
  checks: Parameters<typeof monitorsBody>[1],
  change: Partial<MonitorsAsked> = {},
  role: AccountRole = 'admin',
): string =>
  monitorsBody(contextOf(role), checks, { q: '', trouble: false, probed: undefined, of: '', ...change }).text;

/** Of everything that can be named. */
function expectHarmless(text: string): void {
  expect(text).not.toContain('<script');
  expect(text).not.toMatch(/" ?onload=/);
  expect(text).toContain('&lt;script&gt;');
}

describe('monitors', () => {
  const down = checkOf({
    id: 'c2',
    servers: ['www/rs2'],
    health: 'down',
    against: 1,
    reason: 'refused',
    last: { at: NOW, result: 'fail', latency_ms: 3, detail: 'refused' },
  });
  const failing = checkOf({ id: 'c3', servers: ['api/rs9', 'b/1', 'c/2', 'd/3'], against: 2 });

  it('put trouble first and say how far a change is', () => {
    const text = monitorsText([checkOf(), failing, down]);
    const places = ['www/rs2', 'api/rs9', 'www/rs1'].map((name) => text.indexOf(`>${name}<`));
    expect(places).toEqual([...places].sort((one, other) => one - other));
    for (const part of ['◆ passing 1 of 2', '◆ failing 2 of 3', 'and 1 more', '1 down', '2 in trouble'])
      expect(text).toContain(part);
  });

  it('are found by words that must all be there', () => {
    const text = monitorsText([checkOf(), failing, down], { q: 'WWW refused' });
    expect(text).toContain('>www/rs2<');
    expect(text).not.toContain('>www/rs1<');
    expect(monitorsText([checkOf()], { trouble: true })).toContain('▲ Nothing is in trouble.');
    expect(monitorsText([checkOf()], { q: 'nobody' })).toContain('No check passes this filter.');
    expect(monitorsText([])).toContain('Nothing is checked.');
  });

  it('tell what came of probing now, and what is still under way', () => {
    const waiting = monitorsText([checkOf(), down], { probed: NOW - 500 });
    expect(waiting).toContain('1 of 2 answered, 1 failed');
    expect(waiting).toContain('… under way');
    expect(waiting).toContain('data-refresh="1000"');
    const late = monitorsText([checkOf(), down], { probed: NOW - 500, of: 'www/rs1' }).replace(/\s+/g, ' ');
    expect(late).toContain('0 of 1 answered');
    expect(monitorsText([checkOf()], { probed: NOW - 2_000 })).toContain('data-refresh="5000"');
  });

  it('are bounded, take names for text, and offer no probes to viewers', () => {
    const many = Array.from({ length: 700 }, (_, index) => checkOf({ id: `${index}` }));
    expect(monitorsText(many)).toContain('only the first 500 are shown');
    expect(monitorsText([checkOf()], {}, 'viewer')).not.toContain('Probe');
    expectHarmless(
      monitorsText(
        [checkOf({ servers: [HOSTILE], target: HOSTILE, what: HOSTILE, health: 'down', reason: HOSTILE })],
        { probed: 1, of: '' },
      ),
    );
  });
});

describe('connections', () => {
  const text = (change: Partial<Parameters<typeof connectionsBody>[0]> = {}): string =>
    connectionsBody({
      ...{ asked: {}, found: [], truncated: false, page: 1, services: ['www'], now: NOW },
      ...change,
    }).text;

  it('are counted by state, with templates apart', () => {
    const found = [
      connectionOf(),
      connectionOf({ state: 'TIME_WAIT' }),
      connectionOf({ kind: 'template', state: 'TEMPLATE', controls: 2 }),
    ];
    const drawn = text({ found });
    expect(drawn).toContain('>ESTABLISHED</a> <strong>1</strong>');
    expect(drawn).toContain('◇ templates</a> <strong>1</strong>');
    expect(drawn).toContain('controls 2');
  });

  it('come in pages, and say when there are more than were read', () => {
    const found = Array.from({ length: 250 }, (_, index) => connectionOf({ client: `192.0.2.1:${index}` }));
    expect(text({ found, page: 2, asked: { service: 'www' } })).toContain(
      'href="/connections?service=www&amp;page=3"',
    );
    expect(text({ found, page: 99 })).toContain('page 3 of 3');
    expect(text({ found, truncated: true })).toContain('There are more than the 250');
    expect(text()).toContain('There is no connection and no template.');
    expect(text({ asked: { client: '192.0.2.9' } })).toContain('Nothing is found.');
  });

  it('take names for text', () => {
    expectHarmless(
      text({
        found: [connectionOf({ client: HOSTILE, service: HOSTILE, server_name: HOSTILE, state: HOSTILE })],
        services: [HOSTILE],
        asked: { client: HOSTILE },
      }),
    );
  });
});
