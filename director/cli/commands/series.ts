// The command about what was sampled: how much is kept, and one subject over time.
import {
  ADMIN_CODES,
  HEALTH_CODES,
  type HistoryStatus,
  type Metric,
  type Series,
} from '../../control/history-schema.ts';
import { amount } from '../../model/amount.ts';
import type { ExitCode } from '../../model/error.ts';
import { METRICS } from '../../model/metric.ts';
import { type Command, type CommandContext, text } from '../command.ts';
import { usage } from '../parse.ts';
import { clockTime, duration } from '../show.ts';
import { sparkline } from '../sparkline.ts';
import { plain } from '../table.ts';
import { parseTime } from '../time.ts';
import { print, READ_OPTIONS, table } from './common.ts';

const POINTS = 60;
const FROM = '-1h';

export const history: Command = {
  name: 'history',
  summary: 'What was sampled: one subject over time, or what is kept',
  arguments: [
    {
      name: 'SUBJECT',
      help: 'director, a service (www) or a real server (www/rs1); none: what is kept',
      optional: true,
      complete: 'service',
    },
  ],
  options: {
    from: { type: 'string', value: 'TIME', help: `Begin: -1h, a date and time, … (default ${FROM})` },
    to: { type: 'string', value: 'TIME', help: 'End (default now)' },
    metric: {
      type: 'string',
      value: 'NAME',
      help: 'Only this one, with its values line by line',
      complete: METRICS,
    },
    ...READ_OPTIONS,
  },
  details:
    'Times are -1h, now, 2026-01-31T14:05 or milliseconds since 1970. The finest resolution that reaches back to the begin is used: a second for an hour, a minute for a week, an hour for a year.',
  examples: [
    'fairlead history',
    'fairlead history www/rs1 --from -1d',
    'fairlead history www --metric active',
  ],
  run: async (context) => {
    const [subject] = context.args;
    return subject === undefined ? showStatus(context) : showSeries(context, subject);
  },
};

async function showStatus(context: CommandContext): Promise<ExitCode> {
  for (const option of ['from', 'to', 'metric'])
    if (text(context.values, option) !== undefined)
      throw usage(`--${option} needs a subject.`, 'Write "fairlead history director", say.');
  return print(context, await context.client.call('history'), (status) => renderStatus(context, status));
}

function renderStatus(context: CommandContext, status: HistoryStatus): string {
  const { state, detail, bytes, bytes_max, subjects, subjects_max, left_out, levels, dropped } = status;
  const lines = [`history    ${state}${detail === undefined ? '' : `: ${plain(detail)}`}`];
  if (state === 'off') return `${lines.join('\n')}\n`;
  const part = bytes_max > 0 ? `, ${Math.round((bytes / bytes_max) * 100)}%` : '';
  lines.push(`room       ${amount(bytes)}B of ${amount(bytes_max)}B${part}`);
  lines.push(`subjects   ${subjects} of ${subjects_max}${left_out > 0 ? `, ${left_out} left out` : ''}`);
  if (dropped > 0) lines.push(`dropped    ${amount(dropped)} samples`);
  const rows = levels.map((level) => [
    level.level,
    duration(level.keep_ms),
    `${amount(level.bytes)}B`,
    level.oldest === undefined ? '-' : clockTime(level.oldest),
    level.newest === undefined ? '-' : clockTime(level.newest),
  ]);
  const columns = [
    { title: 'INTERVAL' },
    { title: 'KEPT', align: 'right' as const },
    { title: 'SIZE', align: 'right' as const },
    { title: 'FROM' },
    { title: 'TO' },
  ];
  return `${lines.join('\n')}\n\n${table(context, columns, rows)}`;
}

async function showSeries(context: CommandContext, subject: string): Promise<ExitCode> {
  const now = Date.now();
  const metric = text(context.values, 'metric');
  if (metric !== undefined && !METRICS.some((each) => each === metric))
    throw usage(`There is no metric ${JSON.stringify(metric)}.`, `There are: ${METRICS.join(', ')}.`);
  const from = parseTime(text(context.values, 'from') ?? FROM, now, '--from');
  const to = parseTime(text(context.values, 'to') ?? 'now', now, '--to');
  if (to < from) throw usage('--to is before --from.', 'Give the earlier time as --from.');
  const series = await context.client.call('series', {
    query: {
      subject,
      from: String(from),
      to: String(to),
      points: String(POINTS),
      ...(metric === undefined ? {} : { metrics: metric }),
    },
  });
  return print(context, series, (value) =>
    metric === undefined ? renderAll(context, value) : renderOne(context, value, metric as Metric),
  );
}

function heading({ subject, level, step_ms, times }: Series): string {
  const [first, last] = [times[0], times.at(-1)];
  const span =
    first === undefined || last === undefined ? 'nothing' : `${clockTime(first)} to ${clockTime(last)}`;
  return `${plain(subject)}: ${span}, every ${duration(step_ms)} (from ${level})\n`;
}

function renderAll(context: CommandContext, series: Series): string {
  const rows = METRICS.flatMap((metric) => {
    const values = series.values[metric];
    const there = (values ?? []).filter((value) => value !== null);
    const last = there.at(-1);
    if (values === undefined || last === undefined) return [];
    const highs = (series.highs[metric] ?? []).filter((value) => value !== null);
    const mean = there.reduce((total, value) => total + value, 0) / there.length;
    const isCode = metric === 'health' || metric === 'admin';
    return [
      [
        metric,
        shown(metric, last),
        isCode ? '' : shown(metric, mean),
        isCode ? '' : shown(metric, Math.max(...there, ...highs)),
        sparkline(values, POINTS),
      ],
    ];
  });
  if (rows.length === 0) return `${heading(series)}Nothing was sampled of it in that time.\n`;
  const columns = [
    { title: 'METRIC' },
    { title: 'LAST', align: 'right' as const },
    { title: 'MEAN', align: 'right' as const },
    { title: 'HIGH', align: 'right' as const },
    { title: 'OVER TIME' },
  ];
  return heading(series) + table(context, columns, rows);
}

function renderOne(context: CommandContext, series: Series, metric: Metric): string {
  const values = series.values[metric] ?? [];
  const highs = series.highs[metric];
  const rows = series.times.map((at, index) => [
    clockTime(at),
    shown(metric, values[index]),
    ...(highs === undefined ? [] : [shown(metric, highs[index])]),
  ]);
  const columns = [
    { title: 'TIME' },
    { title: metric.toUpperCase(), align: 'right' as const },
    ...(highs === undefined ? [] : [{ title: 'HIGH', align: 'right' as const }]),
  ];
  return `${heading(series)}${sparkline(values, POINTS)}\n${table(context, columns, rows)}`;
}

function shown(metric: Metric, value: number | null | undefined): string {
  if (value === null || value === undefined) return '-';
  if (metric === 'health') return HEALTH_CODES[value] ?? '-';
  if (metric === 'admin') return ADMIN_CODES[value] ?? '-';
  return amount(value);
}
