// Charts as people use them: drawn in a real browser from what a made-up director says, looked into by dragging, by links
// and by the keyboard, and there without JavaScript too.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Started, start, until } from '../cli/support/instance.ts';
import { checkOf, connectionOf, probesOf, seriesOf, serverOf, serviceOf } from '../console/support/detail.ts';
import { openMadeUpDirector } from '../console/support/director.ts';
import { pictureOf } from '../console/support/pictures.ts';
import { logIn, openBrowser, overflow, PHONE, type Surfing } from './support/browser.ts';

const PATIENCE_MS = 60_000;
const HOUR_MS = 3_600_000;

let folder: string;
let director: AsyncDisposable;
let console_: Started;
let url = '';
let surfing: Surfing;
/** Probes against the check of rs2. */
let against = 1;
/** What the director was asked for, in order. */
let asked: { readonly from: number; readonly to: number }[] = [];

const services = [
  serviceOf({
    servers: [
      serverOf({ admin: 'draining', drain: { since: Date.now() - 300_000 } }),
      serverOf({ name: 'rs2' }),
    ],
  }),
];

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-charts-'));
  director = await openMadeUpDirector(path.join(folder, 'control.sock'), {
    picture: () => ({ ...pictureOf(undefined), services }),
    handlers: {
      series: ({ query }) => {
        asked.push(query);
        const level = query.to - query.from > HOUR_MS ? '1m' : '1s';
        const metrics = (query.metrics ?? '').split(',');
        return seriesOf(query.subject, query, (_, at) => 20 + 15 * Math.sin(at / 200_000), metrics, level);
      },
      events: () => ({ events: [] }),
      explain: () => ({
        outcome: 'forward',
        server: 'rs1',
        method: 'nat',
        because: ['wlc: rs1 has the least'],
      }),
      probes: () => ({
        ...{ service: 'www', server: 'rs1' },
        checks: [
          {
            ...checkOf(),
            recent: probesOf(
              Array.from({ length: 90 }, (_, index) => [
                index % 30 === 7 ? 'fail' : index % 17 === 3 ? 'slow' : 'ok',
                2 + (index % 9),
              ]),
            ),
          },
        ],
      }),
      monitors: () => ({ checks: [checkOf(), checkOf({ id: 'c2', servers: ['www/rs2'], against })] }),
      connections: () => ({
        connections: Array.from({ length: 20 }, (_, index) =>
          connectionOf({ client: `192.0.2.${index}:40000` }),
        ),
        truncated: true,
      }),
    },
  });
  console_ = start([
    ...['console', '--runtime', folder, '--listen', '127.0.0.1:0'],
    ...['--certificates', path.join(folder, 'certificates')],
  ]);
  await until(() => {
    url = /"url":"([^"]+)"/.exec(console_.out())?.[1] ?? '';
    return url !== '';
  }, PATIENCE_MS);
}, PATIENCE_MS);
afterEach(() => surfing[Symbol.asyncDispose]());
afterAll(async () => {
  console_.child.kill('SIGKILL');
  await console_.ended;
  await director[Symbol.asyncDispose]();
  fs.rmSync(folder, { recursive: true, force: true });
});

async function visit(target: string, options: Parameters<typeof openBrowser>[0] = {}): Promise<Page> {
  surfing = await openBrowser(options);
  await logIn(surfing.page, url);
  asked = [];
  await surfing.page.goto(`${url}${target}`);
  return surfing.page;
}
const shown = async (page: Page): Promise<{ from: number; to: number }> => {
  const text = await page.locator('#charts[data-shown]').getAttribute('data-shown');
  const [from = 0, to = 0] = (text ?? '').split('-').map(Number);
  return { from, to };
};
const length = async (page: Page): Promise<number> => {
  const { from, to } = await shown(page);
  return to - from;
};

describe('charts with JavaScript', () => {
  it('are drawn, and a drag asks for a closer look that a double click takes back', async () => {
    const page = await visit('services/www?range=24h');
    await page.locator('.plot canvas').first().waitFor();
    expect(await page.locator('.plot canvas').count()).toBe(4);
    expect(await length(page)).toBe(24 * HOUR_MS);
    expect(await page.locator('#charts').getAttribute('data-level')).toBe('1m');
    await page.locator('.plot').first().scrollIntoViewIfNeeded();
    const box = await page.locator('.plot .u-over').first().boundingBox();
    if (box === null) throw new Error('the chart has no place');
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.5, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.53, y, { steps: 4 });
    await page.mouse.up();
    await page.locator('#charts[data-level="1s"]').waitFor();
    const closer = await shown(page);
    expect(closer.to - closer.from).toBeLessThan(1.1 * HOUR_MS);
    expect(asked.at(-1)).toMatchObject(closer);
    expect(new URL(page.url()).searchParams.get('from')).toBe(String(closer.from));
    await page.mouse.dblclick(box.x + box.width * 0.5, y);
    await expect.poll(() => length(page), { timeout: 20_000 }).toBe(24 * HOUR_MS);
    expect(surfing.faults).toEqual([]);
  });

  it('go by links that the keyboard reaches', async () => {
    const page = await visit('services/www/servers/rs1');
    await page.locator('.plot canvas').first().waitFor();
    await page.evaluate('globalThis.stillTheSame = true');
    await page.getByRole('link', { name: '7 days' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => length(page), { timeout: 20_000 }).toBe(7 * 24 * HOUR_MS);
    await page.getByRole('link', { name: 'Closer' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => length(page), { timeout: 20_000 }).toBe(3.5 * 24 * HOUR_MS);
    expect(await page.evaluate('globalThis.stillTheSame')).toBe(true);
    expect(surfing.faults).toEqual([]);
  });
});

describe('charts without JavaScript', () => {
  it('are lines with their highest and lowest, and links to other spans', async () => {
    const page = await visit('services/www', { javaScriptEnabled: false });
    expect(await page.locator('.plot svg path.line').count()).toBeGreaterThanOrEqual(4);
    expect(await page.getByText('new: 5/s to 35/s').count()).toBe(1);
    await page.getByRole('link', { name: '24 hours' }).click();
    expect(asked.some(({ from, to }) => to - from === 24 * HOUR_MS)).toBe(true);
    await page.getByRole('textbox', { name: 'Client' }).fill('192.0.2.1');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText('wlc: rs1 has the least').waitFor();
  });
});

describe('a list that no cell tells of', () => {
  it('is brought up to date in place, once nobody is in it', async () => {
    against = 1;
    const page = await visit('monitors');
    await page.getByText('failing 1 of 3').waitFor();
    await page.evaluate('globalThis.stillTheSame = true');
    await page.getByRole('button', { name: 'Probe www/rs2 now' }).focus();
    against = 2;
    const again = page.waitForResponse((response) => response.url().endsWith('/monitors'));
    await page.locator('main h1').click();
    await page.getByRole('button', { name: 'Probe www/rs2 now' }).blur();
    await again;
    await page.getByText('failing 2 of 3').waitFor();
    expect(await page.evaluate('globalThis.stillTheSame')).toBe(true);
    expect(surfing.faults).toEqual([]);
  });
});

describe('on a phone', () => {
  it.each(['services/www', 'services/www/servers/rs1', 'monitors', 'connections'])(
    '%s needs no scrolling to the side',
    async (target) => {
      const page = await visit(target, { viewport: PHONE, hasTouch: true, isMobile: true });
      await page.locator('h1').waitFor();
      expect(await overflow(page)).toBe(0);
      expect(surfing.faults).toEqual([]);
    },
  );
});
