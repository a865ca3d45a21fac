// The pages that stand before a drain and before a disable: which servers, what is on them, what becomes of it, and who is
// left to serve. Drawn from the live picture; the numbers go on while one thinks.
import type { ServerStatus, ServiceStatus } from '../../../director/control/schema.ts';
import { EXIT, FairleadError } from '../../../director/model/error.ts';
import { cell } from '../../cells/cell.ts';
import { serverCells } from '../../cells/service.ts';
import { counted } from '../../html/format.ts';
import { type Html, html, NOTHING } from '../../html/html.ts';
import { type PageContext, type View, view } from '../../page.ts';
import { hiddenFields, type Offer } from './actions.ts';
import { DEADLINE_UNITS, nameOf, type Target } from './form.ts';

interface Affected {
  readonly service: ServiceStatus;
  readonly server: ServerStatus;
}

/** `revision`: of the page that led here; default: of what is shown now. */
export async function drainPage(
  context: PageContext,
  targets: readonly Target[],
  back: string,
  revision?: number,
): Promise<View> {
  const affected = affectedBy(context, targets);
  const only = affected.length === 1 ? affected[0] : undefined;
  const templates = only === undefined ? NOTHING : await lastTemplate(context, only.server);
  const cells = [
    html`<p>No new connections; those that are there go on. ${templates}</p>`,
    html`<label class="field">Deadline <span class="row"><input type="number" name="deadline" min="1" max="604800" placeholder="none" autofocus> <select name="unit" aria-label="Unit">${DEADLINE_UNITS.map((unit) => html`<option${unit === 'minutes' ? html` selected` : NOTHING}>${unit}</option>`)}</select></span></label>`,
    html`<fieldset><legend>What is left at the deadline</legend>
<label><input type="radio" name="left" value="keep" checked> goes on, as long as it takes</label><br>
<label><input type="radio" name="left" value="cut"> is cut</label></fieldset>`,
  ];
  return orderView(
    context,
    'drain',
    affected,
    { csrf: context.csrf, revision: revision ?? revisionOf(context), back },
    cells,
  );
}

export function disablePage(
  context: PageContext,
  targets: readonly Target[],
  back: string,
  revision?: number,
): View {
  const affected = affectedBy(context, targets);
  const rules = new Map(affected.map(({ service }) => [service.name, removalOf(service)]));
  const cells = [
    html`<p>Out of service at once. To let connections go on, drain instead.</p>`,
    html`<dl class="facts">${[...rules].map(([name, rule]) => html`<dt>${name}</dt><dd>${rule}</dd>`)}</dl>`,
  ];
  return orderView(
    context,
    'disable',
    affected,
    { csrf: context.csrf, revision: revision ?? revisionOf(context), back },
    cells,
  );
}

function orderView(
  context: PageContext,
  order: 'drain' | 'disable',
  affected: readonly Affected[],
  offer: Offer,
  cells: readonly Html[],
): View {
  const word = order === 'drain' ? 'Drain' : 'Disable';
  const names = affected.map(({ service, server }) => `${service.name}/${server.name}`);
  const what = names.length === 1 ? names[0]! : counted(names.length, 'server');
  return view(
    `${word} ${what}`,
    html`${lastOnes(affected).map((warning) => html`<p class="banner warn" role="alert">◆ ${warning}</p>`)}
${affectedTable(affected, context.now)}
<form class="panel fields" method="post" action="/orders/${order}">${hiddenFields(offer)}<input type="hidden" name="sure" value="1">${names.map((name) => html`<input type="hidden" name="server" value="${name}">`)}
${cells}
<p class="actions"><button class="${order === 'drain' ? 'main' : 'danger'}">${word} ${what}</button> <a class="button" href="${offer.back}" data-key="q">Cancel</a></p></form>`,
    { live: [...new Set(affected.map(({ service }) => service.name))] },
  );
}

function affectedTable(affected: readonly Affected[], now: number): Html {
  return html`<div class="table"><table class="cards"><thead><tr><th>Real server</th><th>Address</th><th>Asked for</th><th>Health</th><th class="n">Active</th><th class="n">Inactive</th><th class="n">Templates</th><th class="n">New/s</th></tr></thead><tbody>${affected.map(
    ({ service, server }) => {
      const subject = `${service.name}/${server.name}`;
      const cells = serverCells(server);
      const draw = (key: string): Html => cell(subject, key, cells, now);
      return html`<tr><th scope="row">${subject}</th><td class="mono" data-label="Address">${server.address}</td><td data-label="Asked for">${draw('admin')}</td><td data-label="Health">${draw('health')}</td><td class="n" data-label="Active">${draw('active')}</td><td class="n" data-label="Inactive">${draw('inactive')}</td><td class="n" data-label="Templates">${draw('templates')}</td><td class="n" data-label="New/s">${draw('new')}</td></tr>`;
    },
  )}</tbody></table></div>`;
}

function affectedBy({ picture }: PageContext, targets: readonly Target[]): Affected[] {
  const services = new Map((picture?.services ?? []).map((service) => [service.name, service]));
  return targets.map((target) => {
    const service = services.get(target.service);
    const server = service?.servers.find(({ name, role }) => name === target.server && role !== 'removed');
    if (service !== undefined && server !== undefined) return { service, server };
    throw new FairleadError('unknown-server', `There is no server ${nameOf(target)} (any more).`, {
      remedy: 'Load the overview again.',
      exit: EXIT.usage,
    });
  });
}

function revisionOf({ picture }: PageContext): number {
  return picture?.status.revision.number ?? 0;
}

/** Services in which nobody else would take connections. */
function lastOnes(affected: readonly Affected[]): string[] {
  const services = new Map<ServiceStatus, Set<ServerStatus>>();
  for (const { service, server } of affected) {
    const gone = services.get(service) ?? new Set();
    services.set(service, gone.add(server));
  }
  const warnings: string[] = [];
  for (const [service, gone] of services) {
    const takes = (server: ServerStatus): boolean => server.role === 'server' && server.weight_effective > 0;
    if (![...gone].some(takes) || service.servers.some((server) => takes(server) && !gone.has(server)))
      continue;
    const sorry = service.servers.find(({ role }) => role === 'sorry');
    warnings.push(
      sorry === undefined || gone.has(sorry)
        ? `No other server of ${service.name} takes connections: new clients will be turned away.`
        : `No other server of ${service.name} takes connections: its sorry server (${sorry.name}) will answer new clients.`,
    );
  }
  return warnings;
}

function removalOf({ removal }: ServiceStatus): string {
  if (removal === 'reset') return 'Its clients are told at their next packet (reset), and may connect anew.';
  if (removal === 'reassign')
    return 'Its connections are forgotten; what comes next is scheduled to another server.';
  if (removal === 'silent')
    return 'Packets of its connections are dropped without a word; they go on if it is enabled again before they expire.';
  return 'Its connections end by the removal policy of the service.';
}

/** How long persistence would go on to bring clients back to it. */
async function lastTemplate({ client }: PageContext, server: ServerStatus): Promise<Html> {
  if (server.templates === 0) return NOTHING;
  try {
    const { connections, truncated } = await client.call('connections', {
      query: { kind: 'template', service: server.service, server: server.name, limit: 1_000 },
    });
    if (connections.length === 0) return NOTHING;
    const last_ms = Math.max(0, ...connections.map(({ expires_ms }) => expires_ms));
    return html`${counted(server.templates, 'persistence template')} ${server.templates === 1 ? 'leads' : 'lead'} clients to it; the last one ends in ${truncated ? 'no less than ' : ''}${Math.ceil(last_ms / 1_000)} s if its client is quiet.`;
  } catch (error) {
    if (error instanceof FairleadError) return NOTHING;
    throw error;
  }
}
