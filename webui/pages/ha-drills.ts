// Drills: what became of what was broken on purpose, and how to run one.
import type { drillListSchema } from '../../director/control/drill-schema.ts';
import { FairleadError } from '../../director/model/error.ts';
import { still } from '../cells/cell.ts';
import { absolute, milliseconds, time } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { type Page, view } from '../page.ts';

export type DrillRow = (typeof drillListSchema)['_output']['drills'][number];

const LISTED_MAX = 1_000;

export const drillPages: readonly Page[] = [
  {
    method: 'get',
    path: '/ha/drills',
    role: 'viewer',
    async handle({ client, now }) {
      const { drills } = await client.call('drills', { query: { limit: LISTED_MAX } });
      return view(
        'Drills',
        html`<p><a href="/ha">High availability</a></p>${drillTable(drills, now)}${howTo()}`,
      );
    },
  },
  {
    method: 'get',
    path: '/ha/drills/:id',
    role: 'viewer',
    async handle({ client, params, now }) {
      const { drills } = await client.call('drills', { query: { limit: LISTED_MAX } });
      const drill = drills.find(({ id }) => String(id) === params.id);
      if (drill === undefined)
        throw new FairleadError(
          'unknown-subject',
          'There is no report of such a drill, or it is no longer kept.',
          {
            remedy: 'See the list of drills.',
          },
        );
      return view(`Drill ${drill.name}`, drillBody(drill, now));
    },
  },
];

export function drillPanel(drills: readonly DrillRow[] | undefined, now: number): Html {
  if (drills === undefined)
    return html`<h2>Drills</h2><p class="quiet">The reports cannot be read at the moment.</p>`;
  return html`<h2>Drills</h2>${drillTable(drills, now)}${howTo()}${drills.length === 0 ? NOTHING : html`<p><a href="/ha/drills">All reports</a></p>`}`;
}

function howTo(): Html {
  return html`<details><summary>How to run one</summary>
<p>In a lab that runs (<code>npm start</code>), from another terminal: <code>fairlead drill kill-active</code>; <code>fairlead drill --list</code> names them all. A drill breaks something while a client keeps thousands of connections going, and judges what became of them.</p>
<p>Drills are never for a live pair. There, <a href="/ha/switchover">a switchover</a> is the drill that loses nothing: order one now and then, and you know that the standby can do the work.</p></details>`;
}

function drillTable(drills: readonly DrillRow[], now: number): Html {
  if (drills.length === 0) return html`<p class="quiet">No drill has been reported to this director.</p>`;
  return html`<div class="table"><table class="cards"><thead><tr><th>When</th><th>Drill</th><th>Result</th><th class="n">Outage</th><th class="n">Limit</th><th class="n">Established, lost</th><th class="n">Two owners</th></tr></thead><tbody>${drills.map(
    (
      drill,
    ) => html`<tr><td data-label="When">${time(drill.at, now)}</td><th scope="row"><a href="/ha/drills/${drill.id}">${drill.name}</a></th><td data-label="Result">${result(drill)}</td>
<td class="n" data-label="Outage">${still(outage(drill))}</td><td class="n" data-label="Limit">${span(drill.limit_ms)}</td><td class="n" data-label="Established, lost">${lost(drill)}</td><td class="n" data-label="Two owners">${owners(drill)}</td></tr>`,
  )}</tbody></table></div>`;
}

export function drillBody(drill: DrillRow, now: number): Html {
  return html`<p><a href="/ha">High availability</a> · <a href="/ha/drills">Drills</a></p>
<dl class="facts"><dt>Ended</dt><dd>${time(drill.at, now)} (${absolute(drill.at)})</dd><dt>Result</dt><dd>${result(drill)}</dd>
<dt>Outage</dt><dd>${still(outage(drill))}${drill.limit_ms === undefined ? NOTHING : ` of ${span(drill.limit_ms)} at most`}</dd>
<dt>Established</dt><dd>${lost(drill)}</dd><dt>Two owners</dt><dd>${owners(drill)}</dd></dl>
${drill.complaints.length === 0 ? NOTHING : html`<h2>Complaints</h2><ul>${drill.complaints.map((each) => html`<li>${each}</li>`)}</ul>`}
${drill.text === '' ? html`<p class="quiet">Its report came without text.</p>` : html`<h2>Report</h2><pre>${drill.text}</pre>`}`;
}

function result({ ok, complaints }: DrillRow): Html {
  return still(
    ok
      ? { text: '▲ ok', tone: 'good' }
      : { text: '▼ not ok', tone: 'bad', title: complaints.join('\n').slice(0, 1_000) },
  );
}

function span(value_ms: number | undefined): string {
  return value_ms === undefined ? '–' : milliseconds(value_ms);
}

function outage({ outage_ms, limit_ms }: DrillRow) {
  const over = outage_ms !== undefined && limit_ms !== undefined && outage_ms > limit_ms;
  return over ? { text: `▼ ${span(outage_ms)}`, tone: 'bad' as const } : { text: span(outage_ms) };
}

function lost({ established, lost: gone }: DrillRow): Html {
  if (established === undefined) return html`–`;
  return still({
    text: `${established}, ${gone ?? 0} lost`,
    ...((gone ?? 0) > 0 ? { tone: 'bad' as const } : {}),
  });
}

function owners({ two_owners_ms: both }: DrillRow): Html {
  if (both === undefined) return html`–`;
  return still(both > 0 ? { text: `◆ ${milliseconds(both)}`, tone: 'warn' } : { text: 'never' });
}
