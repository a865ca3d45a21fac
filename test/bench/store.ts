// Whether the store takes events as fast as a site in trouble makes them: 5 000 a second and none dropped, what of the CPU
// that takes, and how fast it is at most, beside a bare loop of the same rows in the same batches.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { systemClock } from '../../director/native/system-clock.ts';
import type { NewEvent } from '../../director/store/record.ts';
import { openStore, type Store } from '../../director/store/store.ts';
import { atLeast, atMost, type Figure } from './figures.ts';
import { interleave, ratios, Samples } from './samples.ts';
import type { BenchContext, Section } from './section.ts';

const PER_SECOND = 5_000;
const TICK_MS = 10;
const SECONDS = 10;
const ROUNDS = 7;
/** As many as may wait in the store's queue. */
const BURST = 50_000;
/** The store's own batches. */
const BATCH = 1_024;
const QUICK = { seconds: 1, rounds: 1, burst: 4_096 };

export const STORE: Section = {
  name: 'store',
  title: 'events on their way to the disk, with their indexes and the limit of the table',
  async *run(context) {
    const { seconds, rounds, burst } = context.quick
      ? QUICK
      : { seconds: SECONDS, rounds: ROUNDS, burst: BURST };
    const folder = mkdtempSync(join(tmpdir(), 'fl-bench-store-'));
    try {
      await using store = await openStore({ file: join(folder, 'store.sqlite'), clock: systemClock });
      using bare = openBare(join(folder, 'bare.sqlite'));
      // A full table, so that each event pushes an old one out.
      if (!context.quick) for (let count = 0; count < 2; count++) await takeBurst(store, burst);
      yield* steady(context, store, seconds, rounds);
      context.say(`${rounds} rounds of ${burst} events at once`);
      const measured = await interleave(rounds, ['store', 'bare'] as const, context.turn, (one) =>
        one === 'store' ? takeBurst(store, burst) : bare.take(burst),
      );
      const [own, theirs] = [measured.get('store')!, measured.get('bare')!];
      yield rate('events at once', own, { target: atLeast(PER_SECOND) });
      yield rate('a bare insert loop', theirs);
      const ratio = ratios(own, theirs);
      yield {
        name: 'events at once, to the bare loop',
        value: ratio.median,
        unit: 'x',
        detail: `[${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)}]`,
      };
      yield {
        name: 'events dropped, in all of it',
        value: store.status().dropped,
        unit: '',
        target: atMost(0),
        detail: `of ${store.lastEventId()}`,
      };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function* steady(
  context: BenchContext,
  store: Store,
  seconds: number,
  rounds: number,
): AsyncGenerator<Figure> {
  context.say(`${rounds} rounds of ${seconds} s with ${PER_SECOND} events a second`);
  const [cpu, waiting, achieved] = [new Samples(), new Samples(), new Samples()];
  for (let round = 0; round < rounds; round++) {
    await context.turn();
    const one = await keepUp(store, seconds, context.signal);
    cpu.add(one.cpu_share);
    waiting.add(one.waiting_max);
    achieved.add(one.per_second);
  }
  yield rate('events a second, as asked for', achieved);
  yield {
    name: `CPU at ${PER_SECOND} events a second, median round`,
    value: cpu.median * 100,
    unit: '% of one',
    detail: `all threads of the process, making the events included; [${(cpu.min * 100).toFixed(0)} to ${(cpu.max * 100).toFixed(0)}]`,
  };
  yield {
    name: 'events that waited at most, median round',
    value: waiting.median,
    unit: '',
    detail: `at worst ${waiting.max} of 57 344 that may`,
  };
}

/** The same number in each step of time; what was late is made up for. */
async function keepUp(store: Store, seconds: number, signal: AbortSignal) {
  const cpu = process.cpuUsage();
  const began = performance.now();
  let made = 0;
  let waiting_max = 0;
  while (made < PER_SECOND * seconds) {
    const due = Math.min(
      PER_SECOND * seconds,
      Math.floor(((performance.now() - began) * PER_SECOND) / 1_000),
    );
    for (; made < due; made++) store.record(event(made));
    waiting_max = Math.max(waiting_max, store.status().waiting);
    await sleep(TICK_MS, undefined, { signal });
  }
  await written(store);
  const elapsed_s = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { per_second: made / elapsed_s, cpu_share: (user + system) / 1e6 / elapsed_s, waiting_max };
}

/** Events a second, until the last one is on disk. */
async function takeBurst(store: Store, count: number): Promise<number> {
  const began = performance.now();
  for (let index = 0; index < count; index++) store.record(event(index));
  await written(store);
  return count / ((performance.now() - began) / 1_000);
}

async function written(store: Store): Promise<void> {
  while (store.status().waiting > 0) {
    const { state, detail } = store.status();
    if (state === 'behind') throw new Error(`the disk refuses: ${detail}`);
    await sleep(1);
  }
}

function openBare(file: string) {
  const database = new Sqlite(file);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec(
    'CREATE TABLE events (id INTEGER PRIMARY KEY, at INTEGER, kind TEXT, subject TEXT, reason TEXT, evidence TEXT)',
  );
  const insert = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)');
  let id = 0;
  const batch = database.transaction((from: number, to: number) => {
    for (let index = from; index < to; index++) {
      const { at, kind, subject, reason, evidence } = event(index);
      insert.run(++id, at, kind, subject, reason, JSON.stringify(evidence));
    }
  });
  return {
    take(count: number): number {
      const began = performance.now();
      for (let from = 0; from < count; from += BATCH) batch(from, Math.min(count, from + BATCH));
      return count / ((performance.now() - began) / 1_000);
    },
    [Symbol.dispose]: () => void database.close(),
  };
}

/** As a real server going down and up makes them. */
function event(index: number): NewEvent {
  const server = `service-${index % 100}/rs${index % 2_000}`;
  return index % 2 === 0
    ? {
        ...{ at: Date.now(), kind: 'server-down', subject: server },
        reason: `connect to 10.1.${index % 256}.21:8080 refused after 0.4 ms, 3 times in a row`,
        evidence: { probe: { kind: 'http', latency_ms: 0.4, attempts: 3 }, was: 'up' },
      }
    : {
        ...{ at: Date.now(), kind: 'server-up', subject: server },
        reason: 'HTTP 200 in 1.2 ms, 2 times in a row',
        evidence: { probe: { kind: 'http', latency_ms: 1.2, attempts: 2 }, was: 'down' },
      };
}

function rate(name: string, samples: Samples, more: Partial<Figure> = {}): Figure {
  return {
    ...{ name, value: samples.median, unit: '/s' },
    detail: `median of ${samples.count} [${Math.round(samples.min)} to ${Math.round(samples.max)}]`,
    ...more,
  };
}
