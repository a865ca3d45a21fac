// How far a drain has come: what is left, since when, until when, and when it will be empty at this rate.
import type { Series } from '../../director/control/history-schema.ts';
import type { ServerStatus } from '../../director/control/schema.ts';
import { cell } from '../cells/cell.ts';
import { serverCells } from '../cells/service.ts';
import { absolute, counted, time } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { type Estimate, estimateEmpty, type Left } from './drain-estimate.ts';

export function drainPanel(server: ServerStatus, recent: Series | undefined, now: number): Html {
  const { drain, service, name, active, inactive, templates } = server;
  if (server.admin !== 'draining' || drain === undefined)
    return html`<div id="drain" data-refresh="5000"></div>`;
  const cells = serverCells(server);
  const subject = `${service}/${name}`;
  const draw = (key: string): Html => cell(subject, key, cells, now);
  const left = active + inactive + templates;
  const estimate: Estimate = left === 0 ? { kind: 'empty' } : estimateEmpty(leftOf(recent, drain.since), now);
  return html`<div id="drain" data-refresh="5000"><section class="panel draining"><h2>◐ Draining</h2>
<dl class="facts">
<dt>Left on it</dt><dd><strong>${draw('active')}</strong> active, <strong>${draw('inactive')}</strong> inactive, <strong>${draw('templates')}</strong> templates</dd>
<dt>Since</dt><dd>${time(drain.since, now)} <span class="quiet">${absolute(drain.since)}</span></dd>
<dt>Deadline</dt><dd>${deadlineText(drain, now)}</dd>
<dt>Empty</dt><dd>${drain.done === undefined ? estimateText(estimate, drain.deadline, now) : html`▲ done ${time(drain.done, now)}${left === 0 ? NOTHING : html`; ${counted(left, 'entry', 'entries')} went on`}`}</dd>
</dl></section></div>`;
}

function deadlineText({ deadline, at_deadline }: NonNullable<ServerStatus['drain']>, now: number): Html {
  if (deadline === undefined) return html`none: it ends when nothing is left`;
  const then = at_deadline === 'cut' ? 'what is left is cut' : 'what is left goes on';
  return html`${time(deadline, now)} <span class="quiet">${absolute(deadline)}</span>; then ${then}`;
}

function estimateText(estimate: Estimate, deadline: number | undefined, now: number): Html {
  if (estimate.kind === 'empty') return html`▲ nothing is left`;
  if (estimate.kind === 'unknown') return html`cannot tell yet: ${estimate.because}`;
  const how = estimate.by === 'share' ? 'ending by a share of what is left' : 'ending at a steady rate';
  const late =
    deadline !== undefined && estimate.at > deadline ? html` <strong>◆ after the deadline</strong>` : NOTHING;
  return html`about ${roughly(estimate.at - now)} from now${late} <span class="quiet">as of the last two minutes, ${how}</span>`;
}

/** No more exactly than it is known: `40 s`, `3 min`, `2 h`. */
export function roughly(value_ms: number): string {
  const seconds = value_ms / 1_000;
  if (seconds < 60) return `${Math.max(5, Math.round(seconds / 5) * 5)} s`;
  if (seconds < 5_400) return `${Math.max(1, Math.round(seconds / 60))} min`;
  return `${(seconds / 3_600).toFixed(seconds < 36_000 ? 1 : 0)} h`;
}

/** Connections and templates together: a drain ends when neither is left. Only since it began. */
export function leftOf(recent: Series | undefined, since: number): Left[] {
  if (recent === undefined) return [];
  const { active = [], inactive = [], templates = [] } = recent.values;
  return recent.times.flatMap((at, index) => {
    const known = [active[index], inactive[index], templates[index]].filter(
      (each) => typeof each === 'number',
    );
    if (at < since || typeof active[index] !== 'number') return [];
    return [{ at, left: known.reduce((sum, each) => sum + each, 0) }];
  });
}
