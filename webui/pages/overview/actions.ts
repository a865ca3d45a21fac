// What an operator is offered: in each row the orders that make sense for that server, and one bar for all that are selected.
// Every row has all of them, and those that do not fit its state are hidden, so that the row may change its state while it is
// looked at (public/live.ts follows `data-when`).
import type { ServerStatus } from '../../../director/control/schema.ts';
import { type Html, html, NOTHING, when } from '../../html/html.ts';

/** What every form carries. */
export interface Offer {
  readonly csrf: string;
  /** For which configuration the page was drawn. */
  readonly revision: number;
  /** Where the page was, to come back to. */
  readonly back: string;
}

const WEIGHT_PATTERN = '[0-9]{1,5}|default';

export function hiddenFields({ csrf, revision, back }: Offer): Html {
  return html`<input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="revision" value="${revision}"><input type="hidden" name="back" value="${back}">`;
}

/** One form for the buttons of all rows: which server it is about is the button's value. */
export function rowForm(offer: Offer): Html {
  return html`<form id="one" method="post" action="/orders/enable" data-in-place>${hiddenFields(offer)}</form>`;
}

export function actionsOf(server: ServerStatus, offer: Offer): Html {
  const { role, admin } = server;
  if (role === 'removed') return NOTHING;
  const target = `${server.service}/${server.name}`;
  const query = `?server=${encodeURIComponent(target)}${offer.back === '/' ? '' : `&back=${encodeURIComponent(offer.back)}`}`;
  return html`<a class="button small" href="/orders/drain${query}" data-when="enabled" data-key="d"${when(admin !== 'enabled', 'hidden')}>Drain</a>
<button class="small" form="one" formaction="/orders/enable" name="server" value="${target}" data-when="draining disabled" data-key="e"${when(admin === 'enabled', 'hidden')}>Enable</button>
<a class="button small" href="/orders/disable${query}" data-when="enabled draining"${when(admin === 'disabled', 'hidden')}>Disable</a>
${role === 'sorry' ? NOTHING : weightForm(server, target, offer)}`;
}

function weightForm(server: ServerStatus, target: string, offer: Offer): Html {
  const { weight_configured, weight_ordered } = server;
  return html`<details class="weigh"><summary class="button small">Weight</summary><form method="post" action="/orders/weight" data-in-place>${hiddenFields(offer)}<input type="hidden" name="server" value="${target}"><input name="weight" value="${weight_ordered ?? weight_configured}" size="7" inputmode="numeric" pattern="${WEIGHT_PATTERN}" title="0 to 65535, or default" required aria-label="Weight of ${target}; default is ${weight_configured}"> <button class="small">Set</button></form></details>`;
}

/** For what is selected. Hidden by the script while nothing is. */
export function bulkBar(offer: Offer): Html {
  return html`<form id="bulk" class="bulk row" method="post" action="/orders/drain" data-in-place data-selection aria-label="For the selected servers">${hiddenFields(offer)}
<strong id="selected">Selected servers</strong>
<button class="small" formaction="/orders/drain" data-page data-key="d">Drain…</button>
<button class="small" formaction="/orders/enable" data-key="e">Enable</button>
<button class="small" formaction="/orders/disable" data-page>Disable…</button>
<span class="row"><label>Weight <input name="weight" size="7" inputmode="numeric" pattern="${WEIGHT_PATTERN}" title="0 to 65535, or default"></label>
<button class="small" formaction="/orders/weight">Set weight</button></span></form>`;
}
