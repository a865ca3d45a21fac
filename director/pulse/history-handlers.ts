// Routes about what was sampled.
import type { Handlers } from '../control/backend.ts';
import type { HistoryStatus, Moment, Recent, Series } from '../control/history-schema.ts';
import { RECENT_STEP_MS } from '../history/core/recent.ts';
import type { MomentReply, SeriesReply } from '../history/protocol.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import { METRICS, type Metric, type RecentMetric } from '../model/metric.ts';
import type { Core } from './core.ts';
import { SUBJECTS_MAX } from './history-subjects.ts';

export function historyHandlers({
  history,
  sampler,
}: Pick<Core, 'history' | 'sampler'>): Pick<Handlers, 'history' | 'series' | 'moment' | 'recent'> {
  return {
    async history() {
      const status = await history.status();
      const { subjects, left_out } = sampler.sampled;
      const sampled = { subjects: subjects.names.length, subjects_max: SUBJECTS_MAX, left_out };
      if (status === undefined)
        return { state: 'off', bytes: 0, bytes_max: 0, ...sampled, levels: [], dropped: 0 };
      const { cpu_ms: _, ...shown } = status;
      return { ...shown, ...sampled, levels: [...shown.levels] } satisfies HistoryStatus;
    },
    async series({ query }) {
      const { subject, from, to, points, level } = query;
      const metrics = query.metrics === undefined ? undefined : readMetrics(query.metrics);
      if (to < from) throw badQuery('`to` is before `from`', 'Give the earlier time as `from`.');
      const reply = await history.series({ subject, from, to, points, level });
      return reply === undefined
        ? { subject, level: level ?? '1s', step_ms: 0, times: [], values: {}, highs: {} }
        : toSeries(subject, reply, metrics);
    },
    async moment({ query }) {
      const reply = await history.moment(query.at);
      return reply === undefined ? { at: query.at, level: '1s', subjects: {} } : toMoment(reply);
    },
    recent({ query }) {
      const names = query.subjects?.split(',') ?? sampler.sampled.services.map(({ name }) => name);
      return toRecent(query.metric, names, (name) => sampler.recent.series(name, query.metric));
    },
  };
}

function badQuery(detail: string, remedy: string): FairleadError {
  return new FairleadError('bad-request', `The request cannot be understood: ${detail}.`, {
    remedy,
    exit: EXIT.usage,
  });
}

function readMetrics(text: string): Metric[] {
  return text.split(',').map((name) => {
    const metric = METRICS.find((each) => each === name);
    if (metric === undefined)
      throw badQuery(`there is no metric ${JSON.stringify(name)}`, `There are: ${METRICS.join(', ')}.`);
    return metric;
  });
}

/** Metrics that were asked for are there, whether or not they were sampled. */
function toSeries(subject: string, reply: SeriesReply, metrics: readonly Metric[] | undefined): Series {
  const { level, step_ms, start, points } = reply;
  const pick = (columns: ReadonlyMap<Metric, Float64Array>, always: boolean) =>
    Object.fromEntries(
      (metrics ?? [...columns.keys()]).flatMap((metric) => {
        const column = columns.get(metric);
        if (column !== undefined) return [[metric, toNumbers(column)]];
        return always ? [[metric, new Array<null>(points).fill(null)]] : [];
      }),
    ) as Series['values'];
  return {
    ...{ subject, level, step_ms },
    times: Array.from({ length: points }, (_, index) => start + index * step_ms),
    values: pick(reply.values, true),
    highs: pick(reply.highs, false),
  };
}

function toNumbers(column: Iterable<number>): (number | null)[] {
  return Array.from(column, (value) => (Number.isNaN(value) ? null : value));
}

function toMoment({ at, level, names, values }: MomentReply): Moment {
  const subjects: Moment['subjects'] = {};
  for (const [row, name] of names.entries()) {
    const found: Partial<Record<Metric, number>> = {};
    for (const [index, metric] of METRICS.entries()) {
      const value = values[row * METRICS.length + index]!;
      if (!Number.isNaN(value)) found[metric] = value;
    }
    subjects[name] = found;
  }
  return { at, level, subjects };
}

function toRecent(
  metric: RecentMetric,
  names: readonly string[],
  seriesOf: (name: string) => Float32Array | undefined,
): Recent {
  const series: Recent['series'] = {};
  for (const name of new Set(names)) {
    const found = seriesOf(name);
    // A tenth is what rates are known to; counts are whole.
    if (found !== undefined)
      series[name] = toNumbers(found).map((value) => (value === null ? null : Math.round(value * 10) / 10));
  }
  return { step_ms: RECENT_STEP_MS, metric, series };
}
