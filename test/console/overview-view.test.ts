// What the overview shows, by pictures of every state.
import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ServiceStatus } from '../../director/control/schema.ts';
import { loadAssets } from '../../webui/assets.ts';
import { renderPage } from '../../webui/html/layout.ts';
import type { PageContext, View } from '../../webui/page.ts';
import { readAsked } from '../../webui/pages/overview/asked.ts';
import { toCsv } from '../../webui/pages/overview/csv.ts';
import { servicesThen } from '../../webui/pages/overview/past.ts';
import { find, select } from '../../webui/pages/overview/selection.ts';
import { overviewPages, pastView, presentView } from '../../webui/pages/overview.ts';
import { contextOf } from './support/context.ts';
import { AT, everyState, manyServices, pictureOf, serverOf, serviceOf } from './support/picture.ts';

const assets = loadAssets();

function render(context: PageContext, view: View): string {
  return renderPage(context, view, { theme: 'auto', flashes: [], url: (name) => assets.url(name) });
}

function draw(
  services: readonly ServiceStatus[],
  query: Record<string, string> = {},
  options: Parameters<typeof contextOf>[1] & { status?: Parameters<typeof pictureOf>[1] } = {},
): string {
  const context = contextOf(pictureOf(services, options.status), options);
  return render(context, presentView(context, readAsked(query), {}));
}

/** The row of a subject, as text of what it shows and its classes. */
function row(page: string, subject: string): { classes: string; text: string; html: string } {
  const found = new RegExp(`<tr id="row:${subject}"[^>]*class="([^"]*)">(.*?)</tr>`, 's').exec(page);
  if (found === null) throw new Error(`no row ${subject}`);
  const [, classes = '', html = ''] = found;
  return {
    classes,
    html,
    text: html
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  };
}

/** Orders that a row offers at the moment. */
function offers(page: string, subject: string): string[] {
  return [...row(page, subject).html.matchAll(/data-when="[^"]*"[^>]*>(\w+)</g)]
    .filter(([whole]) => !/ hidden[ >]/.test(whole.slice(0, whole.indexOf('>') + 1)))
    .map(([, word]) => word!);
}

describe('rows', () => {
  const page = draw(everyState());

  it('tell a service by its name, rule and health with a count', () => {
    const { text, classes } = row(page, 'www');
    for (const part of ['tcp://10.0.0.100:80', 'wlc · nat 7, tunnel 1 · 360 s persistent', '◆ degraded 6/8'])
      expect(text).toContain(part);
    expect(classes).toBe('service is-impaired');
    expect(page).toContain('href="/services/www"');
  });

  it('keep what was asked and what was found apart', () => {
    expect(row(page, 'www/rs1').text).toMatch(/● enabled.*▲ up/);
    expect(row(page, 'www/rs2').text).toMatch(/● enabled.*▼ down 3m ago connection refused after 3 ms/);
    expect(row(page, 'www/rs5').text).toMatch(/○ disabled.*▲ up/);
    expect(row(page, 'www/rs8').text).toMatch(/\? unknown not probed yet/);
  });

  it('show both weights where they differ, and why', () => {
    expect(row(page, 'www/rs2').text).toContain('1 → 0 down: taken out');
    expect(row(page, 'www/rs6').text).toContain('5 (configured 1)');
    expect(row(page, 'www/rs7').text).toMatch(/4 → 1\.6 ramping up .*△ warming/);
  });

  it('say how far a drain has got', () => {
    expect(row(page, 'www/rs3').text).toContain('◐ draining, ends in 4m');
    expect(row(page, 'www/rs4').text).toContain('◐ draining, empty');
    const late = serverOf({ admin: 'draining', drain: { since: AT - 9_000, done: AT - 1_000 }, active: 3 });
    expect(row(draw([serviceOf({ servers: [late] })]), 'www/rs1').text).toContain('time is up');
  });

  it('carry their state as classes, so that what is down is seen from afar', () => {
    expect(row(page, 'www/rs2').classes).toBe('server is-enabled is-down');
    expect(row(page, 'mail').classes).toBe('service is-down');
    expect(row(page, 'gone').classes).toBe('service is-leaving');
    expect(row(page, 'www/sorry').classes).toBe('server is-enabled is-sorry');
    expect(row(page, 'www/old1').classes).toBe('server is-removed');
  });

  it('offer only the orders that make sense', () => {
    expect(offers(page, 'www/rs1')).toEqual(['Drain', 'Disable']);
    expect(offers(page, 'www/rs3')).toEqual(['Enable', 'Disable']);
    expect(offers(page, 'www/rs5')).toEqual(['Enable']);
    expect(row(page, 'www/rs1').html).toContain('action="/orders/weight"');
    expect(row(page, 'www/sorry').html).not.toContain('action="/orders/weight"');
    expect(row(page, 'www/old1').html).not.toMatch(/<button|<form|checkbox/);
  });

  it('offer nothing to those who may only look', () => {
    const seen = draw(everyState(), {}, { role: 'viewer' });
    expect(seen).not.toMatch(/action="\/orders|formaction|href="\/orders|type="checkbox"/);
    expect(row(seen, 'www/rs1').text).toContain('▲ up');
  });

  it('of two servers with one name have names of their own', () => {
    const twins = serviceOf({ servers: [serverOf(), serverOf({ role: 'removed', presence: 'leaving' })] });
    const both = draw([twins]);
    expect(row(both, 'www/rs1').classes).toBe('server is-enabled');
    expect(row(both, 'www/rs1#2').classes).toBe('server is-removed');
  });
});

describe('above the rows', () => {
  it('are the problems, with what to do', () => {
    const problems = [
      {
        subject: 'store',
        code: 'x',
        detail: 'the disk is full',
        remedy: 'Make room.',
        since: AT - 60_000,
        next_attempt: AT + 5_000,
      },
      ...Array.from({ length: 7 }, (_, index) => ({
        subject: `s${index}`,
        code: 'y',
        detail: 'broken',
        since: AT,
      })),
    ];
    const text = draw([serviceOf()], {}, { status: { problems } })
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ');
    expect(text).toContain('▼ store: the disk is full 1m ago Make room. next attempt in 5s');
    expect(text).toContain('and 2 problems more');
  });

  it('is an alarm when both directors are active, or none', () => {
    const ha = (role: 'active' | 'standby') => ({
      ...{ pair: true, node: 'lb1', role: 'active' as const, because: '' },
      peer: { name: 'lb2', heard: true, role },
    });
    expect(draw([], {}, { status: { ha: ha('active') } })).toContain('Both directors are active');
    expect(draw([], {}, { status: { role: 'standby', ha: ha('standby') } })).toContain(
      'No director is active',
    );
    expect(draw([], {}, { status: { ha: ha('standby') } })).not.toMatch(/Both directors|No director/);
  });

  it('is a word for an empty page', () => {
    expect(draw([])).toContain('No services are configured.');
    expect(draw([serviceOf()], { q: 'nothing like it' })).toContain('Nothing is found.');
    expect(draw([serviceOf()], { states: 'trouble' })).toContain('Nothing is in trouble.');
    const context = contextOf(undefined);
    expect(presentView(context, readAsked({}), {}).body.text).toContain('once the director is heard');
  });
});

describe('selection', () => {
  const services = [...everyState(), ...manyServices(200, 20)];
  const names = (query: Record<string, string>): string[] =>
    find(services, readAsked(query)).map(({ service, servers }) => `${service.name} ${servers.length}`);

  it('finds services with all of their servers, or single servers', () => {
    expect(names({ q: 'mail' })).toEqual(['mail 1']);
    expect(names({ q: 'www rs2' })).toEqual(['www 1']);
    expect(names({ q: '10.1.0.99' })).toEqual(['www 1', 'shop 1']);
    expect(names({ q: 'GROUP3-service7' })).toEqual(['group3-service7 20']);
    expect(names({ q: 'drain' })).toEqual(['www 2']);
  });

  it('finds trouble', () => {
    expect(names({ states: 'trouble' })).toEqual(['www 7', 'mail 1', 'shop 2', 'new 1', 'empty 0', 'gone 0']);
  });

  it('orders by name, by health, by load', () => {
    expect(names({ sort: 'health' }).slice(0, 2)).toEqual(['mail 1', 'shop 2']);
    expect(names({ sort: 'name', q: 'group0-service1' })[1]).toBe('group0-service10 20');
    const [busiest] = find(services, readAsked({ sort: 'load' }));
    expect(busiest!.service.active).toBe(Math.max(...services.map(({ active }) => active)));
  });

  it('turns pages, and never beyond the last', () => {
    expect(select(services, readAsked({ page: '3' }))).toMatchObject({ services: 207, page: 3, pages: 9 });
    expect(select(services, readAsked({ page: '99' }))).toMatchObject({ page: 9 });
    expect(select(services, readAsked({ page: 'all' })).shown).toHaveLength(207);
  });
});

describe('the past', () => {
  const subjects = {
    director: { active_role: 1 },
    www: { health: 4, active: 40, connections_per_s: 7 },
    'www/rs1': { health: 5, admin: 0, weight_effective: 1, active: 40, latency_ms: 3 },
    'www/rs2': { health: 2, admin: 2, weight_effective: 0 },
    'old/rs1': { health: 5 },
    old: { health: 5 },
  };
  const then = servicesThen({ at: AT, level: '1m', subjects }, everyState());

  it('is a picture like the present, with addresses of now where there are any', () => {
    expect(
      then.map(({ name, health, servers_up, servers_total }) => [name, health, servers_up, servers_total]),
    ).toEqual([
      ['www', 'degraded', 1, 2],
      ['old', 'up', 1, 1],
    ]);
    expect(then[0]!.servers[1]).toMatchObject({ admin: 'disabled', health: 'down', address: '10.1.0.22:80' });
  });

  it('says that it is the past, offers nothing, and is not kept going', () => {
    const context = contextOf(pictureOf(everyState()));
    const asked = { ...readAsked({}), at: AT - (AT % 60_000) };
    const view = pastView(context, asked, { services: then, found: AT, what: 'Means of that minute.' });
    const page = render(context, view);
    for (const part of [
      'This is the past',
      'at=2026-11-25T22%3A49',
      'at=2026-11-25T22%3A51',
      '/events?from=',
      'Back to now',
    ])
      expect(page).toContain(part);
    expect(view.body.text).not.toMatch(/data-live|\/orders|checkbox/);
    expect(view.live).toBeUndefined();
    expect(row(page, 'www/rs2').text).toMatch(/disabled.*▼ down/);
  });

  it('says since when history is kept where nothing was sampled', async () => {
    const replies = {
      moment: { at: AT, level: '1s', subjects: {} },
      history: {
        state: 'ok',
        bytes: 0,
        bytes_max: 0,
        subjects: 0,
        dropped: 0,
        levels: [{ level: '1s', keep_ms: 1, oldest: AT }],
      },
    };
    const context = contextOf(pictureOf([]), { query: { at: '2020-01-01T00:00' }, replies });
    const shown = await overviewPages[0]!.handle(context);
    expect(shown).toMatchObject({ kind: 'view' });
    expect((shown as View).body.text).toContain('The history begins at 2026-11-25 22:50:39 UTC.');
  });
});

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='x'>\`&`;

describe('hostile text', () => {
  it('never becomes markup, wherever it stands', () => {
    const server = serverOf({
      ...{ service: HOSTILE, name: HOSTILE, address: HOSTILE, because: HOSTILE, health_reason: HOSTILE },
      ...{ health: 'down', weight_effective: 0 },
    });
    const service = serviceOf({
      name: HOSTILE,
      listen: HOSTILE,
      scheduler: HOSTILE,
      because: HOSTILE,
      servers: [server],
    });
    const status = {
      problems: [{ subject: HOSTILE, code: HOSTILE, detail: HOSTILE, remedy: HOSTILE, since: AT }],
      revision: { number: 1, at: AT, author: HOSTILE, comment: HOSTILE, hash: '' },
    };
    const page = draw([service], { q: '' }, { status });
    expect(page).not.toMatch(/<script>|<img|onerror='/);
    expect(page.match(/<script /g)).toHaveLength(4); // our own, by their addresses
    expect(draw([service], { q: HOSTILE })).not.toMatch(/<script>|<img/);
  });

  it('is no formula in a spreadsheet, and stays in its field', () => {
    for (const start of ['=', '+', '-', '@', '\t', '\r']) {
      const name = `${start}cmd|' /C calc'!A0,"x"\r\n`;
      const csv = toCsv([{ service: serviceOf({ name, servers: [] }), servers: [] }]);
      expect(csv).toContain(`,"'${start}cmd|' /C calc'!A0,""x""\r\n",`);
    }
    const plain = toCsv(find([serviceOf()], readAsked({})));
    expect(plain.split('\r\n')).toHaveLength(5);
    expect(plain).toContain('server,www,rs1,10.1.0.21:80,,,nat,server,enabled,up,');
  });
});

it('takes at most 60 KB on the wire for 20 services with 10 servers each', () => {
  const context = contextOf(pictureOf(manyServices(20, 10)));
  const sparks = Object.fromEntries(
    context.picture!.services.map(({ name }, index) => [
      name,
      Array.from({ length: 120 }, (_, second) => (second * 7_919 + index * 104_729) % 997),
    ]),
  );
  const page = render(context, presentView(context, readAsked({}), sparks));
  expect(page.match(/<polyline/g)).toHaveLength(20);
  expect(zlib.gzipSync(page, { level: 4 }).length).toBeLessThanOrEqual(60_000);
});
