// The switchover: what was looked at, with a button only where it may succeed, a word to confirm, and what it came to.
// A form is good for the director that was active when it was drawn: sending it again never moves the VIPs back.
import { randomBytes } from 'node:crypto';
import { isAllowed } from '../../director/control/account-schema.ts';
import type { ControlClient } from '../../director/control/client.ts';
import type { PreflightCheck, SwitchoverReply } from '../../director/control/ha-schema.ts';
import type { Status } from '../../director/control/schema.ts';
import { EXIT, FairleadError } from '../../director/model/error.ts';
import { still } from '../cells/cell.ts';
import { HA } from '../cells/ha.ts';
import { counted } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import type { Fields, Outcome, Page, PageContext } from '../page.ts';
import { redirect, view } from '../page.ts';
import { type KeptOutcome, outcomeBody } from './ha-outcome.ts';
import { rolesNow } from './ha-roles.ts';

const OUTCOMES_MAX = 64;
const REASON_MAX_LENGTH = 500;

export function switchoverPages(): readonly Page[] {
  /** For the page after the order; lost with the process, which is harmless: the event `switched-over` has it all. */
  const outcomes = new Map<string, KeptOutcome>();
  const keep = (kept: KeptOutcome): string => {
    const key = randomBytes(9).toString('base64url');
    outcomes.set(key, kept);
    const oldest = outcomes.keys().next().value;
    if (outcomes.size > OUTCOMES_MAX && oldest !== undefined) outcomes.delete(oldest);
    return key;
  };
  return [
    {
      method: 'get',
      path: '/ha/switchover',
      role: 'viewer',
      handle: look,
    },
    {
      method: 'post',
      path: '/ha/switchover',
      role: 'operator',
      acts: 'switchover',
      async handle(context) {
        const { client, form, picture, identity, now } = context;
        const force = form.force === 'yes';
        const reason = (form.reason ?? '').trim().slice(0, REASON_MAX_LENGTH);
        insistConfirmed(form, picture?.status.cluster, force, reason);
        const looked = await client.call('switchover', { body: { dry_run: true } });
        insistSame(form, looked);
        const reply = await order(client, force, reason);
        return redirect(`/ha/switchover/${keep({ reply, who: identity.user, at: now })}`);
      },
    },
    {
      method: 'get',
      path: '/ha/switchover/:outcome',
      role: 'viewer',
      handle({ params, picture, now: at }) {
        const kept = outcomes.get(params.outcome ?? '');
        if (kept === undefined)
          return view(
            'Switchover',
            html`<p>This console no longer has the outcome of that switchover. <a href="/events?kind=switched-over">The events have it.</a></p>`,
          );
        return view('Switched over', outcomeBody(kept, picture?.status, at), { live: [HA] });
      },
    },
  ];
}

/** A refusal speaks of the command line's options; here it is a form that is to be drawn anew. */
async function order(
  client: Pick<ControlClient, 'call'>,
  force: boolean,
  reason: string,
): Promise<SwitchoverReply> {
  try {
    return await client.call('switchover', { body: { force, ...(reason === '' ? {} : { reason }) } });
  } catch (error) {
    if (!(error instanceof FairleadError) || error.code !== 'switchover-refused') throw error;
    throw new FairleadError(error.code, error.message, {
      remedy: 'Look at the checks again: each says what to do about it.',
      exit: EXIT.refused,
    });
  }
}

function insistConfirmed(form: Fields, cluster: string | undefined, force: boolean, reason: string): void {
  if (cluster === undefined || (form.confirm ?? '').trim() !== cluster)
    throw new FairleadError('not-confirmed', 'Nothing was done: the name of the cluster was not typed.', {
      remedy: `Type ${cluster ?? 'it'} into the field, or hold the button.`,
      exit: EXIT.usage,
    });
  if (force && reason === '')
    throw new FairleadError(
      'not-confirmed',
      'Nothing was done: going on in spite of failed checks takes a reason.',
      {
        remedy: 'Say why; it is kept with the event.',
        exit: EXIT.usage,
      },
    );
}

function insistSame(form: Fields, { from, to }: SwitchoverReply): void {
  if (form.from === from && form.to === to) return;
  throw new FairleadError(
    'stale',
    `Nothing was done: ${from} is active by now, which it was not when the form was drawn.`,
    {
      remedy: 'Look at the checks again.',
      exit: EXIT.refused,
    },
  );
}

async function look(context: PageContext): Promise<Outcome> {
  const { picture, client } = context;
  const back = html`<p><a href="/ha">High availability</a></p>`;
  try {
    const reply = await client.call('switchover', { body: { dry_run: true } });
    return view('Switch over', html`${back}${switchoverBody(context, picture?.status, reply)}`, {
      live: [HA],
      scripts: ['switchover'],
    });
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    return view('Switch over', html`${back}${cannotLook(error, picture?.status)}`, { live: [HA] });
  }
}

export function cannotLook(error: FairleadError, status: Status | undefined): Html {
  const active = status?.ha?.peer?.role === 'active' ? status.ha.peer.name : undefined;
  return html`<p class="banner bad" role="alert">No switchover can be ordered here. ${error.message} ${error.remedy}</p>
${
  status?.ha?.pair === true
    ? html`${rolesNow(status)}<p>${active === undefined ? 'No active director is heard.' : html`${active} was active when it was last heard: order it on its own console, or with <code>fairlead switchover</code> there.`}</p>`
    : html`<p>A switchover takes two directors. <a href="/ha">What a pair takes</a></p>`
}`;
}

export function switchoverBody(
  context: Pick<PageContext, 'csrf' | 'identity'>,
  status: Status | undefined,
  reply: SwitchoverReply,
): Html {
  const { from, to, checks } = reply;
  const failed = checks.filter(({ ok }) => !ok);
  const possible = failed.every(({ skippable }) => skippable);
  const vips = status === undefined ? 'the virtual IPs' : counted(status.virtual_ips.length, 'virtual IP');
  const elsewhere = status !== undefined && status.node !== from;
  return html`<p>${from} is active. It would hand ${vips} to <strong>${to}</strong>. Established connections go on.</p>
${elsewhere ? html`<p class="banner warn narrow">This is the console of ${status.node}, which stands by: ${from} is asked to do it.</p>` : NOTHING}
${status === undefined ? NOTHING : rolesNow(status)}
<h2>Looked at</h2>
<ul class="checks">${checks.map(drawCheck)}</ul>
<p><a href="/ha/switchover">Look again</a></p>
${verdict(failed, possible)}
${
  possible && isAllowed(context.identity.role, 'operator')
    ? orderForm(context.csrf, status?.cluster ?? '', reply, failed)
    : NOTHING
}
${possible && !isAllowed(context.identity.role, 'operator') ? html`<p>The order itself takes the role operator.</p>` : NOTHING}`;
}

function drawCheck({ name, ok, detail, skippable, remedy }: PreflightCheck): Html {
  const mark = ok
    ? still({ text: '▲ ok', tone: 'good' })
    : skippable
      ? still({ text: '◆ failed', tone: 'warn' })
      : still({ text: '▼ failed', tone: 'bad' });
  return html`<li><span class="mark">${mark}</span> <strong>${name}</strong> <span class="what">${detail}${ok || remedy === undefined ? NOTHING : html` <span class="remedy quiet">${remedy}</span>`}</span></li>`;
}

function verdict(failed: readonly PreflightCheck[], possible: boolean): Html {
  if (failed.length === 0) return html`<p class="banner good narrow">All checks pass.</p>`;
  const names = failed.filter(({ skippable }) => possible || !skippable).map(({ name }) => name);
  return possible
    ? html`<p class="banner warn narrow">Not all is well: ${names.join(', ')}. It can be done in spite of that, with a reason.</p>`
    : html`<p class="banner bad narrow">It cannot be done now: ${names.join(', ')}. Put that right first.</p>`;
}

function orderForm(
  csrf: string,
  cluster: string,
  { from, to }: SwitchoverReply,
  failed: readonly PreflightCheck[],
): Html {
  const force =
    failed.length === 0
      ? NOTHING
      : html`<label><input type="checkbox" name="force" value="yes" required> In spite of: ${failed.map(({ name }) => name).join(', ')}</label>
<label class="field">Reason, kept with the event <input name="reason" maxlength="${REASON_MAX_LENGTH}" required autocomplete="off"></label>`;
  return html`<form method="post" action="/ha/switchover" class="fields" id="switchover" data-cluster="${cluster}">
<input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="from" value="${from}"><input type="hidden" name="to" value="${to}">
${force}
<label class="field">Type the cluster's name, ${cluster}, to confirm <input name="confirm" required autocomplete="off" autocapitalize="none" spellcheck="false"></label>
<div class="actions"><button class="danger">Switch over from ${from} to ${to}</button>
<button type="button" class="danger holding" id="holding" hidden>… or hold this button</button></div>
</form>
<section id="progress" class="panel" role="status" hidden><h2>Under way</h2><p id="progress-text"></p><progress></progress></section>`;
}
