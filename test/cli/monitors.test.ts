// Checks and probes of a director that really runs: what its monitors found, one by one, and probing on demand.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckStatus } from '../../director/control/monitor-schema.ts';
import { configurationText, Instance, RealServer, until } from './support/instance.ts';

let rs1: RealServer;
let rs2: RealServer;
let instance: Instance;

beforeAll(async () => {
  rs1 = await RealServer.open();
  rs2 = await RealServer.open();
  // Two services share the check of rs1.
  const extra = `  api:
    listen: tcp://127.0.0.100:81
    method: nat
    monitor: { http: /, interval: 200ms, timeout: 1s, rise: 1, fall: 2 }
    servers:
      one: { address: 127.0.0.1:${rs1.port} }
  plain:
    listen: tcp://127.0.0.100:82
    method: nat
    monitor: { tcp: true, interval: 1h, fast_interval: 200ms }
    servers:
      rs1: { address: 127.0.0.1:${rs1.port} }
`;
  instance = new Instance(configurationText({ servers: { rs1: rs1.port, rs2: rs2.port }, extra }));
  await instance.run();
});

afterAll(async () => {
  await instance?.[Symbol.asyncDispose]();
  await rs1?.[Symbol.asyncDispose]();
  await rs2?.[Symbol.asyncDispose]();
});

async function check(server: string): Promise<CheckStatus | undefined> {
  const { checks } = await instance.client.call('monitors');
  return checks.find(({ servers }) => servers.includes(server));
}

const recent = async (server: string) =>
  (await instance.client.call('probes', { params: { service: 'www', server } })).checks[0]!.recent;

describe('checks', () => {
  it('are listed with recipe, schedule, latencies and counts, once however many servers share them', async () => {
    await until(async () => ((await check('www/rs1'))?.probes ?? 0) >= 3);
    const { checks } = await instance.client.call('monitors');
    expect(checks.length).toBe(3);
    expect(await check('api/one')).toMatchObject({
      ...{ servers: ['www/rs1', 'api/one'], target: `127.0.0.1:${rs1.port}`, kind: 'http', what: 'GET /' },
      ...{ interval_ms: 200, timeout_ms: 1000, rise: 1, fall: 2, health: 'up', against: 0, failures: 0 },
      ...{ last: { result: 'ok' }, latency_mean_ms: expect.any(Number), latency_p99_ms: expect.any(Number) },
    });
    const { status, out } = await instance.cli('monitors');
    expect(status).toBe(0);
    expect(out).toMatch(/www\/rs1, api\/one +127\.0\.0\.1:\d+ +GET \/ +200ms +1s +up/);
    expect((await instance.cli('monitors', 'plain')).out).toMatch(/plain\/rs1 .* TCP connect +3600s/);
    expect(await instance.cli('monitors', 'wwww')).toMatchObject({ status: 2 });
  });

  it('show each probe with its time, and why it failed', async () => {
    await rs2.down();
    await until(async () => (await check('www/rs2'))?.health === 'down');
    await until(async () => (await recent('rs2')).at(-1)?.result === 'fail');
    const probes = await recent('rs2');
    expect(probes.at(-1)).toMatchObject({ result: 'fail', detail: 'connection refused' });
    expect(probes[0]).toMatchObject({ result: 'ok' });
    expect(probes.map(({ at }) => at)).toEqual(
      probes.map(({ at }) => at).toSorted((one, other) => one - other),
    );
    expect(await check('www/rs2')).toMatchObject({ reason: 'connection refused', since: expect.any(Number) });
    await rs2.up();
    await until(async () => (await check('www/rs2'))?.health === 'up');
  });

  it('keep their probes when a monitor is killed, and when the configuration changes around them', async () => {
    const first = (await recent('rs1'))[0]!;
    const before = (await check('www/rs1'))!.probes;
    const { monitor } = await instance.client.call('status');
    for (const pid of monitor.pids) process.kill(pid, 'SIGKILL');
    const file = instance.file(
      'other.yaml',
      configurationText({ servers: { rs0: 1, rs1: rs1.port, rs2: rs2.port } }),
    );
    expect(await instance.cli('apply', file)).toMatchObject({ status: 0 });
    await until(async () => (await check('www/rs1'))!.probes > before + 3);
    await until(async () => (await recent('rs0')).at(-1)?.result === 'fail');
    const kept = await recent('rs1');
    // 120 are kept: it may have gone by now, but nothing failed that is not rs0's.
    if (kept.length < 120) expect(kept[0]).toEqual(first);
    expect(kept.every(({ result }) => result !== 'fail')).toBe(true);
    expect(await check('api/one')).toBeUndefined();
    await instance.cli('rollback');
    await until(async () => (await check('plain/rs1'))?.health === 'up');
  });

  it('say so when there is no such server', async () => {
    await expect(
      instance.client.call('probes', { params: { service: 'www', server: 'rs9' } }),
    ).rejects.toMatchObject({ code: 'unknown-server' });
  });
});

describe('probe', () => {
  it('asks for an outcome now, and shows it when told to wait', async () => {
    expect((await instance.cli('probe')).out).toBe('3 checks are probed now\n');
    expect((await instance.cli('probe', 'www', 'rs1')).out).toBe('1 check is probed now\n');
    const good = await instance.cli('probe', 'plain', '--wait');
    expect(good.out).toMatch(/plain\/rs1 .* TCP connect +ok [\d.]+ms +up/);
    expect(good.status).toBe(0);
    await rs1.down();
    const bad = await instance.cli('probe', 'plain', 'rs1', '--wait');
    await rs1.up();
    expect(bad.out).toMatch(/fail [\d.]+ms .*connection refused/);
    expect(bad.status).toBe(1);
    const wrong = await instance.cli('probe', 'www', 'rs9', '--wait');
    expect(wrong).toMatchObject({ status: 2, out: '' });
    expect(wrong.err).toContain('Did you mean rs1?');
  });
});
