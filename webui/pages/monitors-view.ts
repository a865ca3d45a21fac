// How the checks look: what is in trouble first, each with its recipe, its schedule and what it found lately.
import { isAllowed } from '../../director/control/account-schema.ts';
import { amount } from '../../director/model/amount.ts';
import { still } from '../cells/cell.ts';
import {
  againstText,
  type Check,
  checkHealth,
  gradeOf,
  isTrouble,
  outcomePanel,
  refreshOf,
  resultMark,
  scheduleText,
  serverLinks,
} from '../detail/checks.ts';
import { counted, milliseconds, time } from '../html/format.ts';
import { type Html, html, NOTHING, when } from '../html/html.ts';
import type { PageContext } from '../page.ts';

export interface MonitorsAsked {
  /** Words that must all be found. */
  readonly q: string;
  readonly trouble: boolean;
  /** When probing was asked for, and of what: `www`, `www/rs1`, or everything. */
  readonly probed: number | undefined;
  readonly of: string;
}

const ROWS_MAX = 500;

/** Trouble first, then by name. */
function findChecks(checks: readonly Check[], { q, trouble }: Pick<MonitorsAsked, 'q' | 'trouble'>): Check[] {
  const words = q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return checks
    .filter((check) => !trouble || isTrouble(check))
    .map((check) => ({ check, text: textOf(check) }))
    .filter(({ text }) => words.every((word) => text.includes(word)))
    .map(({ check }) => check)
    .sort(
      (one, other) =>
        gradeOf(one) - gradeOf(other) ||
        (one.servers[0] ?? '').localeCompare(other.servers[0] ?? '', 'en', { numeric: true }),
    );
}

function textOf({ servers, target, kind, what, health, reason, last }: Check): string {
  return [...servers, target, kind, what, health, reason, last?.result, last?.detail]
    .join('\n')
    .toLowerCase();
}

/** Those that probing was asked for. */
function checksOf(checks: readonly Check[], of: string): Check[] {
  if (of === '') return [...checks];
  return checks.filter(({ servers }) => servers.some((name) => name === of || name.startsWith(`${of}/`)));
}

export function monitorsBody(
  { identity, csrf, now }: Pick<PageContext, 'identity' | 'csrf' | 'now'>,
  checks: readonly Check[],
  asked: MonitorsAsked,
): Html {
  const found = findChecks(checks, asked);
  const shown = found.slice(0, ROWS_MAX);
  const trouble = checks.filter(isTrouble).length;
  const probed = asked.probed === undefined ? [] : checksOf(checks, asked.of);
  const operator = isAllowed(identity.role, 'operator');
  const back = addressOf(asked);
  const fields = html`<input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="back" value="${back}">`;
  const down = checks.filter(({ health }) => health === 'down').length;
  return html`<form method="get" action="/monitors" class="filters" role="search" aria-label="Filter monitors">
<label>Find <input name="q" type="search" value="${asked.q}" placeholder="server, address, recipe, state" size="28" maxlength="256"></label>
<label>Show <select name="states"><option value="all">all</option><option value="trouble"${when(asked.trouble, 'selected')}>trouble only</option></select></label>
<span class="row"><button class="main">Show</button> <a href="/monitors">All</a></span>
</form>
${operator && checks.length > 0 ? html`<form id="probe" class="row" method="post" action="/monitors/probe">${fields}<button name="server" value="">Probe all ${checks.length} now</button> <span class="quiet">Outcomes count towards rise and fall like any other.</span></form>` : NOTHING}
<section id="checks" data-refresh="${refreshOf(probed, asked.probed, now)}">
${asked.probed === undefined ? NOTHING : outcomePanel(probed, asked.probed, now)}
<p class="quiet">${counted(checks.length, 'check')}, ${down === 0 ? 'none down' : `${down} down`}, ${trouble === 0 ? 'none in trouble' : `${trouble} in trouble`}${found.length === checks.length ? '' : `; ${found.length} found`}${found.length > ROWS_MAX ? `, only the first ${ROWS_MAX} are shown: filter for the others` : ''}. A standby shows its own probes.</p>
${
  found.length === 0
    ? html`<p>${checks.length === 0 ? 'Nothing is checked.' : asked.trouble && asked.q === '' ? '▲ Nothing is in trouble.' : 'No check passes this filter.'}</p>`
    : html`<div class="table"><table class="cards monitors"><thead><tr><th>Servers</th><th>Recipe</th><th>Health</th><th>Last probe</th><th class="n" title="of the kept probes that passed, 120 at most">Mean / p99</th><th class="n" title="since this director began">Failed / probes</th>${operator ? html`<th></th>` : NOTHING}</tr></thead><tbody>${shown.map((check) => checkRow(check, now, operator))}</tbody></table></div>`
}</section>`;
}

function checkRow(check: Check, now: number, operator: boolean): Html {
  const { servers, target, what, last, since, reason, latency_mean_ms, latency_p99_ms } = check;
  const against = againstText(check);
  const why = last?.result === 'fail' ? (last.detail ?? reason) : check.health === 'up' ? '' : reason;
  const latency = (value: number | undefined): string => (value === undefined ? '–' : milliseconds(value));
  return html`<tr class="${check.health === 'down' ? 'is-down' : ''}"><th scope="row"><span>${serverLinks(servers)}</span></th>
<td class="recipe" data-label="Recipe"><span>${what} <span class="mono quiet">${target}</span><small>${scheduleText(check)}</small></span></td>
<td data-label="Health"><span>${still(checkHealth(check))}${since === undefined ? NOTHING : html` <small>${time(since, now)}</small>`}${against === '' ? NOTHING : html`<br>${still({ text: `◆ ${against}`, tone: 'warn' })}`}</span></td>
<td class="said" data-label="Last probe"><span>${last === undefined ? '–' : html`${still(resultMark(last))} <small>${time(last.at, now)}</small>`}${why === '' ? NOTHING : html` <small class="why">${why}</small>`}</span></td>
<td class="n" data-label="Mean / p99">${latency(latency_mean_ms)} / ${latency(latency_p99_ms)}</td>
<td class="n" data-label="Failed / probes">${amount(check.failures)} / ${amount(check.probes)}</td>
${operator ? html`<td>${servers[0] === undefined ? NOTHING : html`<button class="small" form="probe" name="server" value="${servers[0]}" aria-label="Probe ${servers[0]} now">Probe now</button>`}</td>` : NOTHING}</tr>`;
}

/** Without what was probed. */
function addressOf({ q, trouble }: Pick<MonitorsAsked, 'q' | 'trouble'>): string {
  const query = new URLSearchParams({
    ...(q === '' ? {} : { q }),
    ...(trouble ? { states: 'trouble' } : {}),
  });
  return query.size === 0 ? '/monitors' : `/monitors?${query}`;
}
