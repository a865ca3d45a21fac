// The pair's pages in a real browser: the switchover by a button that is held, cells that change by themselves, events
// that come in while nobody's reading is disturbed. Two real supervisors; their heartbeats are stand-ins.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PairConsoles } from '../console/support/pair-consoles.ts';
import { logIn, openBrowser, overflow, PHONE, type Surfing } from './support/browser.ts';

const PATIENCE_MS = 60_000;
const PATIENT = { timeout: 25_000, interval: 50 };

let pair: PairConsoles;
let url: string;
let surfing: Surfing;
let page: Page;

const peer = { heard: true, health: 'good', hold: false, complete: true, epoch: 3 } as const;
async function says(role: 'active' | 'standby', peerRole: 'active' | 'standby'): Promise<void> {
  const { revision } = await pair.site.lb1.client.call('status');
  const known = { revision: revision.number, revisionHash: Number.parseInt(revision.hash.slice(0, 8), 16) };
  pair.site.lb1.says({ role, epoch: 3, peer: { ...peer, ...known, name: 'lb2', role: peerRole } });
}
const order = (weight: number): Promise<unknown> =>
  pair.site.lb1.client.call('weight', {
    params: { service: 'www', server: 'rs1' },
    body: { weight },
    ifMatch: '*',
  });
const rows = (): Promise<number> => page.locator('#events tr').count();

beforeAll(async () => {
  pair = await PairConsoles.open();
  await pair.settle();
  ({ url } = await pair.visit(pair.site.lb1));
  surfing = await openBrowser();
  page = surfing.page;
  await logIn(page, url, 'admin');
}, PATIENCE_MS);
afterAll(async () => {
  await surfing?.[Symbol.asyncDispose]();
  await pair?.[Symbol.asyncDispose]();
});

describe('the pair’s page in a browser', () => {
  it(
    'alarms the moment both are active, and is quiet again, without being loaded anew',
    async () => {
      await page.goto(`${url}ha`);
      await page.evaluate('window.marked = true');
      const alarm = page.locator('.pair-alarm');
      expect(await alarm.isVisible()).toBe(false);
      await says('active', 'active');
      await expect.poll(() => alarm.isVisible(), PATIENT).toBe(true);
      expect(await alarm.textContent()).toContain('Both are active');
      await says('active', 'standby');
      await expect.poll(() => alarm.isVisible(), PATIENT).toBe(false);
      expect(await page.evaluate('window.marked')).toBe(true);
    },
    PATIENCE_MS,
  );

  it(
    'fits a phone',
    async () => {
      await page.setViewportSize(PHONE);
      for (const target of ['ha', 'ha/switchover', 'events', 'audit', 'events/1']) {
        await page.goto(url + target);
        expect([target, await overflow(page)]).toEqual([target, 0]);
      }
      await page.setViewportSize({ width: 1366, height: 900 });
    },
    PATIENCE_MS,
  );
});

describe('events in a browser', () => {
  it(
    'appear on top, but wait while somebody has marked text',
    async () => {
      await page.goto(`${url}events`);
      await expect.poll(() => page.locator('#tail-state').textContent(), PATIENT).toContain('live');
      const before = await rows();
      await order(3);
      await expect.poll(rows, PATIENT).toBeGreaterThan(before);
      expect(await page.locator('#events tr').first().textContent()).toContain('weight 3');
      await page.evaluate("getSelection().selectAllChildren(document.querySelector('#events td'))");
      const marked = await rows();
      await order(4);
      await expect.poll(() => page.locator('#tail-new').textContent(), PATIENT).toContain('1 new');
      expect(await rows()).toBe(marked);
      await page.locator('#tail-new').click();
      await expect.poll(rows, PATIENT).toBe(marked + 1);
    },
    PATIENCE_MS,
  );
});

describe('the switchover in a browser', () => {
  it(
    'asks for the name of the cluster where there are no scripts',
    async () => {
      await says('active', 'standby');
      await using plain = await openBrowser({ javaScriptEnabled: false });
      await logIn(plain.page, url, 'admin');
      await plain.page.goto(`${url}ha/switchover`);
      expect(await plain.page.locator('#holding').isVisible()).toBe(false);
      await plain.page.locator('[name=force]').check();
      await plain.page.locator('[name=reason]').fill('a new kernel');
      await plain.page.locator('[name=confirm]').fill('another');
      await plain.page.getByRole('button', { name: 'Switch over from lb1 to lb2' }).click();
      expect(await plain.page.locator('#main .banner.bad').textContent()).toContain(
        'Type web into the field',
      );
      expect(pair.site.lb1.told('order')).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    'goes on when the button is held with a reason, not when it is let go, and shows how long it took',
    async () => {
      await says('active', 'standby');
      await page.goto(`${url}ha/switchover`);
      const holding = page.locator('#holding');
      const press = async (): Promise<void> => {
        const box = await holding.boundingBox();
        await page.mouse.move(box!.x + 5, box!.y + 5);
        await page.mouse.down();
      };
      await press();
      await page.mouse.up();
      expect(pair.site.lb1.told('order')).toEqual([]);
      await page.locator('[name=force]').check();
      await page.locator('[name=reason]').fill('a new kernel');
      await press();
      await page.waitForURL(/\/ha\/switchover\/[\w-]+$/);
      await page.mouse.up();
      expect(await page.locator('h1').textContent()).toBe('Switched over');
      expect(await page.locator('.phases li').count()).toBeGreaterThan(1);
      expect(pair.site.lb1.told('order').map((told) => told.order)).toEqual(['switchover']);
      await expect
        .poll(() => page.locator('[data-live="@ha.own-role"]').textContent(), PATIENT)
        .toContain('standby');
    },
    PATIENCE_MS,
  );

  it('leaves nothing for the browser to complain about', () => expect(surfing.faults).toEqual([]));
});
