// What stands above the table: alarms, problems with their remedies, the filter, the pages, and the way into the past.
import { type Cells, cell } from '../../cells/cell.ts';
import { DIRECTOR, PROBLEM_SLOTS } from '../../cells/director.ts';
import { absolute, counted } from '../../html/format.ts';
import { type Html, html, NOTHING } from '../../html/html.ts';
import { type Asked, addressOf, minuteAfter, minuteBefore, minuteText, SORTS, STATES } from './asked.ts';
import { ALL_MAX, PAGE_SIZE, type Selection } from './selection.ts';

const SORT_WORDS = {
  configured: 'as configured',
  name: 'name',
  health: 'worst first',
  load: 'busiest first',
};
const STATE_WORDS = { all: 'all', trouble: 'trouble only' };

/** Empty places are hidden by the style; they fill as things go wrong. */
export function problems(cells: Cells, now: number): Html {
  const draw = (key: string): Html => cell(DIRECTOR, key, cells, now);
  const slots = Array.from({ length: PROBLEM_SLOTS }, (_, slot) => slot);
  return html`<p class="banner bad alarm" role="alert">${draw('alarm')}</p>
<ul class="problems" aria-label="Problems" aria-live="polite">${slots.map((slot) => html`<li>${draw(`problem${slot}`)} <span class="remedy">${draw(`remedy${slot}`)}</span> ${draw(`retry${slot}`)}</li>`)}
<li>${draw('more')}</li></ul>`;
}

export function toolbar(asked: Asked, selection: Selection, csvTo: string): Html {
  const option = (value: string, word: string, chosen: string): Html =>
    html`<option value="${value}"${value === chosen ? html` selected` : NOTHING}>${word}</option>`;
  const at =
    asked.at === undefined ? NOTHING : html`<input type="hidden" name="at" value="${minuteText(asked.at)}">`;
  return html`<div class="toolbar row">
<form id="filter" class="row" method="get" action="/" role="search">
<input type="search" name="q" value="${asked.q}" placeholder="Filter: name, address, state" aria-label="Filter" data-key="/" maxlength="256">
<label>Show <select name="states">${STATES.map((each) => option(each, STATE_WORDS[each], asked.states))}</select></label>
<label>Order <select name="sort">${SORTS.map((each) => option(each, SORT_WORDS[each], asked.sort))}</select></label>
${at}<button class="small">Show</button></form>
<span class="quiet">${counted(selection.services, 'service')}, ${counted(selection.servers, 'server')}</span>
${pager(asked, selection)}
<a class="end" href="${csvTo}">CSV</a>
<details class="then"><summary>At another time</summary><form class="row" method="get" action="/">
<label>UTC <input type="datetime-local" name="at" value="${asked.at === undefined ? '' : minuteText(asked.at)}" required></label><button class="small">Go there</button></form></details>
</div>`;
}

export function pager(asked: Asked, { page, pages, services }: Selection): Html {
  if (asked.page === 'all' || services <= PAGE_SIZE) {
    const cut = services > ALL_MAX ? html`<strong>only the first ${ALL_MAX} are shown</strong> ` : NOTHING;
    return services <= PAGE_SIZE
      ? NOTHING
      : html`<span class="pager">${cut}<a href="${addressOf(asked, { page: 1 })}">by pages of ${PAGE_SIZE}</a></span>`;
  }
  return html`<nav class="pager" aria-label="Pages of the table">${page > 1 ? html`<a rel="prev" href="${addressOf(asked, { page: page - 1 })}">‹ before</a>` : NOTHING}
<span>page ${page} of ${pages}</span>
${page < pages ? html`<a rel="next" href="${addressOf(asked, { page: page + 1 })}">next ›</a>` : NOTHING}
<a href="${addressOf(asked, { page: 'all' })}">all</a></nav>`;
}

const EVENTS_AROUND_MS = 5 * 60_000;

/** Nobody may take the past for the present. */
export function pastBanner(asked: Asked & { at: number }, found: number | undefined, what: string): Html {
  const { at } = asked;
  const events = `/events?from=${at - EVENTS_AROUND_MS}&to=${at + EVENTS_AROUND_MS}`;
  return html`<div class="banner warn past" role="status"><strong>This is the past: ${absolute(found ?? at)}.</strong> ${what}
<span class="row"><a href="${addressOf(asked, { at: minuteBefore(at) })}" rel="prev">‹ a minute before</a>
<a href="${addressOf(asked, { at: minuteAfter(at) })}" rel="next">a minute later ›</a>
<a href="${events}">events around it</a>
<a class="button main" href="${addressOf(asked, { at: undefined })}">Back to now</a></span></div>`;
}
