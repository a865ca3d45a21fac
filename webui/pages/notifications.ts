// Notifications: who is told what happens, whether it gets through, and a message to try it out.
import { isAllowed } from '../../director/control/account-schema.ts';
import type { Notifications, NotifyTarget } from '../../director/control/notify-schema.ts';
import { type Cell, still } from '../cells/cell.ts';
import { counted, time } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { type Page, redirect, view } from '../page.ts';
import { systemNav } from './system-nav.ts';

const PATH = '/system/notifications';

export const notificationPages: readonly Page[] = [
  {
    method: 'get',
    path: PATH,
    role: 'viewer',
    async handle(context) {
      const told = await context.client.call('notifications');
      const csrf = isAllowed(context.identity.role, 'operator') ? context.csrf : undefined;
      return view(
        'Notifications',
        html`${systemNav(context, PATH)}${notificationsBody(told, context.now, csrf)}`,
      );
    },
  },
  {
    method: 'post',
    path: PATH,
    role: 'operator',
    acts: 'notificationsTest',
    async handle({ client, form }) {
      const target = /^\d{1,2}$/.test(form.target ?? '') ? Number(form.target) : undefined;
      const { tests } = await client.call('notificationsTest', {
        body: target === undefined ? {} : { target },
      });
      const failed = tests.filter(({ ok }) => !ok);
      if (failed.length === 0)
        return redirect(PATH, {
          tone: 'good',
          text: `${counted(tests.length, 'test message')} got through.`,
        });
      return redirect(PATH, {
        tone: 'bad',
        text: failed.map(({ name, detail }) => `${name}: ${detail}`).join('; '),
        remedy: 'Correct it under notifications in the configuration.',
      });
    },
  },
];

/** `csrf`: of those who may try it out. */
export function notificationsBody(told: Notifications, now: number, csrf: string | undefined): Html {
  if (told.targets.length === 0)
    return html`<p>Nobody is told when something happens.</p>
<p class="quiet">Name webhooks, mail addresses or commands under <code>notifications</code> in the configuration.</p>`;
  const trouble = told.running
    ? NOTHING
    : html`<p class="banner bad" role="alert">▼ The process that sends them does not run${told.detail === undefined ? '' : `: ${told.detail}`}. Nobody is told anything.</p>`;
  const forgetful =
    told.not_kept === undefined
      ? NOTHING
      : html`<p class="banner warn">◆ What was sent cannot be kept, so that a message may come twice after a restart: ${told.not_kept}</p>`;
  return html`${trouble}${forgetful}
<div class="table"><table class="cards"><thead><tr><th>To</th><th>By</th><th>What</th><th>State</th><th class="n">Sent</th><th class="n">Failed</th><th class="n">Waiting</th><th>Given up</th>${csrf === undefined ? NOTHING : html`<th>Try</th>`}</tr></thead>
<tbody>${told.targets.map((target) => row(target, now, csrf))}</tbody></table></div>
${csrf === undefined || told.targets.length < 2 ? NOTHING : testForm(csrf, undefined, 'Send a test message to all')}`;
}

function row(target: NotifyTarget, now: number, csrf: string | undefined): Html {
  const { name, kind, on, services, sent, failed, waiting, held } = target;
  const dropped = Object.entries(target.dropped).map(([reason, count]) => `${count} ${reason}`);
  return html`<tr><th>${name}</th><td data-label="By">${kind}</td>
<td data-label="What">${on.join(', ')}${services === undefined ? '' : html` <span class="quiet">of ${services.join(', ')}</span>`}</td>
<td class="wide" data-label="State">${still(stateOf(target))}${lastOf(target, now)}</td>
<td class="n" data-label="Sent">${sent}</td><td class="n" data-label="Failed">${failed}</td>
<td class="n" data-label="Waiting">${waiting}${held === 0 ? '' : ` and ${held} held back`}</td>
<td class="wide" data-label="Given up">${dropped.length === 0 ? 'none' : dropped.join(', ')}</td>
${csrf === undefined ? NOTHING : html`<td data-label="Try">${testForm(csrf, target.number, 'Test')}</td>`}</tr>`;
}

function stateOf({ failing_since, sent }: NotifyTarget): Cell {
  if (failing_since !== undefined) return { text: '▼ fails', tone: 'bad' };
  return sent > 0 ? { text: '▲ gets through', tone: 'good' } : { text: '○ nothing sent yet', tone: 'quiet' };
}

function lastOf({ failing_since, last_error, sent_at }: NotifyTarget, now: number): Html {
  if (failing_since !== undefined)
    return html` since ${time(failing_since, now)}: ${last_error?.detail ?? 'no reason is known'}`;
  return sent_at === undefined ? NOTHING : html` <span class="quiet">last ${time(sent_at, now)}</span>`;
}

function testForm(csrf: string, target: number | undefined, text: string): Html {
  return html`<form method="post" action="${PATH}" class="inline"><input type="hidden" name="csrf" value="${csrf}">${target === undefined ? NOTHING : html`<input type="hidden" name="target" value="${target}">`}<button>${text}</button></form>`;
}
