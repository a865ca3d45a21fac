// When somebody else was faster: what they changed, your text as you wrote it, and a way to put it on top of theirs. Nothing
// is applied here and nothing is lost.
import type { Revision } from '../../director/control/schema.ts';
import { FairleadError } from '../../director/model/error.ts';
import { absolute, counted, time } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { type Outcome, type PageContext, view } from '../page.ts';
import { diffTexts } from '../text/hunks.ts';
import { linesOf } from '../text/line-edits.ts';
import { type Merged, mergeTexts } from '../text/merge.ts';
import { diffView } from '../text/text-view.ts';
import { carried, type Draft } from './configuration-draft.ts';
import { presentText, type RevisionText, textOf } from './configuration-text.ts';

const STATUS = 412;
const BETWEEN_MAX = 20;

export async function staleView(context: PageContext, draft: Draft): Promise<Outcome> {
  const { client, csrf, now } = context;
  const present = await presentText(client);
  const { revisions } = await client.call('revisions');
  const between = revisions.filter(({ number }) => number > draft.base && number <= present.number);
  const base = await keptText(context, draft.base);
  const body = staleBody({ csrf, now, draft, base, present, between });
  return view('Somebody else was faster', body, { status: STATUS, scripts: ['configuration'] });
}

/** Revisions are not kept for ever. */
async function keptText({ client }: PageContext, number: number): Promise<string | undefined> {
  try {
    return (await textOf(client, String(number))).text;
  } catch (error) {
    if (error instanceof FairleadError && error.code === 'unknown-revision') return undefined;
    throw error;
  }
}

export interface Stale {
  readonly csrf: string;
  readonly now: number;
  readonly draft: Draft;
  /** Text that the edit began from; undefined: no longer kept. */
  readonly base: string | undefined;
  readonly present: RevisionText;
  /** Those that came into force since. */
  readonly between: readonly Revision[];
}

export function staleBody({ csrf, now, draft, base, present, between }: Stale): Html {
  const behind = present.number <= draft.base;
  return html`<p class="banner bad" role="alert"><strong>▼ Nothing was applied.</strong> ${
    behind
      ? 'The active director has a newer configuration, which has not come here yet. Your text is below; send it again in a moment.'
      : html`You began from revision ${draft.base}; revision ${present.number} is in force by now. Your text is below, as you wrote it.`
  }</p>
${behind ? NOTHING : html`<h2>1. What changed meanwhile</h2>${changersOf(between, now)}${base === undefined ? html`<p class="quiet">Revision ${draft.base} is no longer kept, so nobody can say what is different.</p>` : diffView(diffTexts(base, present.text), { before: `revision ${draft.base}`, after: `revision ${present.number}` })}`}
<h2>${behind ? 'Your text' : '2. Your text'}</h2>
${base === undefined ? html`<p>${counted(linesOf(draft.text).length, 'line')}, kept in full.</p>` : html`<details open><summary>What you changed</summary>${diffView(diffTexts(base, draft.text), { before: `revision ${draft.base}`, after: 'your text' })}</details>`}
<details><summary>The whole text</summary><textarea class="code" readonly rows="20" wrap="off" aria-label="Your text">
${draft.text}</textarea></details>
${behind ? again(csrf, draft) : html`<h2>3. Go on</h2>${goOn(csrf, draft, present, base === undefined ? undefined : mergeTexts(base, draft.text, present.text))}`}`;
}

function changersOf(between: readonly Revision[], now: number): Html {
  return html`<ul>${between.slice(-BETWEEN_MAX).map(({ number, author, at, comment }) => html`<li><strong>Revision ${number}</strong> by ${author}, ${time(at, now)} (${absolute(at)})${comment === '' ? html`, <span class="quiet">without a comment</span>` : html`: ${comment}`}</li>`)}</ul>`;
}

function again(csrf: string, draft: Draft): Html {
  return html`<form method="post" action="/configuration/diff" class="actions">${carried(csrf, draft)}<input type="hidden" name="comment" value="${draft.comment}"><button class="main">Try again</button></form>`;
}

function goOn(csrf: string, draft: Draft, present: RevisionText, merged: Merged | undefined): Html {
  const own = form(
    csrf,
    { ...draft, base: present.number },
    `Edit my text against revision ${present.number}`,
    false,
  );
  const warning = html`<p class="fine">Taken as it is, your text would undo what changed meanwhile; the review shows that, line by line, before anything is applied.</p>`;
  if (merged !== undefined && 'text' in merged)
    return html`<p>Your changes and theirs are in different places: they fit together.</p>
${form(csrf, { ...draft, text: merged.text, base: present.number }, `Put my changes on top of revision ${present.number}`, true)}
<p class="fine">It opens in the editor, and is reviewed again before it is applied.</p>
<details><summary>Or without theirs</summary>${warning}${own}</details>`;
  const places =
    merged === undefined || merged.coarse
      ? html`<p>The two cannot be put together by the console: they differ too much, or what they began from is no longer kept.</p>`
      : html`<p>Both of you changed the same place: of revision ${draft.base}, ${merged.clashes.map(({ from_line, to_line }, index) => `${index > 0 ? '; ' : ''}${from_line === to_line ? `line ${from_line}` : `lines ${from_line} to ${to_line}`}`)}. Only you can say what is meant there.</p>`;
  return html`${places}${warning}${own}`;
}

function form(csrf: string, draft: Draft, label: string, main: boolean): Html {
  return html`<form method="post" action="/configuration/edit" class="actions">${carried(csrf, draft)}<input type="hidden" name="comment" value="${draft.comment}"><button${main ? html` class="main"` : NOTHING}>${label}</button></form>`;
}
