// How the director's insides look: problems first, each with its remedy; then engine, tables, packets, store, history, monitors.
import type { HistoryStatus } from '../../director/control/history-schema.ts';
import type { ProblemNote, Status } from '../../director/control/schema.ts';
import { amount } from '../../director/model/amount.ts';
import { type Cell, still } from '../cells/cell.ts';
import { absolute, counted, milliseconds, size, time } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';

export interface SystemShown {
  readonly status: Status;
  /** Undefined: it cannot be asked. */
  readonly history: HistoryStatus | undefined;
  readonly now: number;
  readonly admin: boolean;
}

const PROBLEMS_MAX = 200;
/** Of a table's limit. */
const NEARLY_FULL = 0.8;

export function systemBody({ status, history, now, admin }: SystemShown): Html {
  return html`${problemsPanel(status.problems, now)}
<div class="panels">${directorPanel(status, now)}${enginePanel(status)}${tablesPanel(status)}${packetsPanel(status)}${storePanel(status)}${historyPanel(history, now)}${monitorsPanel(status)}${admin ? diagnosticsPanel() : NOTHING}</div>`;
}

export function problemsPanel(problems: readonly ProblemNote[], now: number): Html {
  if (problems.length === 0) return html`<p class="banner good" role="status">▲ No problems are known.</p>`;
  return html`<section><h2>${still({ text: `▼ ${counted(problems.length, 'problem')}`, tone: 'bad' })}</h2>
<div class="table"><table class="cards problems"><thead><tr><th>What</th><th>Problem</th><th>What to do</th><th>Since</th><th>Next attempt</th></tr></thead><tbody>${problems
    .slice(0, PROBLEMS_MAX)
    .map(
      ({ subject, code, detail, remedy, since, next_attempt }) =>
        html`<tr><th>${subject}</th><td class="wide" data-label="Problem"><span>${detail} <code>${code}</code></span></td><td class="wide" data-label="What to do">${remedy ?? '–'}</td><td data-label="Since">${time(since, now)}</td><td data-label="Next attempt">${next_attempt === undefined ? '–' : milliseconds(Math.max(0, next_attempt - now))}</td></tr>`,
    )}</tbody></table></div></section>`;
}

function directorPanel(
  { version, node, cluster, pid, started, role, role_because }: Status,
  now: number,
): Html {
  return html`<section class="panel"><h2>Director</h2><dl class="facts">
<dt>Node</dt><dd><strong>${node}</strong> of ${cluster}</dd>
<dt>Role</dt><dd>${still({ text: role === 'active' ? '● active' : '◌ standby', tone: role === 'active' ? 'good' : 'quiet' })} <span class="quiet">${role_because}</span></dd>
<dt>Version</dt><dd>${version}</dd><dt>Up for</dt><dd>${uptime(now - started)}</dd><dt>Started</dt><dd>${absolute(started)}</dd><dt>Process</dt><dd>${pid}</dd></dl></section>`;
}

/** `3 d 4 h`, `2 h 5 min`, `40 s`. */
export function uptime(value_ms: number): string {
  const s = Math.max(0, Math.floor(value_ms / 1_000));
  const [d, h, min] = [Math.floor(s / 86_400), Math.floor(s / 3_600) % 24, Math.floor(s / 60) % 60];
  if (d > 0) return `${d} d ${h} h`;
  if (h > 0) return `${h} h ${min} min`;
  return min > 0 ? `${min} min ${s % 60} s` : `${s} s`;
}

function enginePanel({ engine }: Status): Html {
  const { kind, hooks, survives_restart } = engine;
  return html`<section class="panel"><h2>Engine</h2><dl class="facts"><dt>Kind</dt><dd>${kind}</dd>
<dt>Restarts</dt><dd>${survives_restart ? still({ text: '▲ packets go on while the director restarts', tone: 'good' }) : still({ text: '◆ forwards only while the director runs', tone: 'warn' })}</dd>
${hooks.map(({ interface: name, hook, why }) => html`<dt>${name}</dt><dd><strong>${hook}</strong> <span class="quiet">${why}</span></dd>`)}</dl>
${hooks.length === 0 ? html`<p class="quiet">It is attached to no interface.</p>` : NOTHING}</section>`;
}

function tablesPanel({ engine: { tables, limits } }: Status): Html {
  const used = new Map(tables.map((table) => [table.name, table]));
  const rest = Object.entries(limits).filter(([name]) => !used.has(name));
  return html`<section class="panel"><h2>Tables</h2>
${tables.length === 0 ? html`<p class="quiet">The engine tells of none.</p>` : html`<ul class="bars">${tables.map(tableBar)}</ul>`}
${rest.length === 0 ? NOTHING : html`<p class="fine">At most ${rest.map(([name, limit], index) => html`${index > 0 ? ', ' : ''}<span title="${limit}">${amount(limit)} ${name}</span>`)}.</p>`}</section>`;
}

function tableBar({ name, used, limit }: { name: string; used: number; limit: number }): Html {
  const share = limit === 0 ? 0 : used / limit;
  const { text, tone } = fullness(share);
  return html`<li><span>${name}</span><meter min="0" max="${Math.max(limit, 1)}" high="${NEARLY_FULL * limit}" value="${used}" aria-label="${name}">${used} of ${limit}</meter><span class="n" title="${used} of ${limit}">${still({ text: `${text}${amount(used)} of ${amount(limit)}, ${percent(share)}`, tone })}</span></li>`;
}

function percent(share: number): string {
  if (share > 0 && share < 0.001) return '<0.1%';
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)}%`;
}

function fullness(share: number): Cell {
  if (share >= 1) return { text: '▼ full: ', tone: 'bad' };
  return share >= NEARLY_FULL ? { text: '◆ nearly full: ', tone: 'warn' } : { text: '', tone: undefined };
}

function packetsPanel({ engine: { totals } }: Status): Html {
  const drops = Object.entries(totals.dropped)
    .filter(([, count]) => count > 0)
    .sort(([, one], [, other]) => other - one);
  const dropped = drops.reduce((sum, [, count]) => sum + count, 0);
  const row = (name: string, count: number): Html =>
    html`<dt>${name}</dt><dd title="${count}">${count.toLocaleString('en-US')}</dd>`;
  return html`<section class="panel"><h2>Packets since the engine began</h2><dl class="facts">${row('In', totals.in)}${row('Forwarded', totals.forwarded)}${row('To this host', totals.local)}${row('Dropped', dropped)}</dl>
${drops.length === 0 ? NOTHING : html`<h3>Dropped, by reason</h3><dl class="facts">${drops.map(([reason, count]) => row(reason, count))}</dl>`}</section>`;
}

function storePanel({ store: { state, detail, waiting, dropped } }: Status): Html {
  const mark: Record<typeof state, Cell> = {
    ok: { text: '▲ ok', tone: 'good' },
    behind: { text: '◆ behind: the disk is slow or full', tone: 'warn' },
    memory: { text: '▼ in memory only: nothing outlives a restart', tone: 'bad' },
  };
  return html`<section class="panel"><h2>Store</h2><dl class="facts"><dt>State</dt><dd>${still(mark[state])}${detail === undefined ? NOTHING : html` <span>${detail}</span>`}</dd>
<dt>Waiting</dt><dd>${counted(waiting, 'record')}</dd><dt>Lost</dt><dd>${dropped === 0 ? 'none' : still({ text: `▼ ${counted(dropped, 'record')}`, tone: 'bad' })}</dd></dl></section>`;
}

function historyPanel(history: HistoryStatus | undefined, now: number): Html {
  if (history === undefined)
    return html`<section class="panel"><h2>History</h2><p>${still({ text: '? It cannot be asked at the moment.', tone: 'warn' })}</p></section>`;
  const { state, detail, bytes, bytes_max, subjects, levels, dropped } = history;
  const mark: Record<typeof state, Cell> = {
    ok: { text: '▲ ok', tone: 'good' },
    behind: { text: '◆ behind: the disk is slow or full', tone: 'warn' },
    memory: { text: '◆ in memory only', tone: 'warn' },
    off: { text: '– off: nothing is sampled', tone: 'quiet' },
  };
  return html`<section class="panel"><h2>History</h2><dl class="facts"><dt>State</dt><dd>${still(mark[state])}${detail === undefined ? NOTHING : html` <span>${detail}</span>`}</dd>
${state === 'off' ? NOTHING : html`<dt>Size</dt><dd>${size(bytes)} of ${size(bytes_max)}</dd><dt>Subjects</dt><dd>${subjects}</dd><dt>Lost</dt><dd>${dropped === 0 ? 'none' : still({ text: `◆ ${counted(dropped, 'sample')}`, tone: 'warn' })}</dd>`}
${levels.map(({ level, keep_ms, oldest }) => html`<dt>Every ${level}</dt><dd>kept for ${uptime(keep_ms)}${oldest === undefined ? html`, <span class="quiet">nothing yet</span>` : html`, the oldest from ${time(oldest, now)}`}</dd>`)}</dl></section>`;
}

function monitorsPanel({
  monitor: { pids, restarts, checks, probes, failures, lateness_p99_ms },
}: Status): Html {
  return html`<section class="panel"><h2>Monitors</h2><dl class="facts"><dt>Processes</dt><dd>${pids.length === 0 ? (checks === 0 ? html`none: there is nothing to check` : still({ text: '▼ none is running', tone: 'bad' })) : pids.join(', ')}</dd>
<dt>Restarts</dt><dd>${restarts}</dd><dt>Checks</dt><dd><a href="/monitors">${checks}</a></dd><dt>Probes</dt><dd title="${probes}">${amount(probes)}, ${amount(failures)} failed</dd>
<dt>Lateness</dt><dd>${milliseconds(lateness_p99_ms)} <span class="quiet">99th percentile</span></dd></dl></section>`;
}

function diagnosticsPanel(): Html {
  return html`<section class="panel"><h2>For those who help from afar</h2><p>One file with state, tables, latest events and audit, configuration and machine, without secrets: keys, passwords and tokens are left out.</p>
<p><a class="button" href="/system/diagnostics.json" download>Save the report</a> <span class="quiet">or <code>fairlead diagnostics</code></span></p></section>`;
}
