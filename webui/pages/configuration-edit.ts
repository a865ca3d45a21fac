// Changing the configuration: write, validate, look at the differences, apply. Every step carries the text and the
// revision that it began from, so that nothing is lost on the way and nobody else's change is overwritten unseen.
import { type AccountRole, isAllowed } from '../../director/control/account-schema.ts';
import { ControlError } from '../../director/control/client.ts';
import { toProblem } from '../../director/control/problem.ts';
import type { ApplyReply } from '../../director/control/schema.ts';
import { FairleadError } from '../../director/model/error.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import type { Outcome, Page, PageContext } from '../page.ts';
import { redirect, view } from '../page.ts';
import { diffTexts } from '../text/hunks.ts';
import { diffView } from '../text/text-view.ts';
import { COMMENT_MAX_LENGTH, carried, type Draft, draftOf } from './configuration-draft.ts';
import { type Outcomes, planView, restartNote } from './configuration-outcome.ts';
import { staleView } from './configuration-stale.ts';
import { presentText, textOf } from './configuration-text.ts';
import { keyReference, problemsView } from './configuration-view.ts';

const SOURCE = 'your text';

export function editPages(outcomes: Outcomes): readonly Page[] {
  return [
    {
      method: 'get',
      path: '/configuration/edit',
      role: 'operator',
      async handle(context) {
        const { number, text } = await presentText(context.client);
        return editorView(context, { text, base: number, comment: '' });
      },
    },
    {
      method: 'post',
      path: '/configuration/edit',
      role: 'operator',
      handle: (context) => editorView(context, draftOf(context.form)),
    },
    ...['check', 'apply'].map(toBeginning),
    {
      method: 'post',
      path: '/configuration/check',
      role: 'viewer',
      acts: 'check',
      handle: (context) => keepingText(context, (draft) => check(context, draft)),
    },
    {
      method: 'post',
      path: '/configuration/diff',
      role: 'admin',
      acts: 'apply',
      handle: (context) => keepingText(context, (draft) => review(context, draft)),
    },
    {
      method: 'post',
      path: '/configuration/apply',
      role: 'admin',
      acts: 'apply',
      handle: (context) => keepingText(context, (draft) => apply(context, draft, outcomes)),
    },
  ];
}

/** The address of a step, loaded without its form: by a reload, or after the colours were set. */
function toBeginning(step: string): Page {
  const path = `/configuration/${step}`;
  return { method: 'get', path, role: 'operator', handle: () => redirect('/configuration/edit') };
}

/** Whatever is refused, the text stays on the page. */
async function keepingText(context: PageContext, act: (draft: Draft) => Promise<Outcome>): Promise<Outcome> {
  const draft = draftOf(context.form);
  try {
    return await act(draft);
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    if (error.code === 'stale') return staleView(context, draft);
    const problems = error instanceof ControlError ? error.problem.problems : undefined;
    const { status } = toProblem(error);
    const said = html`<p class="banner bad" role="alert"><strong>▼ Nothing was applied.</strong> ${error.message} ${error.remedy}</p>${problems === undefined ? NOTHING : problemsView(draft.text, problems, false)}`;
    return editorView(context, draft, { said, status });
  }
}

async function check(context: PageContext, draft: Draft): Promise<Outcome> {
  const { ok, problems } = await context.client.call('check', { body: draft.text });
  return editorView(context, draft, { said: checkedBody(draft.text, ok, problems), title: 'Validated' });
}

export function checkedBody(text: string, ok: boolean, problems: Parameters<typeof problemsView>[1]): Html {
  const count = problems.length;
  const verdict = ok
    ? count === 0
      ? html`<p class="banner good" role="status"><strong>▲ The text is valid.</strong></p>`
      : html`<p class="banner warn" role="status"><strong>◆ The text is valid, with ${count === 1 ? 'a warning' : `${count} warnings`}.</strong></p>`
    : html`<p class="banner bad" role="alert"><strong>▼ The text cannot be taken: ${count === 1 ? 'one problem' : `${count} problems`}.</strong></p>`;
  return html`${verdict}${count === 0 ? NOTHING : problemsView(text, problems, ok)}`;
}

async function review(context: PageContext, draft: Draft): Promise<Outcome> {
  const { client } = context;
  const [reply, base] = await Promise.all([
    client.call('apply', { body: draft.text, query: { dry_run: '1', source: SOURCE }, ifMatch: draft.base }),
    textOf(client, String(draft.base)),
  ]);
  return view('Review the changes', reviewBody(context, draft, base.text, reply), {
    scripts: ['configuration'],
  });
}

export function reviewBody(
  { csrf }: Pick<PageContext, 'csrf'>,
  draft: Draft,
  present: string,
  reply: ApplyReply,
): Html {
  const { base, comment } = draft;
  if (!reply.changed)
    return html`<p class="banner warn" role="status">The text is the one that is in force, revision ${base}, to the letter: there is nothing to apply.</p>
<form method="post" action="/configuration/edit" class="row">${carried(csrf, draft)}<button class="main">Edit further</button> <a href="/configuration">Configuration</a></form>`;
  return html`<p>Against revision ${base}, which is in force. Nothing has been applied yet.</p>
${restartNote(reply)}${planView(reply)}
<h2>Differences</h2>
${diffView(diffTexts(present, draft.text), { before: `revision ${base}`, after: 'your text' })}
<form method="post" action="/configuration/apply" class="fields apply">${carried(csrf, draft)}
<label class="field">Comment: why, for those who look back <input name="comment" value="${comment}" maxlength="${COMMENT_MAX_LENGTH}" autocomplete="off"></label>
<div class="actions"><button class="main">Apply as revision ${base + 1}</button> <button formaction="/configuration/edit">Edit further</button> <a href="/configuration">Leave it</a></div></form>`;
}

async function apply(context: PageContext, draft: Draft, outcomes: Outcomes): Promise<Outcome> {
  const { text, base, comment } = draft;
  const reply = await context.client.call('apply', {
    body: text,
    query: { comment, source: SOURCE },
    ifMatch: base,
  });
  return redirect(outcomes.keep({ reply, who: context.identity.user, comment, at: context.now, base }));
}

interface EditorMore {
  readonly said?: Html;
  readonly title?: string;
  readonly status?: number;
}

function editorView(context: PageContext, draft: Draft, more: EditorMore = {}): Outcome {
  const { said = NOTHING, title = 'Edit the configuration', status = 200 } = more;
  const { csrf, identity } = context;
  return view(title, html`${said}${editorForm(csrf, identity.role, draft)}${keyReference()}`, {
    status,
    scripts: ['configuration'],
  });
}

/** A text area begins with a line end that HTML leaves out, so that a text may begin with one. */
export function editorForm(csrf: string, role: AccountRole, { text, base, comment }: Draft): Html {
  const admin = isAllowed(role, 'admin');
  const validate = html`<button formaction="/configuration/check"${admin ? NOTHING : html` class="main"`}>Validate</button>`;
  return html`<form method="post" action="${admin ? '/configuration/diff' : '/configuration/check'}" class="editor" id="editor">
<input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="base" value="${base}"><input type="hidden" name="comment" value="${comment}">
<div class="row"><label for="text">The text (YAML), begun from revision ${base}</label> <span class="quiet" id="place"></span>
<label class="files" id="upload" hidden>or read a file <input type="file" accept=".yaml,.yml,text/*"></label></div>
<textarea class="code" name="text" id="text" rows="30" spellcheck="false" autocapitalize="off" autocomplete="off" wrap="off">
${text}</textarea>
<p class="banner bad" id="upload-trouble" role="alert" hidden></p>
<div class="actions">${admin ? html`<button class="main">Review the changes</button> ${validate}` : validate} <a href="/configuration">Leave it</a>
<span class="quiet">${admin ? 'Nothing is applied before you have seen the differences.' : 'Applying takes the role admin.'}</span></div></form>`;
}
