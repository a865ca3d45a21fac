// Hold and release: orders to the director that this console belongs to. Hold is told apart from a switchover in words,
// and where it moves the VIPs it takes a tick that says so.
import type { Ha } from '../../director/control/ha-schema.ts';
import type { Status } from '../../director/control/schema.ts';
import { EXIT, FairleadError } from '../../director/model/error.ts';
import { milliseconds } from '../html/format.ts';
import { type Html, html } from '../html/html.ts';
import { type Page, redirect } from '../page.ts';

export function orderPanel(status: Omit<Status, 'services'>, ha: Ha, csrf: string): Html {
  const { node, role } = status;
  const hold = ha.heartbeat?.hold === true;
  const token = html`<input type="hidden" name="csrf" value="${csrf}">`;
  return html`<section class="orders" aria-label="Orders">
<div class="panel"><h2>Switch over</h2>
<p>The active hands the virtual IPs to the other one, once, now. Connections go on. Checks are shown first; nothing is done yet.</p>
<p><a class="button main" href="/ha/switchover">Look at the checks…</a></p></div>
${
  hold
    ? html`<div class="panel"><h2>Release ${node}</h2>
<p>${node} is on hold: it takes nothing over, even if its peer dies. Release ends that; nothing moves by it.</p>
<form method="post" action="/ha/release">${token}<button class="main">Release ${node}</button></form></div>`
    : html`<div class="panel"><h2>Hold ${node}</h2>
<p>${node} stands by and takes <strong>nothing</strong> over until it is released, whatever happens to its peer. It stays so over restarts. For work on this machine.</p>
<form method="post" action="/ha/hold">${token}${
        role === 'active'
          ? html`<p><label><input type="checkbox" name="moves" value="yes" required> ${node} is active: it hands the virtual IPs over first</label></p>`
          : ''
      }<button class="danger">Hold ${node}</button></form></div>`
}
</section>`;
}

export const orderPages: readonly Page[] = [
  {
    method: 'post',
    path: '/ha/hold',
    role: 'operator',
    acts: 'hold',
    async handle({ client, form, picture }) {
      if (picture?.status.role === 'active' && form.moves !== 'yes')
        throw new FairleadError(
          'not-confirmed',
          `${picture.status.node} is active: hold would move the virtual IPs.`,
          {
            remedy: 'Tick that it hands them over first, and send the form again.',
            exit: EXIT.usage,
          },
        );
      const { node, reason, phases_ms } = await client.call('hold');
      const took = phases_ms.done === undefined ? '' : ` It took ${milliseconds(phases_ms.done)}.`;
      return redirect('/ha', {
        tone: 'good',
        text: `${node} is on hold: ${reason}.${took}`,
        remedy: `Until it is released, nobody takes over from its peer.`,
      });
    },
  },
  {
    method: 'post',
    path: '/ha/release',
    role: 'operator',
    acts: 'release',
    async handle({ client }) {
      const { node, reason } = await client.call('release');
      return redirect('/ha', { tone: 'good', text: `${node} is released: ${reason}.` });
    },
  },
];
