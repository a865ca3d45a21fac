// The orders about one server as forms; they are sent where those of the overview go, with the revision that the page was
// drawn for, and come back here.
import { isAllowed } from '../../director/control/account-schema.ts';
import type { ServerStatus } from '../../director/control/schema.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import type { PageContext } from '../page.ts';
import { hiddenFields } from '../pages/overview/actions.ts';
import { DEADLINE_MAX_MS, DEADLINE_UNITS } from '../pages/overview/form.ts';
import { serverAddress } from './asked.ts';

export function ordersPanel(
  { identity, csrf, picture }: Pick<PageContext, 'identity' | 'csrf' | 'picture'>,
  server: ServerStatus,
): Html {
  if (server.role === 'removed')
    return html`<section class="panel"><h2>Orders</h2><p>It is no longer configured: it goes when its last connection does.</p></section>`;
  if (!isAllowed(identity.role, 'operator'))
    return html`<section class="panel"><h2>Orders</h2><p class="quiet">Orders take the role operator.</p></section>`;
  const name = `${server.service}/${server.name}`;
  const back = serverAddress(server.service, server.name);
  const offer = { csrf, revision: picture?.status.revision.number ?? 0, back };
  const fields = html`${hiddenFields(offer)}<input type="hidden" name="server" value="${name}">`;
  const query = `?server=${encodeURIComponent(name)}&back=${encodeURIComponent(back)}`;
  const { admin } = server;
  return html`<section class="panel orders-of"><h2>Orders</h2>
${admin === 'enabled' ? NOTHING : html`<form class="row" method="post" action="/orders/enable">${fields}<button class="main">Enable</button> <span class="quiet">back to work, as its health allows</span></form>`}
${admin === 'draining' ? NOTHING : drainForm(fields)}
${admin === 'disabled' ? NOTHING : html`<p class="row"><a class="button danger" href="/orders/disable${query}">Disable…</a> <span class="quiet">out of service at once; what that does to its connections is told first</span></p>`}
${server.role === 'sorry' ? NOTHING : weightForm(server, fields)}</section>`;
}

function drainForm(fields: Html): Html {
  return html`<form class="row" method="post" action="/orders/drain">${fields}<input type="hidden" name="sure" value="1"><button class="main">Drain</button>
<label>until <input type="number" name="deadline" min="1" max="${DEADLINE_MAX_MS / 1_000}" placeholder="no end" aria-label="Deadline"></label> <select name="unit" aria-label="Unit of the deadline">${DEADLINE_UNITS.map((unit) => html`<option${unit === 'minutes' ? html` selected` : NOTHING}>${unit}</option>`)}</select>
<label>then what is left <select name="left"><option value="keep">goes on</option><option value="cut">is cut</option></select></label></form>`;
}

function weightForm({ weight_ordered, weight_configured }: ServerStatus, fields: Html): Html {
  return html`<form class="row" method="post" action="/orders/weight">${fields}<label>Weight <input name="weight" value="${weight_ordered ?? weight_configured}" size="7" inputmode="numeric" pattern="[0-9]{1,5}|default" title="0 to 65535, or default" required></label> <button>Set</button> <span class="quiet">default is ${weight_configured}, as configured</span></form>`;
}
