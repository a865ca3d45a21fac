// How one virtual service looks: what it is, its real servers, which of them a client would get, its past.
import type { ApiEvent, ServerStatus, ServiceStatus } from '../../director/control/schema.ts';
import { type Cells, cell } from '../cells/cell.ts';
import { serverCells, serviceCells } from '../cells/service.ts';
import { serverAddress } from '../detail/asked.ts';
import { type ChartsShown, chartsBody } from '../detail/charts.ts';
import { type Explanation, explainPanel } from '../detail/explain.ts';
import { eventTable } from '../events/row.ts';
import { counted } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';

export interface ServiceShown {
  readonly service: ServiceStatus;
  readonly explanation: Explanation;
  readonly charts: ChartsShown;
  /** Newest first; undefined: they cannot be read. */
  readonly events: readonly ApiEvent[] | undefined;
  readonly now: number;
}

const SERVERS_MAX = 500;

export function serviceBody({ service, explanation, charts, events, now }: ServiceShown): Html {
  const { name } = service;
  const query = encodeURIComponent(name);
  return html`<p class="row"><a href="/">Overview</a> <a href="/?q=${query}">Orders to its servers</a> <a href="/connections?service=${query}">Its connections</a> <a href="/monitors?q=${query}">Its monitors</a></p>
<div class="panels">${factsPanel(service, now)}${numbersPanel(service)}</div>
<h2>Real servers</h2>
${serverTable(service, now)}
${explainPanel(service, explanation)}
${chartsBody(charts)}
${eventsSection(name, events, now)}`;
}

/** With what happened to one subject. */
export function eventsSection(subject: string, events: readonly ApiEvent[] | undefined, now: number): Html {
  return html`<section id="events-of" data-refresh="5000"><h2>Events</h2>
${
  events === undefined
    ? html`<p class="quiet">The events cannot be read just now.</p>`
    : events.length === 0
      ? html`<p class="quiet">Nothing is recorded about it.</p>`
      : eventTable(events, now)
}</section>
<p><a href="/events?subject=${encodeURIComponent(subject)}">All events about ${subject}</a></p>`;
}

const REMOVALS = {
  silent: 'silent: packets of its connections are dropped without a word',
  reset: 'reset: its clients are told at their next packet',
  reassign: 'reassign: what comes next goes to another server',
} as const;

function factsPanel(service: ServiceStatus, now: number): Html {
  const { name, listen, scheduler, persistence, because, presence, removal } = service;
  return html`<section class="panel"><dl class="facts">
<dt>Health</dt><dd>${cell(name, 'health', serviceCells(service), now)} <span class="quiet">${because}</span></dd>
<dt>Listens on</dt><dd class="mono">${listen}</dd>
<dt>Scheduler</dt><dd>${scheduler}</dd>
<dt>Method</dt><dd>${methodMix(service.servers)}</dd>
<dt>Persistence</dt><dd>${persistence === undefined ? 'none' : `${persistence.timeout_s} s, by client /${persistence.netmask_bits}`}</dd>
<dt>On removal</dt><dd>${removal === undefined ? 'not told' : REMOVALS[removal]}</dd>
${presence === 'present' ? NOTHING : html`<dt>In the engine</dt><dd>◆ ${presence}</dd>`}
</dl></section>`;
}

function methodMix(servers: readonly ServerStatus[]): string {
  const counts = new Map<string, number>();
  for (const { role, method } of servers)
    if (role === 'server') counts.set(method, (counts.get(method) ?? 0) + 1);
  if (counts.size === 0) return 'no servers';
  if (counts.size === 1) return [...counts.keys()].join();
  return [...counts].map(([method, count]) => `${method} for ${count}`).join(', ');
}

function numbersPanel(service: ServiceStatus): Html {
  const { name } = service;
  const cells = serviceCells(service);
  const fact = (title: string, key: string): Html =>
    html`<div><dt>${title}</dt><dd>${cell(name, key, cells)}</dd></div>`;
  return html`<section class="panel"><dl class="figures">
${fact('Active', 'active')}${fact('Inactive', 'inactive')}${fact('Templates', 'templates')}${fact('New/s', 'new')}${fact('Packets/s', 'packets')}${fact('Traffic', 'bits')}
</dl></section>`;
}

function serverTable({ name, servers }: ServiceStatus, now: number): Html {
  if (servers.length === 0) return html`<p class="quiet">No real servers are configured.</p>`;
  const rest = servers.length - SERVERS_MAX;
  return html`<div class="table"><table class="cards"><thead><tr><th>Real server</th><th>Address</th><th>Method</th><th>Asked for</th><th>Health</th><th>Weight</th><th class="n">Active</th><th class="n">Inactive</th><th class="n">New/s</th><th class="n">Traffic</th><th class="n">Latency</th></tr></thead><tbody>${servers.slice(0, SERVERS_MAX).map((server) => serverRow(name, server, now))}</tbody></table></div>
${rest > 0 ? html`<p class="quiet">${counted(rest, 'server')} more: <a href="/?q=${encodeURIComponent(name)}">see the overview</a>.</p>` : NOTHING}`;
}

const ROLES = {
  server: NOTHING,
  sorry: html` <small>sorry server</small>`,
  removed: html` <small>no longer configured</small>`,
};

function serverRow(service: string, server: ServerStatus, now: number): Html {
  const subject = `${service}/${server.name}`;
  const cells: Cells = serverCells(server);
  const text = (label: string, key: string): Html =>
    html`<td data-label="${label}">${cell(subject, key, cells, now)}</td>`;
  const number = (label: string, key: string): Html =>
    html`<td class="n" data-label="${label}">${cell(subject, key, cells, now)}</td>`;
  return html`<tr><th scope="row"><a href="${serverAddress(service, server.name)}">${server.name}</a>${ROLES[server.role]}</th><td class="mono" data-label="Address">${server.address}</td><td data-label="Method">${server.method}</td>${text('Asked for', 'admin')}${text('Health', 'health')}${text('Weight', 'weight')}${number('Active', 'active')}${number('Inactive', 'inactive')}${number('New/s', 'new')}${number('Traffic', 'bits')}${number('Latency', 'latency')}</tr>`;
}
