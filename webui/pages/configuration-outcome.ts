// What an apply or a rollback came to: the revision, what was done to the engine, and what the engine refused, with reasons.
import { randomBytes } from 'node:crypto';
import type { ApplyReply } from '../../director/control/schema.ts';
import { still } from '../cells/cell.ts';
import { absolute, counted, time } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { type Page, view } from '../page.ts';

export interface KeptApply {
  readonly reply: ApplyReply;
  readonly who: string;
  readonly comment: string;
  readonly at: number;
  /** In force before it. */
  readonly base: number;
}

const OUTCOMES_MAX = 64;
const LISTED_MAX = 200;

/** For the page after the change; lost with the process, which is harmless: revisions, events and audit have it all. */
export interface Outcomes {
  keep(kept: KeptApply): string;
  find(key: string): KeptApply | undefined;
}

export function createOutcomes(): Outcomes {
  const outcomes = new Map<string, KeptApply>();
  return {
    keep(kept) {
      const key = randomBytes(9).toString('base64url');
      outcomes.set(key, kept);
      const oldest = outcomes.keys().next().value;
      if (outcomes.size > OUTCOMES_MAX && oldest !== undefined) outcomes.delete(oldest);
      return `/configuration/applied/${key}`;
    },
    find: (key) => outcomes.get(key),
  };
}

export function outcomePage(outcomes: Outcomes): Page {
  return {
    method: 'get',
    path: '/configuration/applied/:outcome',
    role: 'operator',
    handle({ params, now }) {
      const kept = outcomes.find(params.outcome ?? '');
      if (kept === undefined)
        return view(
          'Applied',
          html`<p>This console no longer has the outcome of that change. <a href="/configuration/revisions">The revisions have it</a>, and so do <a href="/events?kind=applied">the events</a>.</p>`,
        );
      return view(
        kept.reply.failed.length > 0 ? 'Applied, but not everywhere' : 'Applied',
        outcomeBody(kept, now),
      );
    },
  };
}

export function outcomeBody({ reply, who, comment, at, base }: KeptApply, now: number): Html {
  const { revision, stored, failed, changed } = reply;
  return html`${
    failed.length > 0
      ? html`<div class="banner bad" role="alert"><strong>▼ Revision ${revision} is in force, but the engine refused what ${counted(failed.length, 'service')} takes.</strong> It is tried again by itself; until then these services go on as they were.
<ul>${failed.slice(0, LISTED_MAX).map(({ service, code, detail }) => html`<li><a href="/services/${encodeURIComponent(service)}">${service}</a>: ${detail} <code>${code}</code></li>`)}</ul></div>`
      : html`<p class="banner good" role="status"><strong>▲ Revision ${revision} is in force</strong>${changed ? '.' : ': the text is the same as before.'}</p>`
  }
${stored ? NOTHING : html`<p class="banner warn" role="alert">◆ The disk refused it: it holds until the director ends, and is stored as soon as the disk takes it.</p>`}
${restartNote(reply)}
<p>By ${who}, ${time(at, now)} (${absolute(at)})${comment === '' ? '' : html`: ${comment}`}.</p>
${changed ? html`<p><a href="/configuration/diff?from=${base}&amp;to=${revision}">Differences from revision ${base}</a></p>` : NOTHING}
${planView(reply, ['What changed', 'What was done to the engine'])}
<p><a href="/configuration">Configuration</a> · <a href="/configuration/revisions">Revisions</a> · <a href="/">Overview</a></p>`;
}

export function restartNote({ needs_restart }: Pick<ApplyReply, 'needs_restart'>): Html {
  if (needs_restart.length === 0) return NOTHING;
  return html`<div class="banner warn" role="status"><strong>◆ Only a restart of the director brings:</strong>${listOf(needs_restart)}</div>`;
}

const PLANNED = ['What changes', 'What is done to the engine'] as const;

/** Changes in words, and what they take. */
export function planView(
  { changes, steps, warnings }: ApplyReply,
  titles: readonly [changes: string, steps: string] = PLANNED,
): Html {
  return html`${warnings.length === 0 ? NOTHING : html`<div class="banner warn" role="status"><strong>◆ ${counted(warnings.length, 'warning')}</strong>${listOf(warnings)}</div>`}
<div class="panels plan"><section class="panel"><h2>${titles[0]}</h2>${changes.length === 0 ? html`<p class="quiet">Nothing that means anything: at most comments and layout.</p>` : listOf(changes)}</section>
<section class="panel"><h2>${titles[1]}</h2>${steps.length === 0 ? html`<p>${still({ text: 'Nothing: the engine stays as it is.', tone: 'quiet' })}</p>` : listOf(steps)}</section></div>`;
}

function listOf(sentences: readonly string[]): Html {
  const rest = sentences.length - LISTED_MAX;
  return html`<ul>${sentences.slice(0, LISTED_MAX).map((each) => html`<li>${each}</li>`)}${rest > 0 ? html`<li class="quiet">and ${rest} more</li>` : NOTHING}</ul>`;
}
