// A drill's report for people: one screen per run, and a table at the end with the worst of several runs.

import { kindsOf } from './judge.ts';
import type { DrillReport, OwnerSpan } from './report.ts';

const STORY_MAX = 24;

export function reportLines(report: DrillReport): string[] {
  const { settings, established, young, fresh, udp } = report;
  const theirs = report.theirs === undefined ? '' : `; keepalived: ${report.theirs}`;
  return [
    `${report.drill}: ${report.ok ? 'ok' : 'NOT OK'}`,
    ...report.complaints.map((complaint) => `  not well      ${complaint}`),
    `  settings      beats every ${settings.interval_ms} ms, deadtime ${settings.deadtime_ms} ms, failback ${settings.failback}, ${settings.serial ? 'two networks and a serial line' : 'two networks'}`,
    `  outage        ${ms(report.outage_ms)} (limit ${ms(report.limit_ms)}${theirs}); before the fault ${ms(report.noise_ms)}`,
    ...(report.outage_at_ms
      ? [
          `                from ${report.outage_at_ms.map((at) => `${at.toFixed(0)} ms`).join(' to ')} after the fault`,
        ]
      : []),
    `                ${Object.entries(report.outage_by_service_ms)
      .map(([service, value]) => `${service} ${ms(value)}`)
      .join(', ')}`,
    `  established   ${established.lost} of ${established.of} lost${listed(established.kinds)}, longest stall ${ms(established.stall_ms)}`,
    `  young         ${young.lost} of ${young.of} lost${listed(young.kinds)}, longest stall ${ms(young.stall_ms)}`,
    ...(report.orphans_lost > 0
      ? [
          `  orphans       ${report.orphans_lost} lost that began between the fault and the takeover: nobody could tell the standby of them`,
        ]
      : []),
    `  new           ${fresh.failed} of ${fresh.made} failed${listed(fresh.kinds)}, ${fresh.slow} delayed${fresh.slow === 0 ? '' : ` (first packet lost: ${kindsOf(fresh.slow_by_service)})`}`,
    ...(udp.flows > 0
      ? [`  datagrams     ${udp.lost} of ${udp.sent} lost, longest gap ${ms(udp.gap_ms)}`]
      : []),
    `  two owners    ${report.two_owners_times === 0 ? 'never' : `${report.two_owners_ms.toFixed(1)} ms, ${report.two_owners_times} times`}; ${report.announcements} announcements; the client ${report.client_follows ? 'follows' : 'does not follow'}`,
    ...ownerLines(report.owners),
    ...phaseLines(report.phases_ms),
    ...storyLines(report.story),
    `  measured      at worst ${ms(report.late_ms)} late, new connections ${ms(report.client_late_ms)}`,
    '',
  ];
}

/** One line for all VIPs that had the same owners at the same time. */
function ownerLines(spans: readonly OwnerSpan[]): string[] {
  const byVip = new Map<string, string[]>();
  for (const { vip, owner, from_ms, to_ms } of spans)
    byVip.set(vip, [...(byVip.get(vip) ?? []), `${owner} ${from_ms.toFixed(0)}..${to_ms.toFixed(0)}`]);
  return [...byVip].map(
    ([vip, parts], index) =>
      `  ${index === 0 ? 'owners (ms)' : '           '}   ${vip.padEnd(14)} ${parts.join(', ')}`,
  );
}

function phaseLines(phases: Readonly<Record<string, number>>): string[] {
  const parts = Object.entries(phases).map(([name, at]) => `${name} ${ms(at)}`);
  return parts.length > 0 ? [`  phases        ${parts.join(' · ')}`] : [];
}

function storyLines(story: DrillReport['story']): string[] {
  const shown = story.slice(0, STORY_MAX);
  const lines = shown.map(
    ({ at_ms, who, what }) =>
      `  ${`${at_ms.toFixed(0)} ms`.padStart(11)}   ${who.padEnd(6)} ${what.slice(0, 150)}`,
  );
  return story.length > shown.length
    ? [...lines, `  ${story.length - shown.length} more in the JSON`]
    : lines;
}

function listed(kinds: Readonly<Record<string, number>>): string {
  const text = kindsOf(kinds);
  return text === '' ? '' : ` (${text})`;
}

function ms(value: number): string {
  return Number.isFinite(value) ? `${value.toFixed(value < 10 ? 1 : 0)} ms` : 'endless';
}

const COLUMNS = [
  'drill',
  'runs',
  'outage',
  'limit',
  'established lost',
  'stall',
  'new failed',
  'udp gap',
  'two owners',
  '',
];

/** The worst of all runs of each drill. */
export function tableLines(reports: readonly DrillReport[]): string[] {
  const names = [...new Set(reports.map(({ drill }) => drill))];
  const rows = names.map((name) => worstRow(reports.filter(({ drill }) => drill === name)));
  const widths = COLUMNS.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
      .join('  ')
      .trimEnd();
  return [line(COLUMNS), ...rows.map(line)];
}

function worstRow(runs: readonly DrillReport[]): string[] {
  const worst = (value: (run: DrillReport) => number): number => Math.max(...runs.map(value));
  const total = (value: (run: DrillReport) => number): number =>
    runs.reduce((sum, run) => sum + value(run), 0);
  const bad = runs.filter(({ ok }) => !ok).length;
  return [
    runs[0]!.drill,
    String(runs.length),
    ms(worst((run) => run.outage_ms)),
    ms(worst((run) => run.limit_ms)),
    `${total((run) => run.established.lost + run.young.lost)} of ${total((run) => run.established.of + run.young.of)}`,
    ms(worst((run) => Math.max(run.established.stall_ms, run.young.stall_ms))),
    `${total((run) => run.fresh.failed)} of ${total((run) => run.fresh.made)}`,
    ms(worst((run) => run.udp.gap_ms)),
    ms(worst((run) => run.two_owners_ms)),
    bad === 0 ? 'ok' : runs.length === 1 ? 'NOT OK' : `${bad} NOT OK`,
  ];
}
