// How one virtual service looks: what it is, its real servers, which of them a client would get, its past.
import type { ApiEvent, ServerStatus, ServiceStatus } from '../../director/control/schema.ts';
import { cell } from '../cells/cell.ts';
import { serviceCells } from '../cells/service.ts';
import { type ChartsShown, chartsBody } from '../detail/charts.ts';
import { type Explanation, explainPanel } from '../detail/explain.ts';
import { eventTable } from '../events/row.ts';
import { counted } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { bulkBar, type Offer, rowForm } from './overview/actions.ts';
import { table } from './overview/table.ts';

export interface ServiceShown {
  readonly service: ServiceStatus;
  readonly explanation: Explanation;
  readonly charts: ChartsShown;
  /** Newest first; undefined: they cannot be read. */
  readonly events: readonly ApiEvent[] | undefined;
  /** Undefined: who looks may only look. */
  readonly offer: Offer | undefined;
  readonly now: number;
}

const SERVERS_MAX = 500;

export function serviceBody({ service, explanation, charts, events, offer, now }: ServiceShown): Html {
  const { name } = service;
  const query = encodeURIComponent(name);
  return html`<p class="row"><a href="/">Overview</a> <a href="/connections?service=${query}">Its connections</a> <a href="/monitors?q=${query}">Its monitors</a></p>
<div class="panels">${factsPanel(service, now)}${numbersPanel(service)}</div>
<h2>Real servers</h2>
${serverTable(service, offer, now)}
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

/** The overview's table of this one service, with the same orders in its rows. */
function serverTable(service: ServiceStatus, offer: Offer | undefined, now: number): Html {
  const { name, servers } = service;
  if (servers.length === 0) return html`<p class="quiet">No real servers are configured.</p>`;
  const shown = [...servers.keys()].slice(0, SERVERS_MAX);
  const rest = servers.length - shown.length;
  return html`${table([{ service, servers: shown }], { now, past: false, offer, sparks: {} })}
${offer === undefined ? NOTHING : html`${rowForm(offer)}${bulkBar(offer)}`}
${rest > 0 ? html`<p class="quiet">${counted(rest, 'server')} more: <a href="/?q=${encodeURIComponent(name)}">see the overview</a>.</p>` : NOTHING}`;
}
