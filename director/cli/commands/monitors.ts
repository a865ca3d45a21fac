// Commands about checks: what each has found lately, and probing without waiting for the interval.
import type { CheckStatus, ProbeHistory, ProbeRecord } from '../../control/monitor-schema.ts';
import { amount } from '../../model/amount.ts';
import { EXIT } from '../../model/error.ts';
import type { Command, CommandContext } from '../command.ts';
import { flag } from '../command.ts';
import { duration } from '../show.ts';
import type { Cell, Column } from '../table.ts';
import { print, READ_OPTIONS, SERVER, SERVICE, table } from './common.ts';

const POLL_MS = 100;
/** What is waited for beyond the timeout of the slowest probe: its turn, and its way here. */
const PATIENCE_MS = 5_000;
const SHARERS_SHOWN = 3;

export const monitors: Command = {
  name: 'monitors',
  summary: 'Checks of real servers: recipe, schedule, health, and what the latest probes found',
  arguments: [{ ...SERVICE, optional: true }],
  options: READ_OPTIONS,
  details:
    'AGAINST counts the probes in a row that speak against the present health, of as many as change it. MEAN and P99 are of the latest 120 probes that passed. A standby shows its own probes.',
  examples: ['fairlead monitors', 'fairlead monitors www --json'],
  run: async (context) => {
    const [service] = context.args;
    const checks = await checksOf(context, service, undefined);
    return print(context, { checks }, (value) => checkTable(context, value.checks));
  },
};

export const probe: Command = {
  name: 'probe',
  summary: 'Probes now, without waiting for the interval',
  arguments: [
    { ...SERVICE, optional: true },
    { ...SERVER, optional: true },
  ],
  options: {
    wait: { type: 'boolean', help: 'End when every outcome is there, and show them; exit 1 if one failed' },
    ...READ_OPTIONS,
  },
  details: 'Outcomes count towards rise and fall like any other.',
  examples: ['fairlead probe', 'fairlead probe www rs1 --wait'],
  run: async (context) => {
    const [service, server] = context.args;
    const { probed, at = Date.now() } = await context.client.call('probe', {
      body: { ...(service === undefined ? {} : { service }), ...(server === undefined ? {} : { server }) },
    });
    if (!flag(context.values, 'wait'))
      return print(context, { probed, at }, () => `${counted(probed)} probed now\n`);
    const outcomes = await outcomesSince(context, at);
    print(context, { probed, at, checks: outcomes }, () => outcomeTable(context, outcomes));
    return outcomes.every(({ last }) => last !== undefined && last.result !== 'fail') ? EXIT.ok : EXIT.failed;
  },
};

async function checksOf(
  { client }: CommandContext,
  service: string | undefined,
  server: string | undefined,
): Promise<CheckStatus[]> {
  if (service !== undefined && server !== undefined) {
    const { checks }: ProbeHistory = await client.call('probes', { params: { service, server } });
    return checks.map(({ recent: _, ...check }) => check);
  }
  const { checks } = await client.call('monitors');
  if (service === undefined) return checks;
  const own = checks.filter(({ servers }) => servers.some((name) => name.startsWith(`${service}/`)));
  // Of a service that is not there this says so, with the nearest name.
  if (own.length === 0) await client.call('service', { params: { service } });
  return own;
}

/** Each check once it has been probed since; without its last probe where that took too long. */
async function outcomesSince(context: CommandContext, at: number): Promise<readonly CheckStatus[]> {
  const [service, server] = context.args;
  const begun_ms = performance.now();
  for (;;) {
    const checks = await checksOf(context, service, server);
    const isNew = ({ last }: CheckStatus): boolean => last !== undefined && last.at >= at;
    if (checks.every(isNew)) return checks;
    const patience_ms = 2 * Math.max(0, ...checks.map((check) => check.timeout_ms)) + PATIENCE_MS;
    if (performance.now() - begun_ms > patience_ms || context.terminal.interrupted.aborted)
      return checks.map((check) => (isNew(check) ? check : withoutLast(check)));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function withoutLast({ last: _, ...check }: CheckStatus): CheckStatus {
  return check;
}

function counted(checks: number): string {
  return checks === 1 ? '1 check is' : `${checks} checks are`;
}

const CHECK_COLUMNS: readonly Column[] = [
  { title: 'SERVERS' },
  { title: 'TARGET' },
  { title: 'CHECK' },
  { title: 'EVERY', align: 'right' },
  { title: 'TIMEOUT', align: 'right' },
  { title: 'HEALTH' },
  { title: 'SINCE', align: 'right' },
  { title: 'AGAINST', align: 'right' },
  { title: 'LAST' },
  { title: 'MEAN', align: 'right' },
  { title: 'P99', align: 'right' },
  { title: 'PROBES', align: 'right' },
  { title: 'FAILED', align: 'right' },
  { title: 'WHY' },
];

function checkTable(context: CommandContext, checks: readonly CheckStatus[]): string {
  const now = Date.now();
  return table(
    context,
    CHECK_COLUMNS,
    checks.map((check) => [
      sharers(check.servers),
      check.target,
      check.what,
      span(check.interval_ms),
      span(check.timeout_ms),
      health(check),
      check.since === undefined ? '-' : duration(now - check.since),
      check.against === 0 ? '0' : { text: against(check), tone: 'warn' },
      result(check.last),
      latency(check.latency_mean_ms),
      latency(check.latency_p99_ms),
      amount(check.probes),
      amount(check.failures),
      { text: check.last?.detail ?? check.reason, tone: 'quiet' },
    ]),
  );
}

function outcomeTable(context: CommandContext, checks: readonly CheckStatus[]): string {
  return table(
    context,
    [
      ...[{ title: 'SERVERS' }, { title: 'TARGET' }, { title: 'CHECK' }, { title: 'RESULT' }],
      ...[{ title: 'HEALTH' }, { title: 'WHY' }],
    ],
    checks.map((check) => [
      ...[sharers(check.servers), check.target, check.what],
      check.last === undefined ? { text: 'no outcome in time', tone: 'warn' } : result(check.last),
      health(check),
      { text: check.last?.detail ?? check.reason, tone: 'quiet' },
    ]),
  );
}

function sharers(servers: readonly string[]): string {
  const more = servers.length - SHARERS_SHOWN;
  return servers.slice(0, SHARERS_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function health({ health: text }: CheckStatus): Cell {
  return { text, tone: text === 'up' ? 'good' : text === 'down' ? 'bad' : 'warn' };
}

/** `2 of 3`. */
function against({ health: now, against: count, rise, fall }: CheckStatus): string {
  return `${count} of ${now === 'down' ? rise : fall}`;
}

function result(last: ProbeRecord | undefined): Cell {
  if (last === undefined) return { text: '-' };
  const tone = last.result === 'ok' ? 'good' : last.result === 'slow' ? 'warn' : 'bad';
  return { text: `${last.result} ${latency(last.latency_ms)}`, tone };
}

function latency(value_ms: number | undefined): string {
  return value_ms === undefined ? '-' : `${value_ms.toFixed(value_ms < 10 ? 1 : 0)}ms`;
}

/** `200ms`, `1.5s`, `10s`. */
function span(value_ms: number): string {
  return value_ms < 1_000 ? `${value_ms}ms` : `${value_ms / 1_000}s`;
}
