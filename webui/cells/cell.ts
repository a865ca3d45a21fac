// A cell: one piece of a page that changes while somebody looks. The server draws it with the page and tells the browser
// its new text, tone, hint and time by its key, so that what is shown first and what is shown later come from one place.
import { absolute, time } from '../html/format.ts';
import { type Html, html } from '../html/html.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'quiet';

export interface Cell {
  /** Says by itself what the tone says too: colour is never alone. */
  readonly text: string;
  readonly tone?: Tone | undefined;
  /** On hover. */
  readonly title?: string | undefined;
  /** A time that belongs to it, told after the text as how long ago that was. */
  readonly at?: number | undefined;
}

/** Key within its subject -> cell. */
export type Cells = Readonly<Record<string, Cell>>;

/** The key whose cell is no text but the classes of the subject's row, which live.ts keeps going too. */
export const ROW = 'row';

/** `subject.key`: a subject is `director`, a service, or `service/server`. */
export function cell(subject: string, key: string, cells: Cells, now?: number): Html {
  const { text, tone, title, at } = cells[key] ?? { text: '' };
  return html`<span class="${classOf(tone)}" data-live="${subject}.${key}"${hint(title)}>${text}${timeOf(at, now)}</span>`;
}

/** The same for what does not change. */
export function still({ text, tone, title, at }: Cell, now?: number): Html {
  return html`<span class="${classOf(tone)}"${hint(title)}>${text}${timeOf(at, now)}</span>`;
}

/** Where live.ts finds the row of a subject. */
export function rowId(subject: string): string {
  return `row:${subject}`;
}

function timeOf(at: number | undefined, now: number | undefined): Html | undefined {
  if (at === undefined) return undefined;
  return now === undefined ? html` ${absolute(at)}` : html` ${time(at, now)}`;
}

function classOf(tone: Tone | undefined): string {
  return tone === undefined ? 'cell' : `cell ${tone}`;
}

function hint(title: string | undefined): Html | undefined {
  return title === undefined || title === '' ? undefined : html` title="${title}"`;
}

export function isSameCell(one: Cell, other: Cell): boolean {
  return (
    one.text === other.text && one.tone === other.tone && one.title === other.title && one.at === other.at
  );
}

/** As it is sent: [text, tone, title, at], as short as it gets. */
export function encodeCell({ text, tone, title, at }: Cell): string {
  if (at !== undefined) return JSON.stringify([text, tone ?? '', title ?? '', at]);
  if (title !== undefined && title !== '') return JSON.stringify([text, tone ?? '', title]);
  return tone === undefined ? JSON.stringify([text]) : JSON.stringify([text, tone]);
}
