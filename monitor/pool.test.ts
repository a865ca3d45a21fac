import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { checkKey, type MonitorSpec, type ProbeTarget, type Verdict } from '../director/model/monitor.ts';
import { type Check, createMonitorPool, type MonitorPool } from './pool.ts';
import { closedPort, listen, serveTcp } from './support/servers.ts';
import { turnedClock } from './support/turned-clock.ts';
import { systemClock } from './system-clock.ts';

const tcp: MonitorSpec = {
  probe: { kind: 'tcp' },
  interval_ms: 50,
  fast_interval_ms: 20,
  timeout_ms: 1000,
  rise: 2,
  fall: 2,
  jitter: 0.1,
};

function check(target: ProbeTarget, monitor: MonitorSpec = tcp): Check {
  return { key: checkKey(target, monitor, 'www'), target, service: 'www', monitor };
}

interface Opened {
  readonly pool: MonitorPool;
  readonly verdicts: Verdict[];
  readonly logged: string[];
  /** Key -> results of its probes: ok, slow, or failed. */
  readonly probes: Map<string, number[]>;
}

function open(workers = 1): Opened {
  const probes = new Map<string, number[]>();
  const verdicts: Verdict[] = [];
  const logged: string[] = [];
  const pool = createMonitorPool({
    workers,
    onVerdict: (verdict) => verdicts.push(verdict),
    onProbes(checks, { places, kept, outcomes }) {
      let from = 0;
      for (const [index, place] of places.entries()) {
        const { key } = checks[place]!;
        const to = from + kept[index]!;
        probes.set(key, [...(probes.get(key) ?? []), ...outcomes.subarray(from, to)]);
        from = to;
      }
    },
    clock: systemClock,
    log: (_, message) => logged.push(message),
  });
  return { pool, verdicts, logged, probes };
}

function healths(verdicts: readonly Verdict[]): string[] {
  return verdicts.map((verdict) => verdict.health);
}

const patient = { timeout: 10_000, interval: 10 };

describe('the monitor pool', { timeout: 20_000 }, () => {
  it('reports a server up, down and up again, and nothing in between', async () => {
    const { pool, verdicts } = open();
    using _ = pool;
    let status = 200;
    await using server = await listen(createServer((_, response) => response.writeHead(status).end()));
    const http: MonitorSpec = {
      ...tcp,
      probe: {
        kind: 'http',
        tls: false,
        method: 'GET',
        path: '/',
        verify: false,
        status: [{ from: 200, to: 200 }],
      },
    };
    const web = check(server.target, http);
    pool.assign([web]);
    await vi.waitUntil(() => verdicts.length === 1, patient);
    status = 503;
    await vi.waitUntil(() => verdicts.length === 2, patient);
    status = 200;
    await vi.waitUntil(() => verdicts.length === 3, patient);
    expect(healths(verdicts)).toEqual(['up', 'down', 'up']);
    expect(verdicts[1]).toMatchObject({ key: web.key, reason: 'HTTP 503' });
    expect(pool.verdict(web.key)).toEqual(verdicts[2]);
  });

  it('tells probes one by one, of the right checks through changed assignments and killed processes', async () => {
    const { pool, probes } = open(2);
    using _ = pool;
    await using server = await serveTcp(() => {});
    const good = Array.from({ length: 6 }, (_, index) => ({
      ...check(server.target),
      key: `good ${index}`,
    }));
    const bad = check(await closedPort());
    const sound = (): boolean =>
      [...probes].every(([key, all]) => all.every((each) => each >= 2 === (key === bad.key)));
    const heard = (keys: readonly string[]) => keys.every((key) => (probes.get(key)?.length ?? 0) > 0);
    pool.assign([...good, bad]);
    await vi.waitUntil(() => heard([bad.key, ...good.map((each) => each.key)]), patient);
    for (const [round, list] of [
      [bad, ...good],
      [good[3]!, bad],
      [...good.toReversed(), bad],
    ].entries()) {
      pool.assign(list);
      if (round === 1) for (const pid of pool.stats().pids) process.kill(pid, 'SIGKILL');
      probes.clear();
      await vi.waitUntil(() => heard(list.map((each) => each.key)), patient);
      expect(sound()).toBe(true);
    }
  });

  it('keeps verdicts while a killed process is away, and goes on from them', async () => {
    const { pool, verdicts, logged } = open();
    using _ = pool;
    await using server = await serveTcp(() => {});
    const [good, bad] = [check(server.target), check(await closedPort())];
    pool.assign([good, bad]);
    await vi.waitUntil(() => verdicts.length === 2, patient);
    const [pid] = pool.stats().pids;
    process.kill(pid!, 'SIGKILL');
    await vi.waitUntil(() => pool.stats().pids[0] !== pid && pool.stats().restarts === 1, patient);
    const before = pool.stats().probes;
    await vi.waitUntil(() => pool.stats().probes > before, patient);
    expect(healths(verdicts).toSorted()).toEqual(['down', 'up']);
    expect([pool.verdict(good.key)?.health, pool.verdict(bad.key)?.health]).toEqual(['up', 'down']);
    expect(logged).toEqual(['monitor process ended, restarting it']);
  });

  it('notices what happens after a restart', async () => {
    const { pool, verdicts } = open();
    using _ = pool;
    const server = await serveTcp(() => {});
    pool.assign([check(server.target)]);
    await vi.waitUntil(() => verdicts.length === 1, patient);
    process.kill(pool.stats().pids[0]!, 'SIGKILL');
    await server[Symbol.asyncDispose]();
    await vi.waitUntil(() => verdicts.length === 2, patient);
    expect(healths(verdicts)).toEqual(['up', 'down']);
  });

  it('spreads checks over its processes and forgets those that are no longer assigned', async () => {
    const { pool, verdicts } = open(2);
    using _ = pool;
    await using server = await serveTcp(() => {});
    const checks = Array.from({ length: 20 }, (_, index) =>
      check(server.target, { ...tcp, timeout_ms: 1000 + index }),
    );
    pool.assign(checks);
    await vi.waitUntil(() => verdicts.length === 20, patient);
    expect(pool.stats()).toMatchObject({ checks: 20, restarts: 0 });
    expect(new Set(pool.stats().pids).size).toBe(2);
    pool.assign(checks.slice(0, 5));
    expect(checks.map((each) => pool.verdict(each.key)?.health)).toEqual([
      ...Array(5).fill('up'),
      ...Array(15).fill(undefined),
    ]);
    pool.assign(checks.slice(0, 6));
    await vi.waitUntil(() => verdicts.length === 21, patient);
    expect(verdicts[20]?.key).toBe(checks[5]?.key);
  });

  it('probes at once when told to', async () => {
    const { pool, verdicts } = open();
    using _ = pool;
    await using server = await serveTcp(() => {});
    const rare = check(server.target, { ...tcp, interval_ms: 3_600_000, fast_interval_ms: 3_600_000 });
    pool.assign([rare]);
    pool.probeNow(rare.key);
    await vi.waitUntil(() => verdicts.length === 1, patient);
    expect(verdicts[0]).toMatchObject({ key: rare.key, health: 'up' });
    const before = pool.verdict(rare.key);
    pool.probeNow(rare.key);
    await vi.waitUntil(() => pool.verdict(rare.key) !== before, patient);
    expect(verdicts.length).toBe(1);
  });

  it('brings latencies up to date when asked, without reporting a change', async () => {
    const { pool, verdicts } = open();
    using _ = pool;
    await using server = await serveTcp(() => {});
    const one = check(server.target);
    pool.assign([one]);
    await vi.waitUntil(() => verdicts.length === 1, patient);
    const before = pool.stats().probes;
    await vi.waitUntil(() => pool.stats().probes > before, patient);
    pool.refresh();
    await vi.waitUntil(() => pool.verdict(one.key)!.at > verdicts[0]!.at, patient);
    expect(verdicts.length).toBe(1);
  });

  it('leaves no process behind when pulse is killed', async () => {
    const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
    const program = `
      const { createMonitorPool } = await import(${module('./pool.ts')});
      const { systemClock: clock } = await import(${module('./system-clock.ts')});
      const pool = createMonitorPool({ workers: 2, onVerdict() {}, log() {}, clock });
      console.log(pool.stats().pids.join(' '));`;
    const pulse = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(pulse.stdout, 'data');
    const pids = String(line).trim().split(' ').map(Number);
    expect(pids.length).toBe(2);
    pulse.kill('SIGKILL');
    await vi.waitUntil(() => pids.every(isGone), patient);
  });

  it('leaves no process behind when it is disposed of', async () => {
    const { pool } = open(2);
    const { pids } = pool.stats();
    pool[Symbol.dispose]();
    await vi.waitUntil(() => pids.every(isGone), patient);
  });
});

describe('a monitor process that fails', { timeout: 20_000 }, () => {
  it('is started again after ever longer pauses', async () => {
    const clock = turnedClock();
    const pauses: unknown[] = [];
    using pool = createMonitorPool({
      workers: 1,
      onVerdict: () => {},
      clock,
      log: (_level, _message, fields) => pauses.push(fields.delay_ms),
    });
    for (let round = 1; round <= 8; round++) {
      process.kill(pool.stats().pids[0]!, 'SIGKILL');
      await vi.waitUntil(() => pauses.length === round, patient);
      expect(pool.stats().pids).toEqual([]);
      clock.turn(5_000);
      expect(pool.stats().pids.length).toBe(1);
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    // Silence is counted in looks too, so this process has to speak in between to be taken for sound.
    const speaks = async (): Promise<void> => {
      const { cpu_ms } = pool.stats();
      await vi.waitUntil(() => pool.stats().cpu_ms !== cpu_ms, patient);
    };
    await speaks();
    clock.turn(9_000);
    await speaks();
    clock.turn(2_000);
    process.kill(pool.stats().pids[0]!, 'SIGKILL');
    await vi.waitUntil(() => pauses.length === 9, patient);
    expect(pauses.at(-1)).toBe(100);
  });

  describe('that hangs', () => {
    const hung = ['monitor process hangs, ending it by force', 'monitor process ended, restarting it'];
    const openWatched = () => {
      const clock = turnedClock();
      const logged: string[] = [];
      const told = Promise.withResolvers<void>();
      const log = (_level: string, message: string) => void logged.push(message);
      const pool = createMonitorPool({ workers: 1, onVerdict: () => told.resolve(), clock, log });
      return { clock, logged, pool, told: told.promise };
    };

    it('is replaced', async () => {
      const { clock, logged, pool, told } = openWatched();
      using _ = pool;
      pool.assign([check(await closedPort())]);
      await told;
      process.kill(pool.stats().pids[0]!, 'SIGSTOP');
      clock.turn(12_000);
      await vi.waitUntil(() => logged.length === 2, patient);
      expect(logged).toEqual(hung);
    });

    it('is given more time while it has not said anything yet', async () => {
      const { clock, logged, pool } = openWatched();
      using _ = pool;
      process.kill(pool.stats().pids[0]!, 'SIGSTOP');
      clock.turn(58_000);
      expect(logged).toEqual([]);
      clock.turn(4_000);
      await vi.waitUntil(() => logged.length === 2, patient);
      expect(logged).toEqual(hung);
    });
  });
});

function isGone(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return true;
  }
}
