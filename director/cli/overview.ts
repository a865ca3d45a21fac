// What `fairlead status` says above its table of services: one label per idea, several lines where there are several
// things, and figures that add up.
import type { Status } from '../control/schema.ts';
import { amount } from '../model/amount.ts';
import { pairOverview } from './pair-overview.ts';
import { clockTime, duration } from './show.ts';
import { paint, plain, type Tone } from './table.ts';

const LABEL_CHARS = 10;
const LISTED_MAX = 16;
/** As full as this, somebody should know. */
const NEARLY_FULL = 0.8;

export function overview(value: Status, color: boolean): string[] {
  const { revision, store } = value;
  const role = paint(value.role, value.role === 'active' ? 'good' : 'warn', color);
  const comment = revision.comment === '' ? '' : `: ${revision.comment}`;
  const parts: readonly (readonly [label: string, lines: readonly string[]])[] = [
    ['director', [`${plain(`${value.cluster}/${value.node}`)}: ${role}, ${plain(value.role_because)}`]],
    ...pairOverview(value.ha, color),
    ['running', [`fairlead ${value.version}, pid ${value.pid}, for ${duration(value.now - value.started)}`]],
    ['revision', [plain(`${revision.number}, ${clockTime(revision.at)} by ${revision.author}${comment}`)]],
    ['engine', [engineLine(value)]],
    ['hooks', hookLines(value)],
    ['tables', [tableLine(value, color)]],
    ['packets', packetLines(value, color)],
    ['VIPs', virtualIpLines(value, color)],
    ['monitors', [monitorLine(value)]],
    ['store', [plain(store.detail === undefined ? store.state : `${store.state}: ${store.detail}`)]],
  ];
  return parts.flatMap(([label, lines]) =>
    lines.map((line, index) => {
      const begin = (index === 0 ? label : '').padEnd(LABEL_CHARS);
      return `${paint(begin, index === 0 ? 'strong' : undefined, color)}${line}`;
    }),
  );
}

function engineLine({ engine }: Status): string {
  return `${engine.kind}; ${engine.survives_restart ? 'packets go on through a restart' : 'its state ends with the process'}`;
}

/** Interfaces with the same hook for the same reason share a line. */
function hookLines({ engine }: Status): string[] {
  const interfaces = new Map<string, string[]>();
  for (const { interface: name, hook, why } of engine.hooks) {
    const reason = `${hook} (${why})`;
    const sharers = interfaces.get(reason);
    if (sharers === undefined) interfaces.set(reason, [name]);
    else sharers.push(name);
  }
  if (interfaces.size === 0) return ['none: it meets no packet of the network'];
  return [...interfaces].map(([reason, names]) => plain(`${names.join(', ')}: ${reason}`));
}

function tableLine({ engine }: Status, color: boolean): string {
  if (engine.tables.length === 0) return 'none';
  return engine.tables
    .map(({ name, used, limit }) => {
      const share = limit === 0 ? 0 : used / limit;
      const text = `${plain(name)} ${used}/${limit} (${percent(share)})`;
      return paint(text, share > NEARLY_FULL ? 'bad' : undefined, color);
    })
    .join(', ');
}

function percent(share: number): string {
  return share > 0 && share < 0.01 ? '<1%' : `${Math.floor(share * 100)}%`;
}

/** Whole numbers, so that everybody can see that the books balance. */
function packetLines({ engine }: Status, color: boolean): string[] {
  const { in: all, forwarded, local } = engine.totals;
  const drops = Object.entries(engine.totals.dropped).filter(([, count]) => count > 0);
  const dropped = drops.reduce((sum, [, count]) => sum + count, 0);
  const sum = `${all} in = ${forwarded} forwarded + ${local} local + ${dropped} dropped`;
  if (drops.length === 0) return [sum];
  const reasons = drops
    .sort(([, left], [, right]) => right - left)
    .map(([reason, count]) => `${reason} ${amount(count)}`);
  return [sum, paint(plain(`dropped: ${reasons.join(', ')}`), 'warn', color)];
}

/** Those that are not up come first: a long list must not hide them. */
function virtualIpLines({ virtual_ips: all }: Status, color: boolean): string[] {
  if (all.length === 0) return ['none'];
  const tone = (state: string): Tone => (state === 'up' ? 'good' : state === 'failed' ? 'bad' : 'warn');
  const sorted = [...all].sort((left, right) => Number(left.state === 'up') - Number(right.state === 'up'));
  const shown = sorted.slice(0, LISTED_MAX);
  const width = Math.max(...shown.map((each) => each.address.length));
  const nameWidth = Math.max(...shown.map((each) => each.interface.length));
  const lines = shown.map(({ address, interface: name, state, detail }) => {
    const end = detail === undefined ? '' : `: ${plain(detail)}`;
    return `${address.padEnd(width)}  ${name.padEnd(nameWidth)}  ${paint(state, tone(state), color)}${end}`;
  });
  const rest = sorted.length - shown.length;
  if (rest === 0) return lines;
  const allUp = sorted.slice(LISTED_MAX).every((each) => each.state === 'up');
  return [...lines, `and ${rest} more${allUp ? ', all up' : ''}`];
}

function monitorLine({ monitor }: Status): string {
  const { checks, pids, restarts } = monitor;
  return [
    `${counted(checks, 'check', 'checks')} by ${counted(pids.length, 'process', 'processes')}`,
    ...(restarts > 0 ? [counted(restarts, 'restart', 'restarts')] : []),
  ].join(', ');
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
