// Notifications of a pair: who of the two speaks for real servers, and what a takeover sounds like from each side.
import fs from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { serveHooks } from '../../director/notify/support/hook-server.ts';
import { RealServer, until } from './support/instance.ts';
import { type Side, Site } from './support/pair.ts';

let rs1: RealServer;
let hooks: Awaited<ReturnType<typeof serveHooks>>;
let site: Site;

beforeEach(async () => {
  rs1 = await RealServer.open();
  hooks = await serveHooks();
  site = await Site.open(rs1.port);
  fs.appendFileSync(
    site.config,
    `notifications: [{ webhook: "${hooks.url}", group: 300ms, services: [www] }`,
  );
  fs.appendFileSync(
    site.config,
    `, { webhook: "${hooks.url}", group: 300ms, on: [critical, warning, notice, recovery] }]\n`,
  );
});

afterEach(async () => {
  for (const each of [site, hooks, rs1]) await each[Symbol.asyncDispose]();
});

/** Those of the second target, which hears of everything. */
const told = (node: string): string[] =>
  hooks.received
    .filter(({ json }) => json.node === node)
    .map(({ json }) => `${String(json.kind)} ${String(json.subject)}`);

async function follows(side: Side, role: string): Promise<void> {
  await until(async () => (await side.role()) === role);
  await until(async () => (await side.client.call('notifications')).targets.length > 0);
  await until(async () => (await side.client.call('servers')).servers[0]?.health === 'up');
}

it('the active speaks for servers; whoever takes over names what is down, and tells when it is back', async () => {
  site.lb1.says({ role: 'active', epoch: 1 });
  site.lb2.says({ role: 'standby', epoch: 1 });
  await Promise.all([site.lb1.run(), site.lb2.run()]);
  await follows(site.lb1, 'active');
  await follows(site.lb2, 'standby');
  await rs1.down();
  // To both targets of the active.
  await until(() => told('lb1').filter((each) => each.includes('www is down')).length === 2);
  await until(async () => (await site.lb2.client.call('servers')).servers[0]?.health === 'down');
  expect(told('lb2').filter((each) => each.startsWith('servers'))).toEqual([]);

  site.lb1.says({ role: 'standby', epoch: 2 });
  site.lb2.says({ role: 'active', epoch: 2 });
  await until(() => told('lb1').some((each) => each.includes('lb1 stands by now')));
  await until(() => told('lb2').some((each) => each.startsWith('takeover lb2 has taken over')));
  const takeover = hooks.received.find(({ json }) => json.kind === 'takeover');
  expect(takeover?.json.text).toMatch(/Found so: .*www\/rs1 is down/);

  await rs1.up();
  await until(() => told('lb2').some((each) => each.startsWith('servers') && each.includes('again')));
  expect(told('lb1').some((each) => each.includes('again'))).toBe(false);
});
