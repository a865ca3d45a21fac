// How connections look: the search, how many there are in each state, one page of them.
import type { Connection } from '../../director/control/schema.ts';
import { CONNECTION_STATES } from '../../director/model/state.ts';
import { connectionTable } from '../detail/connections.ts';
import { absolute, counted } from '../html/format.ts';
import { type Html, html, NOTHING, when } from '../html/html.ts';

export interface ConnectionsAsked {
  readonly client?: string;
  readonly service?: string;
  readonly server?: string;
  readonly state?: string;
  readonly kind?: 'connection' | 'template';
}

export interface ConnectionsShown {
  readonly asked: ConnectionsAsked;
  /** All that were read; there may be more. */
  readonly found: readonly Connection[];
  readonly truncated: boolean;
  readonly page: number;
  readonly services: readonly string[];
  readonly now: number;
}

const PAGE_SIZE = 100;

export function connectionsBody({ asked, found, truncated, page, services, now }: ConnectionsShown): Html {
  const pages = Math.max(1, Math.ceil(found.length / PAGE_SIZE));
  const here = Math.min(page, pages);
  const first = (here - 1) * PAGE_SIZE;
  const shown = found.slice(first, first + PAGE_SIZE);
  return html`${searchForm(asked, services)}
<p class="row"><span><strong>${truncated ? `The first ${found.length}` : counted(found.length, 'entry', 'entries')}</strong> ${Object.keys(asked).length === 0 ? '' : 'found, '}as of ${absolute(now)}.</span>
<a class="button small" href="/connections${addressOf(asked, here)}">Read again</a>
<span class="files">Save what is found: <a href="/connections.csv${addressOf(asked)}">CSV</a></span></p>
${truncated ? html`<p class="banner warn">◆ There are more than the ${found.length} that are read for a page: counts and pages are of these only. Search for less, or save them as CSV.</p>` : NOTHING}
${stateCounts(asked, found)}
${shown.length === 0 ? html`<p class="quiet">${Object.keys(asked).length === 0 ? 'There is no connection and no template.' : 'Nothing is found.'}</p>` : connectionTable(shown)}
${
  pages === 1
    ? NOTHING
    : html`<nav class="pager" aria-label="Pages of the table">${here > 1 ? html`<a rel="prev" href="/connections${addressOf(asked, here - 1)}">‹ before</a>` : NOTHING}<span>page ${here} of ${pages}</span>${here < pages ? html`<a rel="next" href="/connections${addressOf(asked, here + 1)}">next ›</a>` : NOTHING}</nav>
<p class="quiet">Each page is read anew; connections come and go in between.</p>`
}`;
}

function searchForm(
  { client, service, server, state, kind }: ConnectionsAsked,
  services: readonly string[],
): Html {
  const option = (value: string, chosen: string | undefined, word = value): Html =>
    html`<option value="${value}"${when(value.toLowerCase() === (chosen ?? '').toLowerCase(), 'selected')}>${word}</option>`;
  return html`<form method="get" action="/connections" class="filters" role="search" aria-label="Search connections">
<label>Client <input name="client" value="${client}" size="16" maxlength="64" placeholder="192.0.2.1" autocapitalize="none" spellcheck="false"></label>
<label>Service <input name="service" value="${service}" list="services" size="10" maxlength="128" placeholder="any" autocapitalize="none" spellcheck="false"></label>
<datalist id="services">${services.map((name) => html`<option value="${name}"></option>`)}</datalist>
<label>Server <input name="server" value="${server}" size="10" maxlength="128" placeholder="any" autocapitalize="none" spellcheck="false"></label>
<label>State <select name="state">${option('', state, 'any')}${CONNECTION_STATES.filter((each) => each !== 'TEMPLATE').map((each) => option(each, state))}</select></label>
<label>Kind <select name="kind">${option('', kind, 'both')}${option('connection', kind, 'connections')}${option('template', kind, 'templates')}</select></label>
<span class="row"><button class="main">Search</button> <a href="/connections">All</a></span>
</form>`;
}

/** Each a way to see only those. */
function stateCounts(asked: ConnectionsAsked, found: readonly Connection[]): Html {
  if (found.length === 0) return NOTHING;
  const counts = new Map<string, number>();
  for (const { kind, state } of found) {
    const name = kind === 'template' ? '' : state;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const { state: _, kind: __, ...rest } = asked;
  const states = [...counts].sort(([, one], [, other]) => other - one);
  return html`<ul class="counts" aria-label="By state">${states.map(([name, count]) =>
    name === ''
      ? html`<li><a href="/connections${addressOf({ ...rest, kind: 'template' })}">◇ templates</a> <strong>${count}</strong></li>`
      : html`<li><a href="/connections${addressOf({ ...rest, state: name, kind: 'connection' })}">${name}</a> <strong>${count}</strong></li>`,
  )}</ul>`;
}

function addressOf(asked: ConnectionsAsked, page = 1): string {
  const query = new URLSearchParams(Object.entries(asked));
  if (page > 1) query.set('page', String(page));
  return query.size === 0 ? '' : `?${query}`;
}
