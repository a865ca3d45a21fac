// Debian's Chromium for tests: headless, with a profile of its own that is thrown away, talking to nobody but the site that is
// tested. It ends with the test, whatever happens; a page's own errors end up in `faults`.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';

/** Root has no sandbox to step into, and there is no display. The rest keeps it from calling home. */
const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage'],
  ...[
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-extensions',
  ],
];
const PATIENCE_MS = 20_000;

export const DESKTOP = { width: 1366, height: 900 };
export const PHONE = { width: 390, height: 844 };

export interface Surfing extends AsyncDisposable {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the browser has complained about: scripts that threw, what the content security policy refused. */
  readonly faults: readonly string[];
}

export async function openBrowser(options: BrowserContextOptions = {}): Promise<Surfing> {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-browser-'));
  let context: BrowserContext | undefined;
  const close = async (): Promise<void> => {
    try {
      await context?.close();
    } finally {
      fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  };
  try {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      args: FLAGS,
      ignoreHTTPSErrors: true,
      viewport: DESKTOP,
      ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = context.pages()[0] ?? (await context.newPage());
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    return { context, page, faults, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Through the login page, as people do. */
export async function logIn(
  page: Page,
  url: string,
  name = 'test-admin',
  password = 'correct horse battery',
): Promise<void> {
  await page.goto(`${url}login`);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL((to) => !to.pathname.startsWith('/login'));
}

/** How far a page is wider than its window: 0 unless it has to be scrolled sideways. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
