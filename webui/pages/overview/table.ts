// The table of services with their real servers: one body a service. Told live where it is the present.
import { liveKeys } from '../../../director/control/live-schema.ts';
import type { ServerStatus, ServiceStatus } from '../../../director/control/schema.ts';
import { type Cells, cell, ROW, rowId, still } from '../../cells/cell.ts';
import { serverCells, serviceCells } from '../../cells/service.ts';
import { counted } from '../../html/format.ts';
import { type Html, html, NOTHING } from '../../html/html.ts';
import { sparkline } from '../../html/spark.ts';
import type { Values } from '../../public/spark.ts';
import { actionsOf, type Offer } from './actions.ts';
import type { Shown } from './selection.ts';

export interface TableOptions {
  readonly now: number;
  /** The past: nothing is live, nothing can be done. */
  readonly past: boolean;
  /** Undefined: who looks may only look. */
  readonly offer: Offer | undefined;
  /** Service -> new connections per second. */
  readonly sparks: Readonly<Record<string, Values>>;
}

type Draw = (subject: string, key: string, cells: Cells) => Html;

export function table(shown: readonly Shown[], options: TableOptions): Html {
  const { offer, past, now } = options;
  const draw: Draw = past
    ? (_, key, cells) => still(cells[key] ?? { text: '' }, now)
    : (subject, key, cells) => cell(subject, key, cells, now);
  return html`<div class="table"><table class="cards overview">
<thead><tr>${offer === undefined ? NOTHING : html`<th class="pick"><input type="checkbox" data-all hidden aria-label="Select everything on this page"></th>`}
<th>Service, real server</th><th>Address</th><th>Asked for</th><th>Weight</th><th>Health</th><th class="n">Active</th><th class="n">Inactive</th><th class="n">New/s</th><th class="n">Traffic</th><th class="n">Probe</th>${offer === undefined ? NOTHING : html`<th>Actions</th>`}</tr></thead>
${shown.map((each) => group(each, options, draw))}</table></div>`;
}

function group({ service, servers }: Shown, options: TableOptions, draw: Draw): Html {
  const subjects = liveKeys(service);
  const mixed = new Set(service.servers.map(({ method }) => method)).size > 1;
  return html`<tbody>${serviceRow(service, servers.length, options, draw)}
${servers.map((index) => serverRow(subjects[index]!, service.servers[index]!, mixed, options, draw))}</tbody>
`;
}

function serviceRow(service: ServiceStatus, shown: number, options: TableOptions, draw: Draw): Html {
  const { name } = service;
  const cells = serviceCells(service);
  const hidden = service.servers.length - shown;
  const line = options.past
    ? NOTHING
    : sparkline(options.sparks[name], 'new connections per second', `${name}.new`);
  return html`<tr id="${rowId(name)}" data-name="${name}" class="${cells[ROW]!.text}">${options.offer === undefined ? NOTHING : html`<td class="pick"><input type="checkbox" data-all hidden aria-label="Select all servers of ${name}"></td>`}
<th scope="rowgroup" data-find><a href="/services/${encodeURIComponent(name)}">${name}</a></th>
<td class="mono" data-find>${service.listen}</td>
<td class="rule" colspan="2" data-find${persistenceOf(service)}>${ruleOf(service)}${hidden === 0 ? NOTHING : html` <small>${counted(hidden, 'other server')} not shown</small>`}</td>
<td class="says" data-find data-label="Health">${draw(name, 'health', cells)}</td>
${traffic(name, cells, draw)}
<td class="n ${line === NOTHING ? 'empty' : 'trend'}">${line}</td>${options.offer === undefined ? NOTHING : html`<td class="empty"></td>`}</tr>`;
}

/** `mixed`: its service has several forwarding methods. */
function serverRow(
  subject: string,
  server: ServerStatus,
  mixed: boolean,
  options: TableOptions,
  draw: Draw,
): Html {
  const cells = serverCells(server);
  const { service, name, role, address, method } = server;
  const target = `${service}/${name}`;
  const pick = role !== 'removed';
  return html`<tr id="${rowId(subject)}" class="${cells[ROW]!.text}">${options.offer === undefined ? NOTHING : html`<td class="pick">${pick ? html`<input type="checkbox" form="bulk" name="server" value="${target}" aria-label="Select ${target}">` : NOTHING}</td>`}
<th scope="row" data-find><a href="/services/${encodeURIComponent(service)}/servers/${encodeURIComponent(name)}">${name}</a>${roleOf(role)}</th>
<td class="mono" data-find>${address}${mixed ? html` <small>${method}</small>` : NOTHING}</td>
<td class="asked says" data-find data-label="Asked for">${role === 'removed' ? html`<span class="cell quiet">leaving</span>` : draw(subject, 'admin', cells)}</td>
<td class="says" data-label="Weight">${draw(subject, 'weight', cells)} <small class="why">${draw(subject, 'why', cells)}</small></td>
<td class="says" data-find data-label="Health">${role === 'server' ? html`${draw(subject, 'health', cells)} <small class="why">${draw(subject, 'reason', cells)}</small>` : html`<small class="why">${role === 'sorry' ? draw(subject, 'because', cells) : server.because}</small>`}</td>
${traffic(subject, cells, draw)}
<td class="n" data-label="Probe">${draw(subject, 'latency', cells)}</td>${options.offer === undefined ? NOTHING : html`<td class="acts">${actionsOf(server, options.offer)}</td>`}</tr>`;
}

function traffic(subject: string, cells: Cells, draw: Draw): Html {
  return html`<td class="n" data-label="Active">${draw(subject, 'active', cells)}</td>
<td class="n" data-label="Inactive">${draw(subject, 'inactive', cells)}</td>
<td class="n" data-label="New/s">${draw(subject, 'new', cells)}</td>
<td class="n" data-label="Traffic">${draw(subject, 'bits', cells)}</td>`;
}

function roleOf(role: ServerStatus['role']): Html {
  if (role === 'server') return NOTHING;
  return html` <span class="tag">${role === 'sorry' ? 'sorry server' : 'removed'}</span>`;
}

function persistenceOf({ persistence }: ServiceStatus): Html {
  if (persistence === undefined) return NOTHING;
  const { timeout_s, netmask_bits } = persistence;
  return html` title="clients of one /${netmask_bits} come back to their server for ${timeout_s} s"`;
}

/** `wlc · nat 2, tunnel 1 · 360 s persistent`. */
function ruleOf({ scheduler, servers, persistence }: ServiceStatus): string {
  const methods = new Map<string, number>();
  for (const { role, method } of servers)
    if (role === 'server') methods.set(method, (methods.get(method) ?? 0) + 1);
  const mix =
    methods.size === 1 ? [...methods.keys()] : [...methods].map(([method, count]) => `${method} ${count}`);
  return [scheduler, mix.join(', '), persistence === undefined ? '' : `${persistence.timeout_s} s persistent`]
    .filter((part) => part !== '')
    .join(' · ');
}
