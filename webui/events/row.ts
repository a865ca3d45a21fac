// One event as a row of a table: the same for pages and for what comes in live.
import type { ApiEvent } from '../../director/control/schema.ts';
import { still } from '../cells/cell.ts';
import { time } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { valuesInShort } from '../html/values.ts';
import { shapeOf, toneOf } from './kinds.ts';

const KIND_SUBJECTS = /^(server-|drain|enabled$|disabled$|weight-ordered$)/;
const SERVICE_SUBJECTS = /^(service-|step-)/;
const REASON_MAX_LENGTH = 600;

export function kindMark(kind: string): Html {
  const tone = toneOf(kind);
  return still({ text: `${shapeOf(tone)} ${kind}`, tone: tone === 'quiet' ? undefined : tone });
}

/** Real servers and services have pages of their own. */
export function subjectLink({ kind, subject }: Pick<ApiEvent, 'kind' | 'subject'>): Html {
  const [service = '', server, ...rest] = subject.split('/');
  if (
    KIND_SUBJECTS.test(kind) &&
    service !== '' &&
    server !== undefined &&
    server !== '' &&
    rest.length === 0
  )
    return html`<a href="/services/${encodeURIComponent(service)}/servers/${encodeURIComponent(server)}">${subject}</a>`;
  if (SERVICE_SUBJECTS.test(kind) && service !== '' && server === undefined)
    return html`<a href="/services/${encodeURIComponent(service)}">${subject}</a>`;
  return html`${subject}`;
}

/** `22:50:39` of a day that the relative time tells. */
function clockTime(at: number): string {
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15
    ? new Date(at).toISOString().slice(5, 19).replace('T', ' ')
    : '';
}

export function eventRow(event: ApiEvent, now: number): Html {
  const { id, at, kind, reason, evidence } = event;
  const short = evidence === undefined ? '' : valuesInShort(evidence);
  return html`<tr id="event-${id}" data-event="${id}"><td data-label="When"><a href="/events/${id}" title="event ${id}"><span class="mono">${clockTime(at)}</span></a> <small>${time(at, now)}</small></td><td data-label="What">${kindMark(kind)}</td><td data-label="Subject">${subjectLink(event)}</td><td class="wide" data-label="Why"><span>${reason.length > REASON_MAX_LENGTH ? `${reason.slice(0, REASON_MAX_LENGTH)}…` : reason}${short === '' ? NOTHING : html` <small class="evidence">${short}</small>`}</span></td></tr>`;
}

/** Newest first, as given. */
export function eventTable(
  events: readonly ApiEvent[],
  now: number,
  more: { readonly id?: string } = {},
): Html {
  return html`<div class="table"><table class="cards events"><thead><tr><th>When (UTC)</th><th>What</th><th>Subject</th><th>Why, and what it was seen by</th></tr></thead><tbody${more.id === undefined ? NOTHING : html` id="${more.id}"`}>${events.map((event) => eventRow(event, now))}</tbody></table></div>`;
}
