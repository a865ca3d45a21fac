// The overview over a real console and a real director: orders, what is refused and how that is told, exports.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { configurationText, until } from '../cli/support/instance.ts';
import { ConsoleSite, type Visitor } from './support/site.ts';

let site: ConsoleSite;
let visitor: Visitor;

beforeAll(async () => {
  site = await ConsoleSite.open();
  visitor = await site.visitor('operator');
});
afterAll(() => site[Symbol.asyncDispose]());

const server = (name: string) =>
  site.instance.client.call('server', { params: { service: 'www', server: name } });

beforeEach(async () => {
  for (const name of ['rs1', 'rs2']) {
    const params = { service: 'www', server: name };
    await site.instance.client.call('enable', { params, ifMatch: '*' });
    await site.instance.client.call('weight', { params, ifMatch: '*', body: { weight: null } });
  }
  await until(async () => (await server('rs1')).health === 'up' && (await server('rs2')).health === 'up');
});

/** The revision that the page on screen was drawn for. */
async function revision(): Promise<string> {
  const { text } = await visitor.get('/');
  return /name="revision" value="(\d+)"/.exec(text)?.[1] ?? '';
}

const JSON_ANSWER = { accept: 'application/json' };

describe('orders', () => {
  it('asks for a drain’s terms first, with what is on the server, then drains', async () => {
    const { text } = await visitor.get('/orders/drain?server=www%2Frs1');
    for (const part of ['Drain www/rs1', 'Templates', 'name="deadline"', 'value="cut"'])
      expect(text).toContain(part);
    const answer = await visitor.post('/orders/drain', {
      ...{ server: 'www/rs1', revision: await revision(), sure: '1', back: '/?q=www' },
      ...{ deadline: '5', unit: 'minutes', left: 'cut' },
    });
    expect([answer.status, answer.to]).toEqual([303, '/?q=www']);
    const { admin, drain } = await server('rs1');
    expect(admin).toBe('draining');
    expect(drain).toMatchObject({ at_deadline: 'cut', deadline: drain!.since + 300_000 });
    const after = (await visitor.get(answer.to!)).text;
    expect(after).toContain('www/rs1: draining, effective weight 0');
    expect(after).toContain('class="server is-draining"'); // at once, not only with the next picture
  });

  it('does nothing before one is sure', async () => {
    const given = { server: 'www/rs1', revision: await revision() };
    expect((await visitor.post('/orders/drain', given)).text).toContain('What is left at the deadline');
    expect((await visitor.post('/orders/disable', given)).text).toContain('told at their next packet');
    expect((await server('rs1')).admin).toBe('enabled');
  });

  it('disables, warns of the last one, and enables again', async () => {
    const given = { revision: await revision(), sure: '1' };
    await visitor.post('/orders/disable', { ...given, server: 'www/rs1' });
    expect((await server('rs1')).admin).toBe('disabled');
    const { text } = await visitor.get('/orders/disable?server=www/rs2');
    expect(text).toContain('No other server of www takes connections');
    await visitor.post('/orders/enable', { ...given, server: 'www/rs1' });
    expect((await server('rs1')).admin).toBe('enabled');
  });

  it('sets a weight and takes it back', async () => {
    const given = { server: 'www/rs2', revision: await revision() };
    await visitor.post('/orders/weight', { ...given, weight: '7' });
    expect((await server('rs2')).weight_ordered).toBe(7);
    const wrong = await visitor.post('/orders/weight', { ...given, weight: 'much' });
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('“much” is no weight.')]);
    await visitor.post('/orders/weight', { ...given, weight: 'default' });
    expect((await server('rs2')).weight_ordered).toBeUndefined();
  });

  it('tells what became of each of several, and does what can be done', async () => {
    const fields = new URLSearchParams({ csrf: visitor.csrf, revision: await revision() });
    fields.set('csrf', visitor.csrf);
    for (const name of ['www/rs1', 'www/rs9', 'www/rs2']) fields.append('server', name);
    fields.set('weight', '3');
    const headers = { 'content-type': 'application/x-www-form-urlencoded', ...JSON_ANSWER };
    const { text } = await visitor.request('POST', '/orders/weight', fields.toString(), headers);
    const { flash } = JSON.parse(text) as { flash: { tone: string; text: string; items: string[] } };
    expect(flash).toMatchObject({ tone: 'bad', text: '1 of 3 servers not done:' });
    expect(flash.items.map((item) => item.slice(0, 17))).toEqual([
      'www/rs9: not done',
      'www/rs1: enabled,',
      'www/rs2: enabled,',
    ]);
    expect([(await server('rs1')).weight_ordered, (await server('rs2')).weight_ordered]).toEqual([3, 3]);
  });

  it('are recorded in the name of who gave them', async () => {
    await visitor.post('/orders/weight', { server: 'www/rs1', revision: await revision(), weight: '2' });
    const { events } = await site.instance.client.call('events', { query: { limit: 1_000 } });
    expect(events.at(-1)).toMatchObject({ kind: 'weight-ordered', subject: 'www/rs1' });
    expect(events.at(-1)!.reason).not.toContain('unknown');
  });

  it('are refused without a server, without a revision, and for a server that is not there', async () => {
    const known = await revision();
    const answers = [
      await visitor.post('/orders/enable', { revision: known }),
      await visitor.post('/orders/enable', { server: 'www/rs1' }),
      await visitor.post('/orders/enable', { server: 'www/nobody', revision: known }),
      await visitor.get('/orders/drain'),
      await visitor.get('/orders/drain?server=www%2Fnobody'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 404, 400, 404]);
  });
});

describe('somebody who may only look', () => {
  it('sees everything, is offered nothing, and is refused what they try all the same', async () => {
    const viewer = await site.visitor('viewer');
    const { text } = await viewer.get('/');
    expect(text).toContain('id="row:www/rs1"');
    expect(text).not.toMatch(/\/orders\/|name="server"/);
    expect((await viewer.get('/orders/drain?server=www%2Frs1')).status).toBe(403);
    const given = { server: 'www/rs1', revision: await revision(), sure: '1' };
    for (const order of ['drain', 'disable', 'enable', 'weight'])
      expect((await viewer.post(`/orders/${order}`, { ...given, weight: '1' })).status).toBe(403);
    expect((await server('rs1')).admin).toBe('enabled');
    expect((await viewer.get('/overview.csv')).status).toBe(200);
  });
});

describe('a page of an older configuration', () => {
  it('changes nothing, and the answer says what has changed, by whom and why', async () => {
    const old = await revision();
    const [rs1, rs2] = site.reals;
    const text = configurationText({ servers: { rs1: rs1.port, rs2: rs2.port }, scheduler: `wrr` });
    const file = site.instance.file('next.yaml', text);
    const applied = await site.instance.cli('apply', file, '--comment', 'weights <b>count</b>');
    expect(applied.status).toBe(0);
    const given = { server: 'www/rs1', revision: old, weight: '9' };
    const answer = await visitor.post('/orders/weight', given);
    expect(answer.status).toBe(412);
    const now = String(Number(old) + 1);
    for (const part of [
      'Nothing was done.',
      `revision ${now} is in force`,
      'weights &lt;b&gt;count&lt;/b&gt;',
      `/configuration/diff?from=${old}&amp;to=${now}`,
    ])
      expect(answer.text).toContain(part);
    const { status, text: told } = await visitor.post('/orders/weight', given, JSON_ANSWER);
    expect([status, JSON.parse(told)]).toEqual([
      412,
      {
        flash: expect.objectContaining({
          tone: 'bad',
          items: [expect.stringContaining(`revision ${now} by `)],
        }),
      },
    ]);
    expect((await server('rs1')).weight_ordered).toBeUndefined();
    await until(async () => (await revision()) === now);
    await visitor.post('/orders/weight', { ...given, revision: now });
    expect((await server('rs1')).weight_ordered).toBe(9);
  });
});

describe('what is shown', () => {
  it('is filtered by the server, and exported as it is filtered', async () => {
    const { text } = await visitor.get('/?q=rs2');
    expect([text.includes('id="row:www/rs2"'), text.includes('id="row:www/rs1"')]).toEqual([true, false]);
    const csv = await visitor.get('/overview.csv?q=rs2');
    expect(csv.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': expect.stringMatching(/^attachment; filename="overview-[\d-]+\.csv"$/),
    });
    expect(
      csv.text
        .trim()
        .split('\r\n')
        .map((line) => line.split(',').slice(0, 3).join()),
    ).toEqual(['kind,service,server', 'service,www,', 'server,www,rs2']);
  });

  it('survives whatever is written into its address', async () => {
    const hostile = encodeURIComponent(`"><script>alert(1)</script>`);
    for (const query of [
      `q=${hostile}`,
      `page=${hostile}&sort=${hostile}`,
      `states=${hostile}`,
      'q=a&q=b&page=-1',
    ])
      expect((await visitor.get(`/?${query}`)).text).not.toContain('<script>alert');
    expect((await visitor.get(`/?at=${hostile}`)).status).toBe(200);
  });

  it('is the past where a minute is asked for', async () => {
    const { status, text } = await visitor.get('/?at=2026-11-25T22:50');
    expect(status).toBe(200);
    for (const part of ['This is the past', 'Back to now']) expect(text).toContain(part);
    expect(text).not.toContain('/orders/');
  });

  it('says that it is old while the director is away', async () => {
    await site.instance.end('SIGKILL');
    await until(async () => (await visitor.get('/')).text.includes('The director does not answer.'));
    const { text } = await visitor.get('/');
    expect(text).toContain('class="is-stale"');
    expect(text).toContain('id="row:www/rs1"');
    const answer = await visitor.post('/orders/enable', { server: 'www/rs1', revision: '1' });
    expect([answer.status, answer.text]).toEqual([
      503,
      expect.stringContaining('fairlead is not running here'),
    ]);
  });
});
