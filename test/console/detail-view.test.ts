// Services and real servers as they are drawn, in every state, with names that mean harm.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccountRole } from '../../director/control/account-schema.ts';
import { FairleadError } from '../../director/model/error.ts';
import { drainPanel, leftOf, roughly } from '../../webui/detail/drain.ts';
import { clientWithPort, explainPanel } from '../../webui/detail/explain.ts';
import { SERVICE_PLOTS } from '../../webui/detail/plots.ts';
import { readSpan } from '../../webui/detail/span.ts';
import { probeStrip } from '../../webui/detail/strip.ts';
import { type ServerShown, serverBody } from '../../webui/pages/server-view.ts';
import { serviceBody } from '../../webui/pages/service-view.ts';
import { connectionOf, historyOf, probesOf, seriesOf, serverOf, serviceOf } from './support/detail.ts';
import { HOSTILE, NOW, pictureOf } from './support/pictures.ts';

const asked = readSpan({}, NOW);
const charts = {
  source: '/services/www/series.json',
  plots: SERVICE_PLOTS,
  asked,
  series: undefined,
  now: NOW,
};

const contextOf = (role: AccountRole = 'admin') => ({
  identity: { kind: 'session', id: 's', user: 'ann', role, csrf: 'x', expires: 0, first_run: false } as const,
  csrf: 'masked',
  now: NOW,
  picture: pictureOf(undefined),
});
const serverText = (shown: Partial<ServerShown> = {}, role: AccountRole = 'admin'): string =>
  serverBody(contextOf(role), {
    ...{ service: serviceOf(), server: serverOf(), charts, recent: undefined, probes: undefined },
    ...{ events: undefined, connections: undefined, probed: undefined },
    ...shown,
  }).text;
/** Of everything that can be named. */
function expectHarmless(text: string): void {
  expect(text).not.toContain('<script');
  expect(text).not.toMatch(/" ?onload=/);
  expect(text).toContain('&lt;script&gt;');
}

describe('a service', () => {
  const text = (change: Parameters<typeof serviceOf>[0] = {}): string =>
    serviceBody({
      ...{ service: serviceOf(change), charts, events: [], offer: undefined, now: NOW },
      explanation: { asked: '', client: undefined },
    }).text;

  it('tells what it is, by which methods it forwards, and what becomes of connections', () => {
    const servers = [
      serverOf(),
      serverOf({ name: 'rs2', method: 'tunnel' }),
      serverOf({ name: 's', role: 'sorry' }),
    ];
    const drawn = text({ servers, persistence: { timeout_s: 360, netmask_bits: 24 } });
    for (const part of [
      'tcp://10.0.0.100:80',
      'wlc',
      'nat for 1, tunnel for 1',
      '360 s, by client /24',
      'reset: ',
    ])
      expect(drawn).toContain(part);
    expect(drawn).toContain('sorry server');
    expect(text({ servers: [] })).toContain('No real servers are configured');
    expect(text({ removal: undefined })).toContain('not told');
  });

  it('takes names for text', () => {
    const drawn = text({
      name: HOSTILE,
      listen: HOSTILE,
      because: HOSTILE,
      servers: [serverOf({ name: HOSTILE, address: HOSTILE })],
    });
    expectHarmless(drawn);
    expect(drawn).toContain(`/servers/${encodeURIComponent(HOSTILE).replaceAll("'", '&#39;')}`);
  });
});

describe('explaining a client', () => {
  const reply = { outcome: 'forward', server: 'rs1', method: 'nat', because: ['wlc', HOSTILE] } as const;
  it('gives a port where none was given, and leaves the rest to the director', () => {
    expect(clientWithPort('192.0.2.1')).toBe('192.0.2.1:40000');
    expect(clientWithPort('192.0.2.1:5')).toBe('192.0.2.1:5');
    expect(clientWithPort('fd00::1')).toBe('[fd00::1]:40000');
    expect(clientWithPort('[fd00::1]')).toBe('[fd00::1]:40000');
    expect(clientWithPort('[fd00::1]:5')).toBe('[fd00::1]:5');
    fc.assert(fc.property(fc.string(), (text) => void clientWithPort(text)));
  });

  it('shows every reason, or what was wrong with the question', () => {
    const { text } = explainPanel(
      { name: 'www' },
      { asked: '192.0.2.1', client: '192.0.2.1:40000', reply: { ...reply, because: [...reply.because] } },
    );
    expect(text).toContain('<strong>rs1</strong></a> by nat');
    expect(text.match(/<li>/g)).toHaveLength(2);
    expect(text).toContain('No port was given');
    expectHarmless(text);
    const drop = explainPanel(
      { name: 'www' },
      { asked: 'a', client: 'a', reply: { outcome: 'drop', because: ['none'] } },
    );
    expect(drop.text).toContain('▼ drop');
    const refusal = new FairleadError('bad-request', `${HOSTILE} is no client.`, {
      remedy: 'Write another.',
    });
    const refused = explainPanel({ name: 'www' }, { asked: HOSTILE, client: HOSTILE, refusal });
    expectHarmless(refused.text);
    expect(refused.text).toContain('Write another.');
  });
});

describe('a real server', () => {
  it('tells apart what was asked of it and how it is, and why it has its weight', () => {
    const server = serverOf({
      admin: 'disabled',
      weight_configured: 4,
      weight_ordered: 2,
      weight_effective: 0,
      because: 'disabled by order of ann',
    });
    const text = serverText({ server });
    for (const part of ['○ disabled', '▲ up', 'configured 4, ordered 2', 'disabled by order of ann'])
      expect(text).toContain(part);
    expect(text).toContain('action="/orders/enable"');
    expect(text).not.toContain('>Disable…<');
    expect(text).toContain('name="revision" value="4"');
  });

  it('offers orders to those who may give them, and none for what is no longer configured', () => {
    expect(serverText()).toContain('action="/orders/drain"');
    const viewer = serverText({ probes: historyOf([]) }, 'viewer');
    expect(viewer).toContain('Orders take the role operator');
    expect(viewer).not.toContain('<form method="post" action="/orders');
    expect(viewer).not.toContain('Probe now');
    expect(serverText({ server: serverOf({ role: 'removed' }) })).not.toContain('action="/orders');
  });

  it('shows each probe with its result, and says in words what a strip shows', () => {
    const recent = probesOf([
      ['ok', 2],
      ['slow', 700],
      ['fail', 1_000],
    ]);
    const text = serverText({ probes: historyOf(recent, { against: 1 }) });
    expect(text).toContain('aria-label="GET /health: 3 probes: 1 ok, 1 slow, 1 failed"');
    expect(text).toContain('fail after 1.00 s, connection refused</title>');
    expect(text).toContain('◆ failing 1 of 3');
    expect(text.match(/<g class="(ok|slow|fail)">/g)).toHaveLength(3);
    expect(serverText({ probes: { service: 'www', server: 'rs1', checks: [] } })).toContain(
      'Nothing checks it',
    );
    expect(probeStrip({ what: 'tcp', recent: [] }, NOW).text).toContain('No probe has been made yet');
    const strange = [
      { at: Number.NaN, result: 'ok', latency_ms: Number.POSITIVE_INFINITY, detail: HOSTILE },
    ] as const;
    expectHarmless(probeStrip({ what: HOSTILE, recent: [...strange] }, NOW).text);
  });

  it('is drawn without what cannot be read just now, and takes names for text', () => {
    expect(serverText().match(/cannot be read/g)?.length).toBeGreaterThanOrEqual(3);
    const server = serverOf({
      service: HOSTILE,
      name: HOSTILE,
      health_reason: HOSTILE,
      because: HOSTILE,
      path: HOSTILE,
    });
    const text = serverText({
      ...{
        service: serviceOf({ name: HOSTILE }),
        server,
        probes: historyOf(probesOf([['fail', 1]]), { what: HOSTILE, target: HOSTILE }),
      },
      ...{
        events: [{ id: 1, at: NOW, kind: HOSTILE, subject: HOSTILE, reason: HOSTILE, evidence: HOSTILE }],
      },
      connections: [connectionOf({ client: HOSTILE, state: HOSTILE })],
    });
    expectHarmless(text);
  });
});

describe('a drain', () => {
  const draining = serverOf({
    admin: 'draining',
    drain: { since: NOW - 600_000, deadline: NOW + 60_000, at_deadline: 'cut' },
  });
  const recent = (left: (ago_s: number) => number) =>
    seriesOf(
      'www/rs1',
      { from: NOW - 120_000, to: NOW, points: 120 },
      (metric, at) => (metric === 'active' ? left((NOW - at) / 1_000) : 0),
      ['active', 'inactive', 'templates'],
      '1s',
    );

  it('says when it will be empty, and that this is after the deadline', () => {
    const { text } = drainPanel(
      draining,
      recent((ago_s) => 300 + ago_s),
      NOW,
    );
    expect(text).toContain('about 5 min from now');
    expect(text).toContain('after the deadline');
    expect(text).toContain('what is left is cut');
  });

  it('says that it cannot tell rather than guess', () => {
    for (const series of [undefined, recent(() => 300)])
      expect(drainPanel(draining, series, NOW).text).toContain('cannot tell yet: ');
    const young = { ...draining, drain: { since: NOW - 5_000 } };
    expect(
      drainPanel(
        young,
        recent((ago_s) => 300 + ago_s),
        NOW,
      ).text,
    ).toContain('cannot tell yet');
    expect(
      leftOf(
        recent(() => 3),
        NOW - 5_000,
      ),
    ).toHaveLength(5);
  });

  it('is over when nothing is left, and is not spoken of where there is none', () => {
    const empty = { ...draining, active: 0, inactive: 0, templates: 0 };
    expect(drainPanel(empty, undefined, NOW).text).toContain('nothing is left');
    const cut = { ...draining, drain: { since: NOW - 600_000, done: NOW - 1_000 } };
    expect(drainPanel(cut, undefined, NOW).text).toMatch(/▲ done .*15 entries went on/);
    expect(drainPanel(serverOf(), undefined, NOW).text).not.toContain('Draining');
    expect([3_000, 62_000, 5_400_000].map(roughly)).toEqual(['5 s', '1 min', '1.5 h']);
  });
});
