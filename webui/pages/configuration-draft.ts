// A text on its way to being the configuration: what it says, and the revision that it began from. Forms carry both from
// step to step.
import { type Html, html } from '../html/html.ts';
import type { Fields } from '../page.ts';
import { textOfForm } from '../text/line-edits.ts';

export const COMMENT_MAX_LENGTH = 500;

export interface Draft {
  readonly text: string;
  /** Revision that the edit began from. */
  readonly base: number;
  readonly comment: string;
}

export function draftOf(form: Fields): Draft {
  const { text = '', base = '', comment = '' } = form;
  return {
    text: textOfForm(text),
    base: /^\d{1,15}$/.test(base) ? Number(base) : 0,
    comment: comment.trim().slice(0, COMMENT_MAX_LENGTH),
  };
}

/** The text and where it began, from step to step. */
export function carried(csrf: string, { text, base }: Pick<Draft, 'text' | 'base'>): Html {
  return html`<input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="base" value="${base}"><textarea name="text" hidden readonly aria-hidden="true">
${text}</textarea>`;
}
