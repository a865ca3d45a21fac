// Changing the configuration in a real browser: a file is read into the editor, problems lead into the text, differences
// are seen before they count, and a text survives somebody else's change. Without scripts it goes the same way.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configurationText } from '../cli/support/instance.ts';
import { ConsoleSite } from '../console/support/site.ts';
import { logIn, openBrowser, overflow, PHONE, type Surfing } from './support/browser.ts';

const PATIENCE_MS = 60_000;
const PATIENT = { timeout: 25_000, interval: 50 };

let site: ConsoleSite;
let surfing: Surfing;
let page: Page;
let text: string;

const inForce = async (): Promise<string> => {
  const { client } = site.instance;
  const { current } = await client.call('revisions');
  return (await client.call('revision', { params: { revision: String(current) } })).text;
};
const press = (name: string | RegExp, on = page): Promise<void> =>
  on.getByRole('button', { name }).first().click();

beforeAll(async () => {
  site = await ConsoleSite.open();
  await site.account('admin');
  text = configurationText({ servers: { rs1: site.reals[0].port, rs2: site.reals[1].port } });
  surfing = await openBrowser();
  page = surfing.page;
  await logIn(page, site.url);
}, PATIENCE_MS);
afterAll(async () => {
  await surfing?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

describe('the configuration in a browser', () => {
  it(
    'is read from a file, and each problem leads to its place in the text',
    async () => {
      await page.goto(`${site.url}configuration/edit`);
      const file = site.instance.file('next.yaml', text.replace('scheduler: wlc', 'scheduler: fastest'));
      await page.locator('input[type=file]').setInputFiles(file);
      await expect.poll(() => page.locator('#text').inputValue(), PATIENT).toContain('fastest');
      await press('Validate');
      await page.waitForURL(/\/configuration\/check$/);
      expect(await page.locator('.lines tr.noted.bad').count()).toBe(1);
      await page.locator('.places a').first().click();
      const marked = await page.evaluate(
        'document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)',
      );
      expect(marked).toBe('fastest');
      expect(await page.locator('#place').textContent()).toBe('line 8, column 16');
      const binary = site.instance.file('picture.yaml', Buffer.from([0xff, 0xd8, 0xff]));
      await page.locator('input[type=file]').setInputFiles(binary);
      await expect.poll(() => page.locator('#upload-trouble').textContent(), PATIENT).toContain('no text');
      expect(await page.locator('#text').inputValue()).toContain('fastest');
    },
    PATIENCE_MS,
  );

  it(
    'is applied once the differences were seen, with a comment',
    async () => {
      await page.goto(`${site.url}configuration/edit`);
      await page.locator('#text').fill(text.replace('fall: 2', 'fall: 5'));
      await press('Review the changes');
      await page.waitForURL(/\/configuration\/diff$/);
      expect(await page.locator('tr.removed .sign').textContent()).toBe('−');
      expect(await page.locator('tr.added mark').textContent()).toBe('5');
      expect(await page.locator('.plan').textContent()).toContain('monitors.1.fall: 2 -> 5');
      expect(await inForce()).toBe(text);
      await page.getByLabel(/Comment/).fill('slower to give up');
      await press(/^Apply as revision/);
      await page.waitForURL(/\/configuration\/applied\//);
      expect(await page.locator('#main').textContent()).toContain('slower to give up');
      expect(await inForce()).toBe(text.replace('fall: 2', 'fall: 5'));
    },
    PATIENCE_MS,
  );

  it(
    'asks before changes that were not sent are left behind',
    async () => {
      await page.goto(`${site.url}configuration/edit`);
      await page.locator('#text').pressSequentially('#');
      const asked = page.waitForEvent('dialog');
      const gone = page.getByRole('link', { name: 'Leave it' }).click();
      const dialog = await asked;
      expect(dialog.type()).toBe('beforeunload');
      await dialog.accept();
      await gone;
      await page.waitForURL(/\/configuration$/);
    },
    PATIENCE_MS,
  );

  it(
    'keeps a text through somebody else’s change, without scripts too',
    async () => {
      await using plain = await openBrowser({ javaScriptEnabled: false });
      await logIn(plain.page, site.url);
      await plain.page.goto(`${site.url}configuration/edit`);
      expect(await plain.page.locator('#upload').isVisible()).toBe(false);
      const present = await inForce();
      await plain.page.locator('#text').fill(`${present}# mine\n`);
      await press('Review the changes', plain.page);
      const theirs = present.replace('scheduler: wlc', 'scheduler: rr');
      await site.instance.client.call('apply', { body: theirs, ifMatch: '*', query: { comment: 'theirs' } });
      await press(/^Apply as revision/, plain.page);
      expect(await plain.page.locator('h1').textContent()).toBe('Somebody else was faster');
      expect(await plain.page.locator('#main').textContent()).toContain('theirs');
      await press(/^Put my changes on top/, plain.page);
      expect(await plain.page.locator('#text').inputValue()).toBe(`${theirs}# mine\n`);
      await press('Review the changes', plain.page);
      await press(/^Apply as revision/, plain.page);
      expect(await plain.page.locator('.banner.good').textContent()).toContain('is in force');
      expect(await inForce()).toBe(`${theirs}# mine\n`);
    },
    PATIENCE_MS,
  );

  it(
    'fits a phone, and so does System',
    async () => {
      await page.setViewportSize(PHONE);
      for (const target of [
        ...[
          'configuration',
          'configuration/edit',
          'configuration/revisions',
          'configuration/diff?from=1&to=2',
        ],
        ...['configuration/revisions/1/rollback', 'system', 'system/console', 'system/users'],
        ...['system/tokens', 'system/sessions', 'account'],
      ]) {
        await page.goto(site.url + target);
        expect([target, await overflow(page)]).toEqual([target, 0]);
      }
    },
    PATIENCE_MS,
  );

  it('leaves nothing for the browser to complain about', () => expect(surfing.faults).toEqual([]));
});
