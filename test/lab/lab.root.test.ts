import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../support/netns.ts';
import type { Failure } from './client/traffic.ts';
import { MORE_SERVICES, SERVICES } from './configuration.ts';
import { removeLeftovers } from './folder.ts';
import { createLab, isWhole, type Lab } from './lab.ts';
import type { Summary } from './tally.ts';
import { NETWORK, SERVER_NAMES } from './topology.ts';
import { waitFor, within } from './wait.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const PATIENCE_MS = 15_000;

/** A datagram that is not answered counts as lost after a second. */
const REPORTS_UNTIL_LOST = 6;

/** The client's failures from just before the action until all that it lost must have been reported. */
async function failuresDuring(
  lab: Lab,
  action: () => Promise<void>,
  settle = REPORTS_UNTIL_LOST,
): Promise<Failure[]> {
  const failures: Failure[] = [];
  using _following = lab.client.follow((report) => failures.push(...report.failures));
  await action();
  await reports(lab, settle);
  return failures;
}

async function reports(lab: Lab, wanted: number): Promise<void> {
  let left = wanted;
  using _following = lab.client.follow(() => void left--);
  await waitFor(`${wanted} reports of the client`, PATIENCE_MS, () => left <= 0);
}

async function heldByServer(lab: Lab): Promise<unknown> {
  const { services } = await lab.client.nextReport();
  return Object.fromEntries(Object.entries(services).map(([name, service]) => [name, service.held]));
}

/** Everything on this machine whose name begins so: namespaces, folders, mounts. */
function tracesOf(stem: string): string[] {
  const folders = ['/run/netns', tmpdir()].filter((folder) => existsSync(folder));
  return [
    ...folders.flatMap((folder) => readdirSync(folder).filter((name) => name.startsWith(stem))),
    ...readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(stem)),
  ];
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

const BULKS = [64 << 10, 2 << 20];

/** Bulk transfers arrive byte for byte, and the director has met their segments in larger pieces than the wire's. */
async function expectSuperpackets(lab: Lab, name: string): Promise<void> {
  const traffic = async () => (await lab.status()).find((service) => service.name === name)!.traffic;
  const before = await traffic();
  for (const bytes of BULKS) expect(await lab.client.bulk(name, bytes)).toBeUndefined();
  let after = before;
  // What status tells of traffic is up to a second old.
  await waitFor(`${name}'s traffic to be told`, PATIENCE_MS, async () => {
    after = await traffic();
    return after.bytes_in - before.bytes_in > BULKS[0]! + BULKS[1]!;
  });
  const mean = (after.bytes_in - before.bytes_in) / (after.packets_in - before.packets_in);
  expect(mean).toBeGreaterThan(NETWORK.mtu.front);
}

describe('a lab', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await createLab();
    await lab.client.nextReport();
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  it('balances every service over all real servers without a failure', async () => {
    const answered = new Map(SERVICES.map(({ name }) => [name, new Set<string>()]));
    const failures = await failuresDuring(lab, async () => {
      using _following = lab.client.follow(({ services }) => {
        for (const [name, service] of Object.entries(services))
          for (const server of Object.keys(service.answered)) answered.get(name)?.add(server);
      });
      await waitFor('an answer of every server of every service', PATIENCE_MS, () =>
        [...answered.values()].every((servers) => servers.size === SERVER_NAMES.length),
      );
    });
    expect(failures).toEqual([]);
  });

  it('carries superpackets through every method in both directions, every byte right', async () => {
    for (const { name } of SERVICES.filter(({ kind }) => kind === 'http'))
      await expectSuperpackets(lab, name);
  });

  it('loses nothing when the director’s process is killed, and the next one adopts what it finds', async () => {
    const held = await heldByServer(lab);
    const failures = await failuresDuring(lab, async () => {
      await lab.director.kill();
      await reports(lab, 3);
      await lab.director.start();
      await reports(lab, 3);
    });
    expect(failures).toEqual([]);
    expect(await heldByServer(lab)).toEqual(held);
    const { events } = await lab.director.control.call('events', { query: { limit: 1_000 } });
    expect(events.findLast((event) => event.kind === 'adopted')?.reason).toMatch(
      /took over 8 services, 24 servers/,
    );
    await waitFor('all real servers to be up again', PATIENCE_MS, async () =>
      isWhole(await lab.status(), SERVICES.length),
    );
    const active = (await lab.status()).find(({ name }) => name === 'echo-nat')?.active;
    expect(active).toBeGreaterThanOrEqual(6);
  });

  it('goes on when a monitor is killed, and has a new one', async () => {
    const monitor = async () => (await lab.director.control.call('status')).monitor;
    const { pids, restarts } = await monitor();
    const failures = await failuresDuring(lab, async () => {
      process.kill(pids[0]!, 'SIGKILL');
      await waitFor('a new monitor', PATIENCE_MS, async () => {
        const now = await monitor();
        return now.restarts > restarts && now.pids.length === pids.length && !now.pids.includes(pids[0]!);
      });
      await reports(lab, 3);
    });
    expect(failures).toEqual([]);
    expect(isWhole(await lab.status(), SERVICES.length)).toBe(true);
  });

  it('takes a real server out whose health page says so, cutting nobody else off', async () => {
    const server = lab.server('rs3');
    const ofHttp = async () =>
      (await lab.status())
        .filter(({ name }) => name.startsWith('www-'))
        .map((service) => service.servers.find(({ name }) => name === 'rs3')!.weight_effective);
    const failures = await failuresDuring(lab, async () => {
      server.setHealthy(false);
      await waitFor('rs3 to be out', PATIENCE_MS, async () =>
        (await ofHttp()).every((weight) => weight === 0),
      );
      server.setHealthy(true);
      await waitFor('rs3 to be back', PATIENCE_MS, async () =>
        (await ofHttp()).every((weight) => weight >= 1),
      );
    });
    expect(failures).toEqual([]);
  });

  it('finds out that a real server has fallen silent; nobody else suffers', async () => {
    const server = lab.server('rs1');
    const weights = async () =>
      (await lab.status()).map(({ servers }) => servers.find(({ name }) => name === 'rs1')!.weight_effective);
    const failures = await failuresDuring(lab, async () => {
      server.cut();
      await waitFor('rs1 to be out', PATIENCE_MS, async () =>
        (await weights()).every((weight) => weight === 0),
      );
      server.mend();
      await waitFor('rs1 to be back', PATIENCE_MS, async () =>
        (await weights()).every((weight) => weight > 0),
      );
    });
    expect(failures.filter(({ server: name }) => name !== undefined && name !== 'rs1')).toEqual([]);
    expect(failures.filter(({ kind }) => kind === 'corrupt' || kind === 'disguised')).toEqual([]);
    const { held } = (await lab.client.nextReport()).services['udp-nat']!;
    expect(held).not.toHaveProperty('rs1', 6);
  });
});

describe('a lab with an inside MTU of 1500', () => {
  let lab: Lab;
  beforeAll(async () => {
    const tunnel = SERVICES.filter(({ name }) => name === 'www-tunnel');
    lab = await createLab({ insideMtu: 1_500, services: [...tunnel, ...MORE_SERVICES] });
    lab.client.pause();
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  const learned = (vip: string) =>
    run(lab.namespaces.get('client'), 'ip', ['route', 'get', vip]).stdout.match(/mtu (\d+)/)?.[1];

  it('tells clients of tunnels that their segments are too big, and the bytes arrive', async (context) => {
    expect(await lab.client.bulk('www-tunnel', 1 << 20)).toBeUndefined();
    expect(learned(NETWORK.vip.tunnel)).toBe('1480'); // less 20 bytes of IPv4
    await waitFor('it to be counted', 10_000, async () => {
      const { engine } = await lab.director.control.call('status'); // sampled from time to time
      return (engine.totals.dropped['too-big'] ?? 0) > 0;
    });
    if (lab.tunnelEnd === 'kernel') context.skip('the kernel’s ipip device knows IPv4 in IPv4 only');
    expect(await lab.client.bulk('www-6in6', 1 << 20)).toBeUndefined();
    expect(learned(NETWORK.vip.tunnel6)).toBe('1460'); // less 40 bytes of IPv6
  });

  it('carries superpackets between every pair of families, by route and by tunnel', async (context) => {
    if (lab.tunnelEnd === 'kernel') context.skip('the kernel’s ipip device knows IPv4 in IPv4 only');
    for (const { name } of MORE_SERVICES) await expectSuperpackets(lab, name);
  });
});

describe('labs side by side', () => {
  it('do not see each other, and each leaves nothing behind', async () => {
    const services = SERVICES.filter(({ name }) => name === 'www-nat' || name === 'echo-route');
    const labs = await Promise.all([createLab({ services }), createLab({ services })]);
    const stems = labs.map((lab) => lab.namespaces.get('client').name.replace(/client$/, ''));
    const pids = labs.map((lab) => lab.director.pid());
    for (const lab of labs) expect(await failuresDuring(lab, () => reports(lab, 2), 1)).toEqual([]);
    await labs[0]![Symbol.asyncDispose]();
    expect(tracesOf(stems[0]!)).toEqual([]);
    expect(await failuresDuring(labs[1]!, () => reports(labs[1]!, 2), 1)).toEqual([]);
    await labs[1]![Symbol.asyncDispose]();
    expect(stems.flatMap(tracesOf)).toEqual([]);
    expect(pids.filter(isAlive)).toEqual([]);
  });
});

describe('npm start', () => {
  it('kills the active director and a real server, sees both replaced and taken back, and finds all well', () => {
    const done = spawnSync(process.execPath, [MAIN, '--seconds', '20', '--json'], {
      encoding: 'utf8',
      timeout: 80_000,
    });
    const summary = JSON.parse(done.stdout) as Summary;
    expect(summary.complaints).toEqual([]);
    expect(done.status).toBe(0);
    expect(summary.outages).toHaveLength(1);
    expect(summary.outages[0]).toMatchObject({
      server: 'rs2',
      detection_ms: expect.any(Number),
      back_at: expect.any(Number),
    });
    expect(summary.takeovers).toHaveLength(1);
    expect(summary.takeovers[0]).toMatchObject({
      wasActive: true,
      takeover_ms: expect.any(Number),
      back_at: expect.any(Number),
      connections_lost: 0,
    });
    for (const { connections, held_lost } of summary.services) {
      expect(Object.keys(connections).sort()).toEqual([...SERVER_NAMES]);
      expect(held_lost).toBe(0);
    }
  }, 90_000);

  it('ends on a signal in order, and leaves nothing behind', async () => {
    const child = spawn(process.execPath, [MAIN, '--plain'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const stem = await stemOf(child);
    child.kill('SIGTERM');
    expect(await endOf(child)).toBe(0); // nobody asked for a time, so ending it is no failure
    expect(tracesOf(stem)).toEqual([]);
  });

  it('ends at once on a second signal, and leaves nothing behind either', async () => {
    const child = spawn(process.execPath, [MAIN, '--plain'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const stem = await stemOf(child);
    child.kill('SIGINT');
    child.kill('SIGTERM'); // two of the same kind at once would arrive as one
    expect([130, 143]).toContain(await endOf(child));
    expect(tracesOf(stem)).toEqual([]);
  });

  it('takes its programs with it when it is killed; the next lab removes the rest', async () => {
    const child = spawn(process.execPath, [MAIN, '--plain'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const stem = await stemOf(child);
    child.kill('SIGKILL');
    await endOf(child);
    const namespaces = readdirSync('/run/netns').filter((name) => name.startsWith(stem));
    expect(namespaces.length).toBeGreaterThan(0);
    await waitFor('its programs to end', PATIENCE_MS, () =>
      namespaces.every(
        (name) => spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout === '',
      ),
    );
    removeLeftovers();
    expect(tracesOf(stem)).toEqual([]);
  });
});

function endOf(child: ReturnType<typeof spawn>): Promise<unknown> {
  return within('the lab to end', PATIENCE_MS, new Promise((resolve) => child.once('close', resolve)));
}

/** Waits until the lab says where its director is, and returns what the names of all that is its begin with. */
async function stemOf(child: ReturnType<typeof spawn>): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const pattern = /--runtime \S+\/(fl-\d+-\d+-[0-9a-f]{6}-lab)\//;
  await waitFor('the lab to be ready', 30_000, () => pattern.test(text));
  return pattern.exec(text)![1]!;
}
