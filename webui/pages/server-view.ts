// How one real server looks: what was asked of it and how it is, its probes one by one, its drain, its past, its connections.

import { isAllowed } from '../../director/control/account-schema.ts';
import type { Series } from '../../director/control/history-schema.ts';
import type { ProbeHistory } from '../../director/control/monitor-schema.ts';
import type { ApiEvent, Connection, ServerStatus, ServiceStatus } from '../../director/control/schema.ts';
import { cell, still } from '../cells/cell.ts';
import { serverCells } from '../cells/service.ts';
import { serverAddress, serviceAddress } from '../detail/asked.ts';
import { type ChartsShown, chartsBody } from '../detail/charts.ts';
import { againstText, checkHealth, outcomePanel, refreshOf, scheduleText } from '../detail/checks.ts';
import { connectionTable } from '../detail/connections.ts';
import { drainPanel } from '../detail/drain.ts';
import { ordersPanel } from '../detail/orders.ts';
import { probeStrip, probeTable } from '../detail/strip.ts';
import { milliseconds, time } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import type { PageContext } from '../page.ts';
import { eventsSection } from './service-view.ts';

export interface ServerShown {
  readonly service: ServiceStatus;
  readonly server: ServerStatus;
  readonly charts: ChartsShown;
  /** The last two minutes, while it drains. */
  readonly recent: Series | undefined;
  /** Undefined, as all of these: it cannot be read. */
  readonly probes: ProbeHistory | undefined;
  /** Newest first. */
  readonly events: readonly ApiEvent[] | undefined;
  readonly connections: readonly Connection[] | undefined;
  /** When probing was asked for. */
  readonly probed: number | undefined;
}

export type ServerContext = Pick<PageContext, 'identity' | 'csrf' | 'picture' | 'now'>;

export function serverBody(context: ServerContext, shown: ServerShown): Html {
  const { service, server, charts, recent, probes, events, connections, probed } = shown;
  const { now } = context;
  const subject = `${service.name}/${server.name}`;
  const query = `?service=${encodeURIComponent(service.name)}&server=${encodeURIComponent(server.name)}`;
  return html`<p class="row"><a href="/">Overview</a> <a href="${serviceAddress(service.name)}">Service ${service.name}</a> <a href="/connections${query}">Its connections</a></p>
${drainPanel(server, recent, now)}
<div class="panels" id="state-of" data-refresh="5000">${statePanel(server, now)}${ordersPanel(context, server)}</div>
${probesSection(context, server, probes, probed)}
${chartsBody(charts)}
${eventsSection(subject, events, now)}
<section id="connections-of" data-refresh="5000"><h2>Some of its connections</h2>
${
  connections === undefined
    ? html`<p class="quiet">They cannot be read just now.</p>`
    : connections.length === 0
      ? html`<p class="quiet">It has none.</p>`
      : connectionTable(connections, { brief: true })
}</section>
<p><a href="/connections${query}">All of them</a></p>`;
}

const ROLES = {
  server: 'real server',
  sorry: 'sorry server: gets connections only when no other can',
  removed: 'no longer configured; connections are left on it',
} as const;

function statePanel(server: ServerStatus, now: number): Html {
  const subject = `${server.service}/${server.name}`;
  const cells = serverCells(server);
  const draw = (key: string): Html => cell(subject, key, cells, now);
  const { weight_configured, weight_ordered, health_reason, health_since } = server;
  return html`<section class="panel"><dl class="facts">
<dt>Asked for</dt><dd class="big">${draw('admin')}</dd>
<dt>Health</dt><dd class="big">${draw('health')}</dd>
<dt>Found</dt><dd>${health_reason === '' ? '–' : health_reason}${health_since === undefined ? NOTHING : html` <span class="quiet">since ${time(health_since, now)}</span>`}</dd>
<dt>Weight</dt><dd>${draw('weight')} <span class="quiet">configured ${weight_configured}, ${weight_ordered === undefined ? 'none ordered' : `ordered ${weight_ordered}`}</span></dd>
<dt>Because</dt><dd>${draw('because')}</dd>
<dt>In the engine</dt><dd>${server.presence === 'present' ? 'present' : `◆ ${server.presence}`}</dd>
<dt>Address</dt><dd class="mono">${server.address}</dd>
<dt>Method</dt><dd>${server.method}${server.path === undefined ? NOTHING : html`, <span class="mono">${server.path}</span>`}</dd>
${server.role === 'server' ? NOTHING : html`<dt>Role</dt><dd>${ROLES[server.role]}</dd>`}
<dt>Load</dt><dd>${draw('active')} active, ${draw('inactive')} inactive, ${draw('templates')} templates, ${draw('new')} new/s, ${draw('bits')}</dd>
</dl></section>`;
}

function probesSection(
  { identity, csrf, now }: ServerContext,
  server: ServerStatus,
  probes: ProbeHistory | undefined,
  probed: number | undefined,
): Html {
  const checks = probes?.checks ?? [];
  const button =
    isAllowed(identity.role, 'operator') && checks.length > 0
      ? html`<form class="inline" method="post" action="/monitors/probe"><input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="back" value="${serverAddress(server.service, server.name)}"><button class="small" name="server" value="${server.service}/${server.name}">Probe now</button></form>`
      : NOTHING;
  return html`<div class="row"><h2 id="probes">Probes</h2> ${button}</div>
<section id="probes-of" data-refresh="${refreshOf(checks, probed, now)}">
${probed === undefined || checks.length === 0 ? NOTHING : outcomePanel(checks, probed, now)}
${
  probes === undefined
    ? html`<p class="quiet">The probes cannot be read just now.</p>`
    : checks.length === 0
      ? html`<p class="quiet">Nothing checks it: it counts as healthy.</p>`
      : checks.map((check, index) => drawCheck(check, index, now))
}</section>`;
}

function drawCheck(check: ProbeHistory['checks'][number], index: number, now: number): Html {
  const against = againstText(check);
  const { latency_mean_ms, latency_p99_ms, since, reason } = check;
  return html`<section class="panel check"><h3>${still(checkHealth(check))} ${check.what} <span class="quiet mono">${check.target}</span></h3>
<p class="quiet">${scheduleText(check)}${since === undefined ? NOTHING : html`; ${check.health} since ${time(since, now)}`}${latency_mean_ms === undefined ? NOTHING : html`; mean ${milliseconds(latency_mean_ms)}`}${latency_p99_ms === undefined ? NOTHING : html`, p99 ${milliseconds(latency_p99_ms)}`}; ${check.failures} of ${check.probes} failed</p>
${against === '' ? NOTHING : html`<p>${still({ text: `◆ ${against}`, tone: 'warn' })}: ${check.last?.detail ?? reason}</p>`}
${probeStrip(check, now)}
<details id="probes-table-${index}"><summary>The latest 20 as a table</summary>${probeTable(check.recent, now)}</details></section>`;
}
