// The overview as people see it: in a real browser, before a real console and a real director.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../cli/support/instance.ts';
import { ConsoleSite } from '../console/support/site.ts';
import { logIn, openBrowser, overflow, PHONE, type Surfing } from './support/browser.ts';

let site: ConsoleSite;
let surfing: Surfing;

beforeAll(async () => {
  site = await ConsoleSite.open();
  await site.account('admin');
});
afterAll(() => site[Symbol.asyncDispose]());
afterEach(() => surfing[Symbol.asyncDispose]());

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

const ROW = (name: string): string => `[id="row:www/${name}"]`;

describe('the overview with JavaScript', () => {
  beforeEach(async () => {
    surfing = await openBrowser();
    await logIn(surfing.page, site.url);
  });
  afterEach(() => expect(surfing.faults).toEqual([]));

  it('is what one sees after the login', async () => {
    const { page } = surfing;
    expect(new URL(page.url()).pathname).toBe('/');
    await page.locator(ROW('rs1')).getByText('▲ up').waitFor();
    expect(await overflow(page)).toBe(0);
  });

  it('shows that a real server died, and that it is back, without being loaded again', async () => {
    const { page } = surfing;
    await page.evaluate('globalThis.stillTheSame = true');
    const [, rs2] = site.reals;
    await rs2.down();
    try {
      await page
        .locator(`${ROW('rs2')}.is-down`)
        .getByText('▼ down')
        .waitFor();
      await page.locator('[id="row:www"]').getByText('◆ degraded 1/2').waitFor();
      await page.locator('header').getByText('impaired').waitFor();
    } finally {
      await rs2.up();
    }
    await page
      .locator(`${ROW('rs2')}:not(.is-down)`)
      .getByText('▲ up')
      .waitFor();
    expect(await page.evaluate('globalThis.stillTheSame')).toBe(true);
  });

  it('sets a weight in place, and shows it at once', async () => {
    const { page } = surfing;
    const row = page.locator(ROW('rs1'));
    await row.getByText('Weight').click();
    await row.getByLabel('Weight of www/rs1').fill('6');
    await row.getByRole('button', { name: 'Set' }).click();
    await page.locator('#toast').getByText('www/rs1: enabled, effective weight 6').waitFor();
    await row.getByText('6 (configured 1)').waitFor();
    expect((await server('rs1')).weight_ordered).toBe(6);
  });

  it('drains by way of its terms, and then offers to enable instead', async () => {
    const { page } = surfing;
    await page.locator(ROW('rs1')).getByRole('link', { name: 'Drain' }).click();
    await page.getByLabel('Deadline').fill('10');
    await page.getByLabel('is cut').check();
    await page.getByRole('button', { name: 'Drain www/rs1' }).click();
    await page.locator(`${ROW('rs1')}.is-draining`).waitFor();
    expect((await server('rs1')).drain).toMatchObject({ at_deadline: 'cut' });
    const row = page.locator(ROW('rs1'));
    expect(await row.getByRole('link', { name: 'Drain' }).isVisible()).toBe(false);
    await row.getByRole('button', { name: 'Enable' }).click();
    await page
      .locator(`${ROW('rs1')}.is-enabled`)
      .getByRole('link', { name: 'Drain' })
      .waitFor();
    expect(await row.getByRole('button', { name: 'Enable' }).isVisible()).toBe(false);
  });

  it('acts on all that are selected', async () => {
    const { page } = surfing;
    const bar = page.locator('#bulk');
    expect(await bar.isVisible()).toBe(false);
    await page.getByLabel('Select all servers of www').check();
    await bar.getByText('2 selected').waitFor();
    await bar.getByLabel('Weight').fill('4');
    await bar.getByRole('button', { name: 'Set weight' }).click();
    await page.locator('#toast').getByText('2 servers done:').waitFor();
    await bar.waitFor({ state: 'hidden' });
    expect([(await server('rs1')).weight_ordered, (await server('rs2')).weight_ordered]).toEqual([4, 4]);
  });

  it('filters as one types, and selects nothing that cannot be seen', async () => {
    const { page } = surfing;
    await page.locator(ROW('rs1')).getByRole('checkbox').check();
    await page.keyboard.press('Escape');
    await page.getByLabel('Filter').fill('rs2');
    await page.locator(ROW('rs1')).waitFor({ state: 'hidden' });
    expect(await page.locator(ROW('rs2')).isVisible()).toBe(true);
    expect(await page.locator('input[name="server"]:checked').count()).toBe(0);
    await page.getByLabel('Filter').fill('nobody');
    await page.getByText('Nothing on this page is found').waitFor();
  });

  it('goes by the keyboard, but not while one types', async () => {
    const { page } = surfing;
    await page.keyboard.press('/');
    await page.keyboard.type('jd?');
    expect(await page.getByLabel('Filter').inputValue()).toBe('jd?');
    await page.getByLabel('Filter').fill('');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('heading', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Keys' }).waitFor({ state: 'hidden' });
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    expect(await page.locator('tr.is-here').getAttribute('id')).toBe('row:www/rs1');
    await page.keyboard.press('x');
    expect(await page.locator(ROW('rs1')).getByRole('checkbox').isChecked()).toBe(true);
    await page.keyboard.press('x');
    await page.keyboard.press('d');
    await page.getByRole('heading', { name: 'Drain www/rs1' }).waitFor();
    await page.locator('main').click({ position: { x: 1, y: 1 } });
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  });
});

describe('the overview without JavaScript', () => {
  it('drains, sets weights and acts on several all the same', async () => {
    surfing = await openBrowser({ javaScriptEnabled: false });
    const { page } = surfing;
    await logIn(page, site.url);
    await page.locator(ROW('rs1')).getByRole('link', { name: 'Drain' }).click();
    await page.getByRole('button', { name: 'Drain www/rs1' }).click();
    await page.getByText('www/rs1: draining').waitFor();
    await page
      .locator(`${ROW('rs1')}.is-draining`)
      .getByRole('button', { name: 'Enable' })
      .click();
    await page.getByText('www/rs1: enabled').waitFor();
    const row = page.locator(ROW('rs2'));
    await row.getByText('Weight').click();
    await row.getByLabel('Weight of www/rs2').fill('5');
    await row.getByRole('button', { name: 'Set' }).click();
    await page.getByText('www/rs2: enabled, effective weight 5').waitFor();
    for (const name of ['rs1', 'rs2']) await page.locator(ROW(name)).getByRole('checkbox').check();
    await page.locator('#bulk').getByRole('button', { name: 'Disable…' }).click();
    await page.getByText('No other server of www takes connections').waitFor();
    await page.getByRole('button', { name: 'Disable 2 servers' }).click();
    await page.getByText('2 servers done:').waitFor();
    expect([(await server('rs1')).admin, (await server('rs2')).admin]).toEqual(['disabled', 'disabled']);
  });
});

describe('the overview on a phone and at night', () => {
  it('needs no scrolling to the side', async () => {
    surfing = await openBrowser({ viewport: PHONE, hasTouch: true, isMobile: true });
    const { page } = surfing;
    await logIn(page, site.url);
    await page.locator(ROW('rs1')).getByText('▲ up').waitFor();
    expect(await overflow(page)).toBe(0);
    await page.locator(ROW('rs1')).getByText('Weight', { exact: true }).last().click();
    expect(await overflow(page)).toBe(0);
    await page.locator(ROW('rs1')).getByRole('link', { name: 'Drain' }).click();
    await page.getByRole('heading', { name: 'Drain www/rs1' }).waitFor();
    expect(await overflow(page)).toBe(0);
  });

  it('is dark where the system is, or where one says so', async () => {
    surfing = await openBrowser({ colorScheme: 'dark' });
    const { page } = surfing;
    await logIn(page, site.url);
    const lightness = (): Promise<number> =>
      page.evaluate(
        'getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((sum, each) => sum + Number(each), 0)',
      );
    expect(await lightness()).toBeLessThan(200);
    await page.getByLabel('Colours').selectOption('light');
    await page.getByRole('button', { name: 'Set', exact: true }).last().click();
    await page.locator('html[data-theme="light"]').waitFor();
    expect(await lightness()).toBeGreaterThan(600);
  });
});
