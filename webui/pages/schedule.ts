// What happens by itself: when next, when last, how it ended; and the backups, with one to be made now.
import { type AccountRole, isAllowed } from '../../director/control/account-schema.ts';
import type { BackupList, Schedule, Scheduled } from '../../director/control/schedule-schema.ts';
import { type Cell, still } from '../cells/cell.ts';
import { size, time } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { type Page, redirect, view } from '../page.ts';
import { systemNav } from './system-nav.ts';

const PATH = '/system/schedule';
const LISTED_MAX = 50;

export const schedulePages: readonly Page[] = [
  {
    method: 'get',
    path: PATH,
    role: 'viewer',
    async handle(context) {
      const { client, identity, now, csrf } = context;
      const schedule = await client.call('schedule');
      const backups = mayBackUp(identity.role) ? await client.call('backups') : undefined;
      const shown = html`${scheduleBody(schedule, now)}${backups === undefined ? NOTHING : backupsBody(backups, now, csrf)}`;
      return view('Schedule', html`${systemNav(context, PATH)}${shown}`);
    },
  },
  {
    method: 'post',
    path: '/system/backup',
    role: 'admin',
    acts: 'backup',
    async handle({ client, form }) {
      const made = await client.call('backup', { body: { history: form.history === 'yes' } });
      return redirect(PATH, {
        tone: made.missing.length === 0 ? 'good' : 'warn',
        text: `${made.name} is made${made.missing.length === 0 ? '' : `, without ${made.missing.join('; ')}`}.`,
      });
    },
  },
];

function mayBackUp(role: AccountRole): boolean {
  return isAllowed(role, 'admin');
}

function scheduleBody({ entries, timezone, active }: Schedule, now: number): Html {
  if (entries.length === 0)
    return html`<p>Nothing happens by itself.</p>
<p class="quiet">Maintenance, weights, drills and backups at their times go under <code>schedule</code> in the configuration.</p>`;
  const standby = active
    ? NOTHING
    : html`<p class="quiet">This director stands by: it makes its own backups, the active does the rest.</p>`;
  return html`${standby}
<div class="table"><table class="cards"><thead><tr><th>Name</th><th>What</th><th>At</th><th>Next</th><th>Last</th><th>Outcome</th></tr></thead>
<tbody>${entries.map((entry) => row(entry, now))}</tbody></table></div>
<p class="fine">By the wall clock of ${timezone}.</p>`;
}

function row({ name, kind, what, at, next, last, outcome, detail }: Scheduled, now: number): Html {
  return html`<tr><th>${name}</th><td class="wide" data-label="What">${kind}: ${what}</td><td data-label="At"><code>${at}</code></td>
<td data-label="Next">${next === undefined ? '–' : time(next, now)}</td><td data-label="Last">${last === undefined ? '–' : time(last, now)}</td>
<td class="wide" data-label="Outcome">${still(OUTCOMES[outcome])}${detail === '' ? NOTHING : html` <span class="quiet">${detail}</span>`}</td></tr>`;
}

const OUTCOMES: Readonly<Record<Scheduled['outcome'], Cell>> = {
  waiting: { text: '○ not due yet', tone: 'quiet' },
  'under-way': { text: '◆ under way', tone: 'warn' },
  done: { text: '▲ done', tone: 'good' },
  left: { text: '◆ left to an operator', tone: 'warn' },
  refused: { text: '▼ refused', tone: 'bad' },
  failed: { text: '▼ failed', tone: 'bad' },
  missed: { text: '◆ missed', tone: 'warn' },
};

function backupsBody({ folder, backups }: BackupList, now: number, csrf: string): Html {
  const list =
    backups.length === 0
      ? html`<p class="quiet">There is none yet.</p>`
      : html`<div class="table"><table class="cards"><thead><tr><th>Made</th><th>By</th><th class="n">Size</th><th>File</th></tr></thead><tbody>${backups
          .slice(0, LISTED_MAX)
          .map(
            ({ at, by, bytes, name }) =>
              html`<tr><th>${time(at, now)}</th><td data-label="By">${by}</td><td class="n" data-label="Size">${size(bytes)}</td><td class="wide" data-label="File">${name}</td></tr>`,
          )}</tbody></table></div>`;
  return html`<section><h2>Backups</h2>${list}
<p class="fine">In ${folder} of this director. They hold secrets; <code>fairlead restore</code> puts one back.</p>
<form method="post" action="/system/backup" class="inline"><input type="hidden" name="csrf" value="${csrf}"><label><input type="checkbox" name="history" value="yes"> with what was sampled</label> <button>Back up now</button></form></section>`;
}
