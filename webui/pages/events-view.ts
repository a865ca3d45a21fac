// How events look: the filters, the list, the pager, and one event by itself.
import type { ApiEvent } from '../../director/control/schema.ts';
import { addressOf, type EventFilter, momentField } from '../events/filter.ts';
import { ALL_KINDS, KIND_GROUPS } from '../events/kinds.ts';
import { eventTable, kindMark, subjectLink } from '../events/row.ts';
import { absolute, counted, time } from '../html/format.ts';
import { type Html, html, NOTHING, when } from '../html/html.ts';
import { valueRows } from '../html/values.ts';

export interface EventsShown {
  /** Newest first. */
  readonly events: readonly ApiEvent[];
  /** Whether there are older ones. */
  readonly more: boolean;
  readonly filter: EventFilter;
  readonly before: number | undefined;
  readonly now: number;
  /** The newest id, for pages to which new events come by themselves. */
  readonly live: number | undefined;
}

const RAW_MAX_LENGTH = 32_768;
const SPANS: readonly (readonly [string, number])[] = [
  ['last hour', 3_600_000],
  ['last day', 86_400_000],
  ['last week', 7 * 86_400_000],
];

export function eventsBody({ events, more, filter, before, now, live }: EventsShown): Html {
  const oldest = events.at(-1)?.id;
  const tail =
    live === undefined
      ? NOTHING
      : html` id="tail" data-stream="/events/live${addressOf(filter, { since: live })}"`;
  return html`${filterForm(filter, now)}
<div${tail}>
<p class="row"><span class="quiet" id="tail-state">${events.length === 0 ? 'nothing found' : `${counted(events.length, 'event')}${before === undefined ? ', the newest' : `, before event ${before}`}`}</span>
<button type="button" id="tail-new" hidden></button>
<span class="files">Save what is filtered: <a href="/events.csv${addressOf(filter)}">CSV</a> · <a href="/events.json${addressOf(filter)}">JSON</a></span></p>
${events.length === 0 ? html`<p class="quiet" id="tail-empty">No event ${addressOf(filter) === '' ? 'is recorded yet' : 'passes this filter'}.</p>` : NOTHING}
${eventTable(events, now, { id: 'events' })}
</div>
<p class="pager">${before === undefined ? NOTHING : html`<a href="/events${addressOf(filter)}">Newest</a>`}${more && oldest !== undefined ? html` <a rel="next" href="/events${addressOf(filter, { before: oldest })}">Older</a>` : NOTHING}</p>`;
}

function filterForm(filter: EventFilter, now: number): Html {
  const { group, kind, subject, q, from, to } = filter;
  const { from: _from, to: _to, ...timeless } = filter;
  return html`<form method="get" action="/events" class="filters" role="search" aria-label="Filter events">
<label>What <select name="group"><option value="">everything</option>${KIND_GROUPS.map(({ name, title }) => html`<option value="${name}"${when(name === group, 'selected')}>${title}</option>`)}</select></label>
<label>Kind <input name="kind" value="${kind}" list="kinds" placeholder="any" size="11" autocapitalize="none"></label>
<datalist id="kinds">${ALL_KINDS.map((each) => html`<option value="${each}"></option>`)}</datalist>
<label>Subject <input name="subject" value="${subject}" placeholder="www or www/rs1" size="12" autocapitalize="none"></label>
<label>Text <input name="q" type="search" value="${q}" size="11"></label>
<label>From <input name="from" type="datetime-local" step="1" value="${momentField(from)}"></label>
<label>To <input name="to" type="datetime-local" step="1" value="${momentField(to)}"></label>
<span class="row"><button class="main">Show</button> <a href="/events">All</a></span>
<p class="quiet spans">Times are UTC. ${SPANS.map(([title, span_ms]) => html`<a href="/events${addressOf(timeless, { from: Math.floor((now - span_ms) / 1_000) * 1_000 })}">${title}</a> `)}</p>
</form>`;
}

/** `around`: newest first, this one among them. */
export function eventBody(event: ApiEvent, around: readonly ApiEvent[], now: number): Html {
  const { id, at, kind, reason, evidence } = event;
  const newer = around.filter((each) => each.id > id);
  const older = around.filter((each) => each.id < id);
  return html`<p><a href="/events">Events</a></p>
<dl class="facts"><dt>What</dt><dd>${kindMark(kind)}</dd><dt>Subject</dt><dd>${subjectLink(event)}</dd><dt>When</dt><dd>${absolute(at)} (${time(at, now)})</dd><dt>Why</dt><dd>${reason}</dd></dl>
<h2>Evidence</h2>
${evidenceTable(evidence)}
<p><a href="/events?kind=${encodeURIComponent(kind)}">All of this kind</a> · <a href="/events?subject=${encodeURIComponent(event.subject)}">All about ${event.subject}</a> · <a href="/events?from=${Math.max(0, at - 60_000)}&amp;to=${at + 60_000}">A minute before and after</a></p>
<h2>After it</h2>${newer.length === 0 ? html`<p class="quiet">It is the newest.</p>` : eventTable(newer, now)}
<h2>Before it</h2>${older.length === 0 ? html`<p class="quiet">Nothing older is kept.</p>` : eventTable(older, now)}`;
}

export function evidenceTable(evidence: unknown): Html {
  if (evidence === undefined || evidence === null) return html`<p class="quiet">None was recorded.</p>`;
  const { rows, cut } = valueRows(evidence);
  const raw = JSON.stringify(evidence, null, 1);
  return html`<div class="table"><table class="evidence"><tbody>${rows.map(({ path, value }) => html`<tr><th scope="row">${path === '' ? 'value' : path}</th><td class="wide"><span class="value">${value}</span></td></tr>`)}</tbody></table></div>
${cut ? html`<p class="quiet">There is more than is shown here.</p>` : NOTHING}
<details><summary>As JSON</summary><pre>${raw.length > RAW_MAX_LENGTH ? `${raw.slice(0, RAW_MAX_LENGTH)}\n…` : raw}</pre></details>`;
}
