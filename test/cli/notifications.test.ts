// Notifications of a director as a process: what a receiver gets when a real server dies, and what it does not get twice,
// whoever is killed in between.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Notifications } from '../../director/control/notify-schema.ts';
import { serveHooks } from '../../director/notify/support/hook-server.ts';
import { configurationText, Instance, RealServer, until } from './support/instance.ts';

let rs1: RealServer;
let rs2: RealServer;
let hooks: Awaited<ReturnType<typeof serveHooks>>;
let instance: Instance;
/** Whether the receiver takes messages. */
let well = true;

beforeEach(async () => {
  well = true;
  rs1 = await RealServer.open();
  rs2 = await RealServer.open();
  hooks = await serveHooks((_request, response) => response.writeHead(well ? 200 : 503).end());
  instance = new Instance(text(`  - { webhook: "${hooks.url}", group: 300ms }`));
});

afterEach(async () => {
  for (const each of [instance, hooks, rs1, rs2]) await each[Symbol.asyncDispose]();
});

function text(...targets: string[]): string {
  const extra = targets.length === 0 ? '' : `notifications:\n${targets.join('\n')}\n`;
  return configurationText({ servers: { rs1: rs1.port, rs2: rs2.port }, extra });
}

const subjects = (): unknown[] => hooks.received.map(({ json }) => json.subject);
const notifications = (): Promise<Notifications> => instance.client.call('notifications');

/** Followed, and both servers seen. */
async function begun(): Promise<void> {
  await until(async () => (await notifications()).targets.length > 0);
  await until(async () => {
    const { servers } = await instance.client.call('servers');
    return servers.every(({ health }) => health === 'up');
  });
}

describe('a real server that dies', () => {
  it('is one message, its return another, and both are counted', async () => {
    await instance.run();
    await begun();
    await rs1.down();
    await until(() => hooks.received.length === 1);
    expect(hooks.received[0]!.json).toMatchObject({
      cluster: 'web',
      node: 'lb1',
      kind: 'servers',
      severity: 'warning',
      subject: expect.stringContaining('real server www/rs1 is down'),
      services: ['www'],
      attempt: 1,
    });
    await rs1.up();
    await until(() => hooks.received.length === 2);
    expect(hooks.received[1]!.json).toMatchObject({ severity: 'recovery' });
    await until(async () => (await notifications()).targets[0]!.sent === 2);
    expect(await notifications()).toMatchObject({
      running: true,
      restarts: 0,
      targets: [{ number: 1, kind: 'webhook', failed: 0, waiting: 0, open: 0 }],
    });
    expect((await instance.cli('notifications')).out).toMatch(/1 {2}webhook {2}127\.0\.0\.1:\d+ .* ok /);
  });

  it('is not told again by a director that starts again, however it ended', async () => {
    await instance.run();
    await begun();
    await rs1.down();
    await until(async () => (await notifications()).targets[0]?.sent === 1);
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await kept();
      await instance.end(signal);
      await instance.run();
      await until(async () => (await notifications()).targets.length > 0);
    }
    // What comes next comes alone.
    await rs2.down();
    await until(() => subjects().some((subject) => /rs2|is down: no/.test(String(subject))));
    expect(subjects()).toHaveLength(2);
    await rs1.up();
    await rs2.up();
    await until(() => hooks.received.some(({ json }) => json.severity === 'recovery'));
  });

  it('is told by a process that was killed once it is back, and not twice', async () => {
    await instance.run();
    await begun();
    await rs1.down();
    await until(async () => (await notifications()).targets[0]?.sent === 1);
    await kept();
    const { pid } = await notifications();
    process.kill(pid!, 'SIGKILL');
    await rs2.down();
    await until(() => hooks.received.length >= 2);
    await until(async () => {
      const { pid: next, restarts } = await notifications();
      return next !== undefined && next !== pid && restarts === 1;
    });
    expect(new Set(hooks.received.map(({ json }) => json.id)).size).toBe(2);
    expect(hooks.received).toHaveLength(2);
    const { events } = await instance.client.call('events', { query: { limit: 100 } });
    expect(events.filter(({ kind }) => kind === 'notify-failed')).toHaveLength(1);
  });
});

describe('targets', () => {
  it('come and go while the director runs', async () => {
    fs.writeFileSync(instance.config, text());
    await instance.run();
    expect(await notifications()).toEqual({ running: false, restarts: 0, targets: [] });
    expect((await instance.cli('notifications')).out).toBe('no notifications are configured\n');
    const next = instance.file('next.yaml', text(`  - { webhook: "${hooks.url}", group: 0s, on: [notice] }`));
    expect(await instance.cli('apply', next)).toMatchObject({ status: 0 });
    await begun();
    expect(await instance.cli('rollback', '1')).toMatchObject({ status: 0 });
    await until(async () => !(await notifications()).running);
    expect(fs.existsSync(path.join(instance.state, 'notifications.json'))).toBe(false);
  });

  it('can be tried out, one by one and all at once, and a failure is an exit status', async () => {
    fs.writeFileSync(
      instance.config,
      text(`  - { webhook: "${hooks.url}", services: [www] }`, '  - { command: [/bin/false] }'),
    );
    await instance.run();
    await begun();
    expect(await instance.cli('notifications', '1', '--test')).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^ok {2}1 webhook 127\.0\.0\.1:\d+: 200 \(\d+ ms\)\n$/),
    });
    expect(hooks.received[0]!.json).toMatchObject({ kind: 'test', severity: 'notice', services: [] });
    expect(await instance.cli('notifications', '--test')).toMatchObject({
      status: 1,
      out: expect.stringContaining('fail  2 command /bin/false: exit status 1'),
    });
    expect(await instance.cli('notifications', '3', '--test')).toMatchObject({
      status: 2,
      err: expect.stringContaining('There is no target 3 of notifications.'),
    });
  });

  it('that do not take messages get them later, and meanwhile they wait', async () => {
    well = false;
    await instance.run();
    await begun();
    await rs1.down();
    await until(async () => ((await notifications()).targets[0]?.failed ?? 0) > 0);
    const [target] = (await notifications()).targets;
    expect(target).toMatchObject({ sent: 0, waiting: 1, last_error: { detail: 'answered with status 503' } });
    expect(target?.failing_since).toBeGreaterThan(0);
    well = true;
    await until(async () => (await notifications()).targets[0]?.sent === 1);
    expect(hooks.received.at(-1)!.json.id).toBe(hooks.received[0]!.json.id);
  });
});

/** What was sent is on disk as sent. */
async function kept(): Promise<void> {
  await until(() => {
    const file = path.join(instance.state, 'notifications.json');
    const { targets } = JSON.parse(fs.readFileSync(file, 'utf8')) as {
      targets: [string, { sent: number; outbox: unknown[] }][];
    };
    return targets.every(([, { sent, outbox }]) => sent > 0 && outbox.length === 0);
  });
}
