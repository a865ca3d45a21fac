// Which events somebody wants to see. One meaning wherever it is asked: the store's SQL, its memory, a follower's own end.
// Case counts for nothing in `q`, for A to Z: that is what SQLite's lower() knows.

export interface EventFilter {
  /** Any of these. */
  readonly kinds?: readonly string[];
  /** As a whole, or up to a slash: `www` finds `www/rs1` too. */
  readonly subject?: string;
  /** In kind, subject or reason. */
  readonly q?: string;
  /** Wall clock, both ends included. */
  readonly from?: number;
  readonly to?: number;
}

export interface Filterable {
  readonly at: number;
  readonly kind: string;
  readonly subject: string;
  readonly reason: string;
}

export function matchesEvent(filter: EventFilter, event: Filterable): boolean {
  const { kinds, subject, q, from, to } = filter;
  if (kinds !== undefined && !kinds.includes(event.kind)) return false;
  if (subject !== undefined && event.subject !== subject && !event.subject.startsWith(`${subject}/`))
    return false;
  if (from !== undefined && event.at < from) return false;
  if (to !== undefined && event.at > to) return false;
  return q === undefined || holds(q, [event.kind, event.subject, event.reason]);
}

/** Whether one of the texts has it in it, whatever the case. */
export function holds(q: string, texts: readonly string[]): boolean {
  const wanted = lower(q);
  return texts.some((text) => lower(text).includes(wanted));
}

function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** `server-up,server-down` as the two; blanks and empty names are left out. */
export function kindsOf(list: string): string[] {
  return list
    .split(',')
    .map((kind) => kind.trim())
    .filter((kind) => kind !== '');
}
