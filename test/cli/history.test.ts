// What a director samples, asked of one that really runs.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HistoryStatus, Moment, Recent, Series } from '../../director/control/history-schema.ts';
import { configurationText, Instance, RealServer, until } from './support/instance.ts';

let rs1: RealServer;
let instance: Instance;

beforeAll(async () => {
  rs1 = await RealServer.open();
  instance = new Instance(configurationText({ servers: { rs1: rs1.port } }));
  await instance.run();
});
afterAll(async () => {
  await instance?.[Symbol.asyncDispose]();
  await rs1?.[Symbol.asyncDispose]();
});

async function series(subject: string): Promise<Series> {
  const to = Date.now();
  return instance.client.call('series', {
    query: { subject, from: String(to - 60_000), to: String(to), points: '100' },
  });
}

const sampled = (values: readonly (number | null)[] | undefined): number =>
  (values ?? []).filter((value) => value !== null).length;

it('samples the director, services and servers, and has them again after a restart', async () => {
  await until(async () => sampled((await series('www/rs1')).values.health) >= 3);
  const before = await series('www/rs1');
  expect(before).toMatchObject({ subject: 'www/rs1', level: '1s', step_ms: 1_000 });
  expect(Object.keys(before.values)).toContain('weight_effective');
  const seen = before.times.find((_, index) => before.values.health?.[index] !== null)!;
  await instance.end('SIGTERM');
  await instance.run();
  const moment: Moment = await instance.client.call('moment', { query: { at: String(seen) } });
  expect(moment).toMatchObject({ at: seen, level: '1s' });
  expect(Object.keys(moment.subjects).sort()).toEqual(['director', 'www', 'www/rs1']);
  expect(moment.subjects.director).toMatchObject({ active_role: 1 });
});

it('has the last two minutes for sparklines', async () => {
  await until(async () => {
    const recent: Recent = await instance.client.call('recent', { query: { metric: 'connections_per_s' } });
    return sampled(recent.series.www) >= 2 && recent.step_ms === 1_000;
  });
});

it('says what is kept, and prints a subject as a table', async () => {
  const status = await instance.json<HistoryStatus>('history');
  expect(status).toMatchObject({
    state: 'ok',
    bytes_max: 256 * 2 ** 20,
    subjects: 3,
    left_out: 0,
    dropped: 0,
  });
  expect(status.bytes).toBeGreaterThan(0);
  expect(fs.existsSync(path.join(instance.state, 'history.sqlite'))).toBe(true);
  const shown = await instance.cli('history');
  expect(shown.out).toMatch(/^history {4}ok\nroom .*of 268MB/);
  const one = await instance.cli('history', 'www/rs1', '--from', '-5m');
  expect(one.status).toBe(0);
  expect(one.out).toMatch(/^www\/rs1: .* \(from 1s\)\nMETRIC/);
  expect(one.out).toMatch(/health +(up|unknown) .*█/);
  const metric = await instance.cli('history', 'www', '--metric', 'active', '--from', '-1m');
  expect(metric.out).toMatch(/TIME +ACTIVE/);
  const nobody = await instance.cli('history', 'nobody');
  expect(nobody.out).toMatch(/Nothing was sampled/);
});

it('refuses what it cannot understand', async () => {
  for (const args of [
    ['www', '--metric', 'speed'],
    ['www', '--from', 'yesterday'],
    ['www', '--from', '-1m', '--to', '-1h'],
    ['--metric', 'active'],
  ])
    expect(await instance.cli('history', ...args)).toMatchObject({ status: 2, out: '' });
  const backwards = instance.client.call('series', { query: { subject: 'www', from: '2', to: '1' } });
  await expect(backwards).rejects.toMatchObject({ code: 'bad-request' });
  const unknown = instance.client.call('series', {
    query: { subject: 'www', from: '1', to: '2', metrics: 'speed' },
  });
  await expect(unknown).rejects.toMatchObject({ code: 'bad-request' });
});

it('is switched off and on by the configuration, without a restart', async () => {
  const text = fs.readFileSync(instance.config, 'utf8');
  const apply = async (more: string): Promise<void> => {
    const file = instance.file('next.yaml', `${text}\n${more}\n`);
    expect(await instance.cli('apply', file)).toMatchObject({ status: 0 });
  };
  await apply('history: { size: 0 }');
  await until(async () => (await instance.json<HistoryStatus>('history')).state === 'off');
  expect((await instance.cli('history')).out).toBe('history    off\n');
  await apply('history: { size: 16MiB }');
  await until(async () => (await instance.json<HistoryStatus>('history')).bytes_max === 16 * 2 ** 20);
  await until(async () => sampled((await series('www')).values.health) > 0);
});
