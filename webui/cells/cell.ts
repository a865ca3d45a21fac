// A cell: one piece of a page that changes while somebody looks. The server draws it with the page and tells the browser
// its new text, tone and hint by its key, so that what is shown first and what is shown later come from one place.
import { type Html, html } from '../html/html.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'quiet';

export interface Cell {
  /** Says by itself what the tone says too: colour is never alone. */
  readonly text: string;
  readonly tone?: Tone | undefined;
  /** On hover. */
  readonly title?: string | undefined;
}

/** Key within its subject -> cell. */
export type Cells = Readonly<Record<string, Cell>>;

/** `subject.key`: a subject is `director`, a service, or `service/server`. */
export function cell(subject: string, key: string, cells: Cells): Html {
  const { text, tone, title } = cells[key] ?? { text: '' };
  return html`<span class="${classOf(tone)}" data-live="${subject}.${key}"${hint(title)}>${text}</span>`;
}

/** The same for what does not change. */
export function still({ text, tone, title }: Cell): Html {
  return html`<span class="${classOf(tone)}"${hint(title)}>${text}</span>`;
}

function classOf(tone: Tone | undefined): string {
  return tone === undefined ? 'cell' : `cell ${tone}`;
}

function hint(title: string | undefined): Html | undefined {
  return title === undefined || title === '' ? undefined : html` title="${title}"`;
}

/** As it is sent: [text, tone, title], as short as it gets. */
export function encodeCell({ text, tone, title }: Cell): string {
  if (title !== undefined && title !== '') return JSON.stringify([text, tone ?? '', title]);
  return tone === undefined ? JSON.stringify([text]) : JSON.stringify([text, tone]);
}
