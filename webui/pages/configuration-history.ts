// Revisions: who put what in force and when, the differences between any two, files to keep, and the way back to one.
import { isAllowed } from '../../director/control/account-schema.ts';
import { ControlError } from '../../director/control/client.ts';
import type { ApplyReply, Revision } from '../../director/control/schema.ts';
import { FairleadError } from '../../director/model/error.ts';
import { still } from '../cells/cell.ts';
import { absolute, time } from '../html/format.ts';
import { type Html, html, NOTHING, when } from '../html/html.ts';
import { type Fields, type Outcome, type Page, type PageContext, redirect, view } from '../page.ts';
import { diffTexts } from '../text/hunks.ts';
import { diffView } from '../text/text-view.ts';
import { type Outcomes, planView, restartNote } from './configuration-outcome.ts';
import { numberOf, presentText, type RevisionText, textOf, yamlFile } from './configuration-text.ts';
import { lineOf, problemsView, revisionFacts, windowView } from './configuration-view.ts';

const REVISIONS = '/configuration/revisions';
const SHOWN_MAX = 500;
const HASH_SHOWN = 12;

export function historyPages(outcomes: Outcomes): readonly Page[] {
  return [
    {
      method: 'get',
      path: '/configuration/revisions',
      role: 'operator',
      async handle({ client, identity, now }) {
        const { current, revisions } = await client.call('revisions');
        const admin = isAllowed(identity.role, 'admin');
        return view('Revisions', revisionsBody(revisions, current, now, admin));
      },
    },
    {
      method: 'get',
      path: '/configuration/revisions/:revision.yaml',
      role: 'operator',
      handle: async (context) =>
        yamlFile(context.picture?.status, await textOf(context.client, context.params.revision)),
    },
    {
      method: 'get',
      path: '/configuration/revisions/:revision',
      role: 'operator',
      async handle(context) {
        const [revision, { current }] = await Promise.all([
          textOf(context.client, context.params.revision),
          context.client.call('revisions'),
        ]);
        return view(`Revision ${revision.number}`, revisionBody(context, revision, current));
      },
    },
    {
      method: 'get',
      path: '/configuration/diff',
      role: 'operator',
      async handle(context) {
        const { from, to } = context.query;
        if (from === undefined && to === undefined) return redirect(REVISIONS);
        const [before, after] = await Promise.all([textOf(context.client, from), textOf(context.client, to)]);
        return view(
          `From revision ${before.number} to ${after.number}`,
          diffBody(before, after, context.now),
        );
      },
    },
    { method: 'get', path: '/configuration/revisions/:revision/rollback', role: 'admin', handle: lookBack },
    {
      method: 'get',
      path: '/configuration/rollback',
      role: 'operator',
      handle: () => redirect(REVISIONS),
    },
    {
      method: 'post',
      path: '/configuration/rollback',
      role: 'admin',
      acts: 'rollback',
      handle: (context) => rollBack(context, outcomes),
    },
  ];
}

export function revisionsBody(
  revisions: readonly Revision[],
  current: number,
  now: number,
  admin: boolean,
): Html {
  const newest = [...revisions].sort((one, other) => other.number - one.number).slice(0, SHOWN_MAX);
  const compare = html`<button>Compare the chosen two</button>`;
  return html`<p><a href="/configuration">Configuration</a></p>
<form method="get" action="/configuration/diff"><div class="row">${compare}<span class="quiet">or look at one of them</span></div>
<div class="table"><table class="cards revisions"><thead><tr><th>From</th><th>To</th><th class="n">Revision</th><th>When (UTC)</th><th>Who</th><th>Comment</th><th>Hash</th><th></th></tr></thead><tbody>${newest.map((revision, index) => revisionRow(revision, { current, now, admin, index }))}</tbody></table></div></form>
${revisions.length > newest.length ? html`<p class="quiet">The newest ${SHOWN_MAX} of ${revisions.length}.</p>` : NOTHING}`;
}

interface RowOptions {
  readonly current: number;
  readonly now: number;
  readonly admin: boolean;
  readonly index: number;
}

function revisionRow(
  { number, at, author, comment, hash }: Revision,
  { current, now, admin, index }: RowOptions,
): Html {
  const present = number === current;
  const links = present
    ? still({ text: '● in force', tone: 'good' })
    : html`<a href="/configuration/diff?from=${number}&amp;to=${current}">to ${current}</a>${admin ? html` · <a href="/configuration/revisions/${number}/rollback">roll back to it</a>` : NOTHING}`;
  return html`<tr><td data-label="From"><label><span class="unseen">From revision ${number}</span><input type="radio" name="from" value="${number}"${when(index === 1, 'checked')}></label></td>
<td data-label="To"><label><span class="unseen">To revision ${number}</span><input type="radio" name="to" value="${number}"${when(index === 0, 'checked')}></label></td>
<td class="n" data-label="Revision"><a href="/configuration/revisions/${number}"><strong>${number}</strong></a></td>
<td data-label="When"><span><span class="mono">${absolute(at).slice(0, 19)}</span> <small>${time(at, now)}</small></span></td><td data-label="Who">${author}</td>
<td class="wide" data-label="Comment"><span class="value">${comment === '' ? '–' : comment}</span></td><td class="mono" data-label="Hash" title="${hash}">${hash.slice(0, HASH_SHOWN)}</td><td data-label=""><span>${links} · <a href="/configuration/revisions/${number}.yaml">file</a></span></td></tr>`;
}

function revisionBody({ now, query, identity }: PageContext, revision: RevisionText, current: number): Html {
  const { number, text } = revision;
  const address = `/configuration/revisions/${number}`;
  const ways =
    number === current
      ? html`<span>${still({ text: '● in force', tone: 'good' })}</span>`
      : html`<a class="button" href="/configuration/diff?from=${number}&amp;to=${current}">Differences to revision ${current}</a> ${isAllowed(identity.role, 'admin') ? html`<a class="button" href="${address}/rollback">Roll back to it</a>` : NOTHING}`;
  return html`<p><a href="/configuration/revisions">Revisions</a></p>
<section class="panel">${revisionFacts(revision, text, now)}</section>
<div class="actions">${ways} <a class="button" href="${address}.yaml">Save as a file</a></div>
<h2>Text</h2>
${windowView(text, lineOf(query.line), `Text of revision ${number}`, address)}`;
}

export function diffBody(before: RevisionText, after: RevisionText, now: number): Html {
  return html`<p><a href="/configuration/revisions">Revisions</a> · <a href="/configuration/diff?from=${after.number}&amp;to=${before.number}">the other way round</a></p>
<div class="panels"><section class="panel">${revisionFacts(before, undefined, now)}</section><section class="panel">${revisionFacts(after, undefined, now)}</section></div>
<h2>Differences</h2>
${diffView(diffTexts(before.text, after.text), { before: `revision ${before.number}`, after: `revision ${after.number}` })}`;
}

async function lookBack(context: PageContext): Promise<Outcome> {
  const { client } = context;
  const [present, target] = await Promise.all([presentText(client), textOf(client, context.params.revision)]);
  const title = `Roll back to revision ${target.number}`;
  if (present.hash === target.hash)
    return view(
      title,
      html`<p class="banner warn" role="status">Revision ${present.number}, which is in force, has the same text: there is nothing to roll back.</p><p><a href="/configuration/revisions">Revisions</a></p>`,
    );
  try {
    const query = { dry_run: '1', source: `revision ${target.number}` } as const;
    const reply = await client.call('apply', { body: target.text, query, ifMatch: present.number });
    return view(title, rollbackBody(context, present, target, reply));
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    return view(title, cannotGoBack(error, target), { status: 409 });
  }
}

export function rollbackBody(
  { csrf, now }: Pick<PageContext, 'csrf' | 'now'>,
  present: RevisionText,
  target: RevisionText,
  reply: ApplyReply,
): Html {
  const form = html`<form method="post" action="/configuration/rollback" class="actions"><input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="base" value="${present.number}"><input type="hidden" name="revision" value="${target.number}"><button class="danger">Roll back to revision ${target.number}</button> <a href="/configuration/revisions">Leave it</a></form>`;
  return html`<p>Revision ${target.number} would be in force again, as revision ${present.number + 1}. Nothing is forgotten: revision ${present.number} stays in the list. Nothing has been done yet.</p>
<section class="panel">${revisionFacts(target, undefined, now)}</section>
${restartNote(reply)}${planView(reply)}
<h2>Differences</h2>
${diffView(diffTexts(present.text, target.text), { before: `revision ${present.number} (in force)`, after: `revision ${target.number}` })}
${form}`;
}

function cannotGoBack(error: FairleadError, target: RevisionText): Html {
  const problems = error instanceof ControlError ? error.problem.problems : undefined;
  return html`<p class="banner bad" role="alert"><strong>▼ Revision ${target.number} cannot be in force again.</strong> ${error.message} ${error.remedy}</p>
${problems === undefined ? NOTHING : problemsView(target.text, problems, false)}
<p><a href="/configuration/revisions/${target.number}">Revision ${target.number}</a> · <a href="/configuration/revisions">Revisions</a></p>`;
}

async function rollBack(context: PageContext, outcomes: Outcomes): Promise<Outcome> {
  const { client, form, identity, now } = context;
  const { base, revision } = numbersOf(form);
  try {
    const reply = await client.call('rollback', { body: { revision }, ifMatch: base });
    const comment = `back to revision ${revision}`;
    return redirect(outcomes.keep({ reply, who: identity.user, comment, at: now, base }));
  } catch (error) {
    if (!(error instanceof FairleadError) || error.code !== 'stale') throw error;
    return redirect(`/configuration/revisions/${revision}/rollback`, {
      tone: 'bad',
      text: 'Nothing was done: another configuration came into force meanwhile.',
      remedy: 'Below are the differences to that one. Look again, then decide.',
    });
  }
}

function numbersOf({ base, revision }: Fields): { readonly base: number; readonly revision: number } {
  return { base: numberOf(base), revision: numberOf(revision) };
}
