// The console in front of a real pair with real traffic, as `npm start` has it: the first account by the one-time password,
// and a switchover that both consoles show, with nothing lost.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD } from '../console/support/site.ts';
import type { Failure } from '../lab/client/traffic.ts';
import { type LabConsole, type LabConsoles, startConsoles } from '../lab/console.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { DIRECTOR_NAMES } from '../lab/topology.ts';
import { openBrowser, type Surfing } from './support/browser.ts';

const PATIENCE_MS = 120_000;
const PATIENT = { timeout: 25_000, interval: 50 };

let lab: Lab;
let consoles: LabConsoles;
let surfing: Surfing;

beforeAll(async () => {
  lab = await createLab({ directors: DIRECTOR_NAMES });
  consoles = await startConsoles(lab);
  surfing = await openBrowser();
}, PATIENCE_MS);
afterAll(async () => {
  await surfing?.[Symbol.asyncDispose]();
  consoles?.[Symbol.dispose]();
  await lab?.[Symbol.asyncDispose]();
}, PATIENCE_MS);

async function firstLogin({ url, password }: LabConsole): Promise<void> {
  const { page } = surfing;
  await page.goto(url);
  await page.getByLabel('Name').fill('admin');
  await page.getByLabel('Password').fill(password()!);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByLabel('Name').fill('ann');
  await page.getByLabel(/^Password/).fill(PASSWORD);
  await page.getByLabel('Again').fill(PASSWORD);
  await page.getByRole('button', { name: 'Make the account' }).click();
  await page.waitForURL((to) => to.pathname === '/');
}

const switchovers = async () => {
  const all = await Promise.all(
    lab.directors.map(({ control }) => control.call('audit', { query: { action: 'switchover' } })),
  );
  return all.flatMap(({ records }) => records);
};

describe('a pair’s consoles', () => {
  it('run without any privilege', () => {
    for (const { pid } of consoles.list) {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
      for (const set of ['CapEff', 'CapPrm', 'CapInh', 'CapAmb'])
        expect(status).toMatch(new RegExp(`^${set}:\t0+$`, 'm'));
    }
  });

  it(
    'let people in by the one-time password, at both with one browser',
    async () => {
      const { page } = surfing;
      for (const each of consoles.list) await firstLogin(each);
      for (const { url } of consoles.list) {
        await page.goto(url);
        expect(await page.locator('.who a').textContent()).toBe('ann');
      }
    },
    PATIENCE_MS,
  );

  it(
    'switch over on order, measured, with both directors’ roles in sight and nothing lost',
    async () => {
      const { page } = surfing;
      const before = await lab.spokesman();
      const failures: Failure[] = [];
      const following = lab.client.follow((report) => failures.push(...report.failures));
      const url = consoles.list.find(({ director }) => director === before.name)!.url;
      await expect
        .poll(async () => {
          await page.goto(`${url}ha/switchover`);
          return page.getByText('All checks pass').isVisible();
        }, PATIENT)
        .toBe(true);
      await page.getByLabel(/Type the cluster/).fill('lab');
      await page.getByRole('button', { name: /^Switch over from/ }).click();
      await page.waitForURL(/\/ha\/switchover\/.+/);
      expect(await page.locator('main').textContent()).toMatch(/claim seen/);
      await expect
        .poll(() => page.locator('[data-live="@director.role"]').textContent(), PATIENT)
        .toContain('standby');
      const after = await lab.spokesman();
      expect(after.name).not.toBe(before.name);
      await page.goto(consoles.list.find(({ director }) => director === after.name)!.url);
      expect(await page.locator('[data-live="@director.role"]').textContent()).toContain('active');
      // Connections that were held through it are all there, and none has failed.
      await lab.client.nextReport();
      following[Symbol.dispose]();
      expect(failures.filter(({ what }) => what === 'held')).toEqual([]);
      const [record] = await switchovers();
      expect(record).toMatchObject({
        ...{ who: 'ann', action: 'switchover', outcome: 'done' },
        target: `${before.name} to ${after.name}`,
        before: { active: before.name },
        after: { active: after.name },
      });
      expect(record!.origin).toBe('console 127.0.0.1');
    },
    PATIENCE_MS,
  );

  it(
    'show what happens to real traffic, in place',
    async () => {
      const { page } = surfing;
      await page.goto(consoles.list[0]!.url);
      await page.evaluate('window.marked = true');
      await lab.server('rs3').kill();
      const health = page.locator('[data-live="www-nat/rs3.health"]');
      await expect.poll(() => health.textContent(), PATIENT).toContain('down');
      await lab.server('rs3').revive();
      await expect.poll(() => health.textContent(), PATIENT).toMatch(/up|warming/);
      expect(await page.evaluate('window.marked')).toBe(true);
      expect(surfing.faults).toEqual([]);
    },
    PATIENCE_MS,
  );
});
