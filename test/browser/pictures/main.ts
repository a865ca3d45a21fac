// `npm run pictures`: the console's main pages as docs/console.md shows them, taken of a lab with real traffic: a real server
// down, another one draining, a switchover behind it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PASSWORD } from '../../console/support/site.ts';
import { startConsoles } from '../../lab/console.ts';
import { createLab } from '../../lab/lab.ts';
import { DIRECTOR_NAMES } from '../../lab/topology.ts';
import { waitFor } from '../../lab/wait.ts';
import { DESKTOP, logIn, openBrowser, PHONE } from '../support/browser.ts';

const FOLDER = join(import.meta.dirname, '../../../docs/pictures');
/** History and sparklines have something to show by then. */
const PAST_MS = 60_000;
const PATIENCE_MS = 30_000;

interface Picture {
  readonly name: string;
  readonly path: string;
  readonly dark?: boolean;
  readonly phone?: boolean;
}

const PICTURES: readonly Picture[] = [
  { name: 'overview', path: '' },
  { name: 'overview-dark', path: '', dark: true },
  { name: 'overview-phone', path: '', phone: true },
  { name: 'service', path: 'services/www-nat?client=10.0.0.1%3A40000' },
  { name: 'server', path: 'services/echo-nat/servers/rs3' },
  { name: 'monitors', path: 'monitors' },
  { name: 'connections', path: 'connections?service=www-nat' },
  { name: 'ha', path: 'ha' },
  { name: 'switchover', path: 'ha/switchover' },
  { name: 'events', path: 'events' },
  { name: 'configuration', path: 'configuration' },
  { name: 'audit', path: 'audit' },
  { name: 'system', path: 'system' },
  { name: 'login', path: 'login' },
];

const say = (line: string): void => void process.stderr.write(`pictures: ${line}\n`);

mkdirSync(FOLDER, { recursive: true });
say('a lab of two directors');
await using lab = await createLab({ directors: DIRECTOR_NAMES });
using consoles = await startConsoles(lab);
const [lb1] = lab.directors;
for (const { control } of lab.directors)
  await control.call('userCreate', { body: { name: 'ann', role: 'admin', password: PASSWORD } });
say(`${PAST_MS / 1_000} s of traffic`);
await new Promise((resolve) => setTimeout(resolve, PAST_MS));
await lb1!.control.call('switchover', { body: { reason: 'kernel update of lb1' } });
await lab.server('rs2').kill();
const active = await lab.spokesman();
await active.control.call('drain', {
  params: { service: 'echo-nat', server: 'rs3' },
  body: { deadline_ms: 600_000, at_deadline: 'keep' },
  ifMatch: '*',
});
await active.control.call('weight', {
  params: { service: 'www-route', server: 'rs1' },
  body: { weight: 5 },
  ifMatch: '*',
});
await waitFor('rs2 to be down', PATIENCE_MS, async () =>
  (await lab.status()).every((each) =>
    each.servers.some(({ name, health }) => name === 'rs2' && health === 'down'),
  ),
);
const url = consoles.list.find(({ director }) => director === active.name)!.url;
for (const { name, path, dark = false, phone = false } of PICTURES) {
  await using surfing = await openBrowser({
    viewport: phone ? PHONE : DESKTOP,
    colorScheme: dark ? 'dark' : 'light',
    isMobile: phone,
  });
  const { page } = surfing;
  if (name !== 'login') await logIn(page, url, 'ann', PASSWORD);
  await page.goto(url + path);
  await page.waitForTimeout(3_000); // charts and live cells
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  say(name);
}
