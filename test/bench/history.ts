// What a history of everything, every second, costs: CPU time, room, and the time that answers take; beside plain rows.
import fs from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import type { WorkerStatus } from '../../director/history/protocol.ts';
import { METRICS } from '../../director/model/metric.ts';
import { atMost, type Figure, formatNumber } from './figures.ts';
import { HistorySite } from './history-site.ts';
import { Samples } from './samples.ts';
import type { BenchContext, Section } from './section.ts';

const FULL = { services: 200, servers: 20, minutes: 61, hours: 27, reads: 9 };
const QUICK = { services: 20, servers: 5, minutes: 2, hours: 27, reads: 2 };
/** Samples that are handed over before the thread is waited for. */
const BATCH = 20;

export const HISTORY: Section = {
  name: 'history',
  title: 'what was sampled, kept and read again',
  async *run(context) {
    const size = context.quick ? QUICK : FULL;
    await using site = new HistorySite(size.services, size.servers);
    const { subjects } = site;
    context.say(`${formatNumber(subjects)} subjects, ${size.minutes} minutes`);
    const main = new Samples();
    const before = await statusOf(site);
    for (let second = 0; second < size.minutes * 60 + 1; second++) {
      main.add(site.second());
      if (second % BATCH !== 0) continue;
      await context.turn();
      await caughtUp(site);
    }
    const after = await statusOf(site);
    const named = `${formatNumber(subjects)} subjects`;
    yield {
      name: `sampling ${named}, main thread`,
      value: meanOf(main),
      unit: 'ms/s',
      target: atMost(5),
      detail: 'CPU time per second',
    };
    yield {
      name: `keeping ${named}, own thread`,
      value: (after.cpu_ms - before.cpu_ms) / (size.minutes * 60),
      unit: 'ms/s',
      target: atMost(30),
      detail: 'CPU time per second, writing and rolling up included',
    };
    const newest = site.now_ms;
    yield* reads(context, site, newest, size.reads);
    yield* room(context, site, size.hours);
    yield* baseline(context, site, size.reads);
  },
};

async function statusOf(site: HistorySite): Promise<WorkerStatus> {
  const status = await site.history.status();
  if (status === undefined || status.dropped > 0) throw new Error('samples were lost');
  return status;
}

/** Time runs faster here than the thread is meant to keep up with. */
async function caughtUp(site: HistorySite): Promise<void> {
  await site.history.upkeep();
  await statusOf(site);
}

async function timed(rounds: number, context: BenchContext, read: () => unknown): Promise<Samples> {
  const samples = new Samples();
  for (let round = 0; round < rounds; round++) {
    await context.turn();
    const began_ms = performance.now();
    await read();
    samples.add(performance.now() - began_ms);
  }
  return samples;
}

async function* reads(
  context: BenchContext,
  site: HistorySite,
  newest: number,
  rounds: number,
): AsyncGenerator<Figure> {
  const to = newest;
  const question = { subject: 'service-1/rs3', to, points: 600 };
  const hour = await timed(rounds, context, () =>
    site.history.series({ ...question, from: to - 3_599_000, level: '1s' }),
  );
  yield {
    name: 'series: an hour by the second',
    value: hour.median,
    unit: 'ms',
    target: atMost(50),
    detail: spread(hour),
  };
  const moment = await timed(rounds, context, () => site.history.moment(to - 100_000));
  yield {
    name: 'moment: every subject',
    value: moment.median,
    unit: 'ms',
    target: atMost(300),
    detail: spread(moment),
  };
}

/** CPU time is told in steps that are longer than one sample takes. */
const meanOf = ({ values }: Samples): number =>
  values.reduce((total, value) => total + value, 0) / values.length;
const spread = (samples: Samples): string => `${formatNumber(samples.min)} to ${formatNumber(samples.max)}`;

/** What each level takes; for the last one a sample an hour over a day, as a day's block is written when it is over. */
async function* room(context: BenchContext, site: HistorySite, hours: number): AsyncGenerator<Figure> {
  await site.history.upkeep();
  const [seconds, minutes] = (await statusOf(site)).levels;
  const span_hours = ((seconds?.newest ?? 0) - (seconds?.oldest ?? 0)) / 3_600_000;
  yield { ...perSubject(site, '1s', (seconds?.bytes ?? 0) / span_hours), target: atMost(40_000) };
  yield perSubject(site, '1m', minutes?.bytes ?? 0);
  context.say('a day, an hour at a time');
  for (let hour = 0; hour < hours; hour++) {
    site.now_ms += 3_599_000;
    site.second();
    await context.turn();
    await caughtUp(site);
  }
  yield perSubject(site, '1h', ((await statusOf(site)).levels[2]?.bytes ?? 0) / 24);
}

function perSubject(site: HistorySite, level: string, bytes: number): Figure {
  return { name: `room per subject and hour, ${level}`, value: bytes / site.subjects, unit: 'bytes' };
}

/** A row per subject and second, as one would do it first. */
async function* baseline(context: BenchContext, site: HistorySite, rounds: number): AsyncGenerator<Figure> {
  context.say('plain rows, a minute');
  const file = path.join(site.folder, 'plain.sqlite');
  const database = new Sqlite(file);
  database.pragma('journal_mode = WAL');
  database.exec(`CREATE TABLE samples (subject INTEGER, at INTEGER, ${METRICS.map((name) => `${name} REAL`).join(', ')});
    CREATE INDEX by_subject ON samples (subject, at); CREATE INDEX by_time ON samples (at)`);
  const insert = database.prepare(`INSERT INTO samples VALUES (?, ?, ${METRICS.map(() => '?').join(', ')})`);
  const write = database.transaction((at: number) => {
    for (let subject = 0; subject < site.subjects; subject++)
      insert.run(
        subject,
        at,
        ...METRICS.map((_, index) => Math.round(1_000 + ((subject * at * (index + 1)) % 977))),
      );
  });
  const taken = new Samples();
  const seconds = context.quick ? 3 : 60;
  for (let second = 0; second < seconds; second++) {
    await context.turn();
    const before = process.threadCpuUsage();
    write(second);
    const { user, system } = process.threadCpuUsage(before);
    taken.add((user + system) / 1_000);
  }
  database.pragma('wal_checkpoint(TRUNCATE)');
  const bytes = (fs.statSync(file).size / seconds) * 3_600;
  yield { name: 'plain rows: writing', value: meanOf(taken), unit: 'ms/s', detail: 'CPU time per second' };
  yield { ...perSubject(site, '1s', bytes), name: 'plain rows: room per subject and hour' };
  const all = database.prepare('SELECT * FROM samples WHERE at = ?');
  const moment = await timed(rounds, context, () => all.all(1));
  yield { name: 'plain rows: moment', value: moment.median, unit: 'ms', detail: spread(moment) };
  database.close();
}
