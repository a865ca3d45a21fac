// Services, real servers, monitors and connections over the real console, in front of a single director.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../director/control/client.ts';
import type { PageContext } from '../../webui/page.ts';
import { connectionPages } from '../../webui/pages/connections.ts';
import { connectionOf } from './support/detail.ts';
import { ConsoleSite, type Visitor } from './support/site.ts';

let site: ConsoleSite;
let visitor: Visitor;

const PATIENCE_MS = 60_000;
const PATIENT = { timeout: 25_000, interval: 100 };

beforeAll(async () => {
  site = await ConsoleSite.open();
  visitor = await site.visitor('operator');
}, PATIENCE_MS);
afterAll(() => site[Symbol.asyncDispose]());

describe('the page of a service', () => {
  it('has its facts, its servers, its events and its charts', async () => {
    const { status, text } = await visitor.get('/services/www');
    expect(status).toBe(200);
    for (const part of [
      'tcp://127.0.0.100:80',
      'href="/services/www/servers/rs1"',
      'data-source="/services/www/series.json"',
    ])
      expect(text).toContain(part);
    expect(text).toMatch(/\/assets\/chart\.\w+\.js/);
    expect(text).toMatch(/\/assets\/uplot\.\w+\.css/);
    expect(text).not.toMatch(/ style="|<script>|onclick/);
  });

  it('says whom a client would get, by an address that can be sent to somebody', async () => {
    await expect
      .poll(async () => (await visitor.get('/services/www?client=192.0.2.1')).text, PATIENT)
      .toMatch(/▲ forward[\s\S]*192\.0\.2\.1:40000[\s\S]*<ol class="reasons"><li>/);
    const wrong = await visitor.get('/services/www?client=nonsense%3Cb%3E');
    expect(wrong.status).toBe(400);
    expect(wrong.text).toContain('is no client address and port');
    expect(wrong.text).toContain('nonsense&lt;b&gt;');
    expect(wrong.text).toContain('Real servers');
  });

  it('draws what was sampled meanwhile', async () => {
    const points = async (): Promise<number> => {
      const { text } = await visitor.get('/services/www/series.json');
      const { series } = JSON.parse(text) as { series: { values: Record<string, (number | null)[]> } };
      return (series.values.connections_per_s ?? []).filter((value) => value !== null).length;
    };
    await expect.poll(points, PATIENT).toBeGreaterThan(2);
    expect((await visitor.get('/services/www')).text).toMatch(/aria-label="New connections: new: 0\/s to/);
  });

  it('gives the series of its charts, for the span that was asked for', async () => {
    const { status, headers, text } = await visitor.get('/services/www/series.json?range=24h&points=500');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    const answer = JSON.parse(text) as {
      from: number;
      to: number;
      range: string;
      series: { subject: string };
    };
    expect(answer.to - answer.from).toBe(86_400_000);
    expect(answer).toMatchObject({ range: '24h', series: { subject: 'www' } });
    const fixed = await visitor.get('/services/www/servers/rs1/series.json?from=1000000&to=2000000');
    expect(JSON.parse(fixed.text)).toMatchObject({
      from: 1_000_000,
      to: 2_000_000,
      series: { subject: 'www/rs1' },
    });
  });

  it.each([
    ['/services/wwx', 'www'],
    ['/services/wwx/series.json', 'www'],
    ['/services/wwx/servers/rs1', 'www'],
    ['/services/www/servers/rs', 'rs1'],
    ['/services/www/servers/rs/series.json', 'rs1'],
    ['/connections?service=wwx', 'www'],
  ])('answers %s with the nearest name', async (target, nearest) => {
    const { status, text } = await visitor.get(target);
    expect(status).toBe(404);
    expect(text).toContain(nearest);
  });

  it('is for those who are logged in', async () => {
    for (const target of ['/services/www', '/services/www/series.json', '/monitors', '/connections'])
      expect((await site.stranger().get(target)).to).toContain('/login?to=');
  });
});

describe('the page of a real server', () => {
  it('has its probes one by one, orders with the revision it was drawn for, and its drain', async () => {
    await expect
      .poll(async () => (await visitor.get('/services/www/servers/rs1')).text, PATIENT)
      .toMatch(/<g class="(ok|slow)"><title>[^<]+ UTC: (ok|slow) after/);
    const params = { service: 'www', server: 'rs1' };
    await site.instance.client.call('drain', { params, ifMatch: '*', body: { deadline_ms: 600_000 } });
    await expect
      .poll(async () => (await visitor.get('/services/www/servers/rs1')).text, PATIENT)
      .toContain('◐ Draining');
    const { text } = await visitor.get('/services/www/servers/rs1');
    const { revision } = await site.instance.client.call('status');
    expect(text).toContain(`name="revision" value="${revision.number}"`);
    expect(text).toContain('action="/orders/enable"');
    expect(text).toContain('drain-ordered');
    await site.instance.client.call('enable', { params, ifMatch: '*' });
  });

  it('takes orders by its own forms, and is there again afterwards', async () => {
    const page = (await visitor.get('/services/www/servers/rs2')).text;
    const field = (name: string): string =>
      new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? '';
    const fields = { server: field('server'), back: field('back'), revision: field('revision') };
    const drained = await visitor.post('/orders/drain', {
      ...fields,
      sure: '1',
      deadline: '10',
      unit: 'minutes',
      left: 'cut',
    });
    expect(drained.to).toBe('/services/www/servers/rs2');
    const params = { service: 'www', server: 'rs2' };
    expect((await site.instance.client.call('server', { params })).drain).toMatchObject({
      at_deadline: 'cut',
    });
    expect((await visitor.get(drained.to!)).text).toContain('www/rs2: draining');
    await visitor.post('/orders/weight', { ...fields, weight: '7' });
    const enabled = await visitor.submit('/orders/enable', fields);
    expect(enabled.text).toContain('configured 1, ordered 7');
    expect((await visitor.post('/orders/enable', { ...fields, revision: '999' })).status).toBe(412);
  });
});

describe('monitors', () => {
  it('are listed, filtered, and probed now, with the outcome', async () => {
    const { status, text } = await visitor.get('/monitors');
    expect(status).toBe(200);
    expect(text).toContain('>www/rs1<');
    expect((await visitor.get('/monitors?q=rs2')).text).not.toContain('>www/rs1</a></span></th>');
    const answer = await visitor.post('/monitors/probe', { server: 'www/rs1', back: '/monitors?q=www' });
    expect(answer.status).toBe(303);
    expect(answer.to).toMatch(/^\/monitors\?q=www&probed=\d+&of=www%2Frs1$/);
    const parts = await visitor.get('/monitors', { 'fairlead-parts': '1' });
    expect(parts.text).not.toContain('probed now.');
    const first = await visitor.get(answer.to!);
    expect(first.text).toContain('1 check is probed now.');
    await expect
      .poll(async () => (await visitor.get(answer.to!)).text, PATIENT)
      .toContain('1 of 1 answered, none failed');
  });

  it('are probed all at once, or from the page of a server', async () => {
    const all = await visitor.submit('/monitors/probe', { server: '' });
    expect(all.text).toContain('2 checks are probed now.');
    const one = await visitor.post('/monitors/probe', {
      server: 'www/rs2',
      back: '/services/www/servers/rs2',
    });
    expect(one.to).toMatch(/^\/services\/www\/servers\/rs2\?probed=\d+#probes$/);
    const elsewhere = await visitor.post('/monitors/probe', { server: 'www/rs2', back: '//evil.example/' });
    expect(elsewhere.to).toMatch(/^\/monitors\?/);
  });

  it('refuse what is no server, and those who may only look', async () => {
    expect((await visitor.post('/monitors/probe', { server: 'a/b/c' })).status).toBe(400);
    const unknown = await visitor.post('/monitors/probe', { server: 'www/rs9' });
    expect(unknown.status).toBe(404);
    const viewer = await site.visitor('viewer');
    expect((await viewer.get('/monitors')).text).not.toContain('Probe now');
    expect((await viewer.post('/monitors/probe', { server: '' })).status).toBe(403);
  });
});

describe('connections', () => {
  it('are searched, and say what is wrong with a search', async () => {
    const { status, text } = await visitor.get(
      '/connections?service=www&kind=template&client=192.0.2.1&state=',
    );
    expect(status).toBe(200);
    expect(text).toContain('Nothing is found.');
    expect(text).toContain('value="192.0.2.1"');
    const wrong = await visitor.get('/connections?client=192.0.2.1:80');
    expect(wrong.status).toBe(400);
    expect(wrong.text).toContain('Write an address without port');
    expect((await visitor.get('/connections?state=nonsense')).text).toContain('States are');
    expect((await visitor.get('/connections?page=-1&kind=x')).status).toBe(200);
  });

  it('can be kept as CSV in which no name is a formula', async () => {
    const file = await visitor.get('/connections.csv?service=www');
    expect(file.headers['content-type']).toContain('text/csv');
    expect(file.text).toMatch(/^kind,protocol,client,/);
    const page = connectionPages.find(({ path }) => path === '/connections.csv');
    const connections = [
      connectionOf({ server_name: '=HYPERLINK("https://evil.example","rs1")', service: '@SUM(A1)' }),
    ];
    const client = { call: async () => ({ connections, truncated: false }) } as unknown as ControlClient;
    const outcome = await page!.handle({
      client,
      query: {},
      picture: undefined,
      now: 0,
    } as unknown as PageContext);
    const body = outcome.kind === 'download' ? String(outcome.body) : '';
    expect(body).toContain(`"'=HYPERLINK(""https://evil.example"",""rs1"")"`);
    expect(body).toContain("'@SUM(A1)");
  });
});
