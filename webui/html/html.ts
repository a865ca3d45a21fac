// HTML as a tagged template: whatever is put in is escaped unless it is HTML made here, so that a name from the network
// can never become markup. Values: text, numbers, HTML, lists of them; null, undefined and false are nothing.

const MARK: unique symbol = Symbol('html');

export interface Html {
  readonly [MARK]: true;
  readonly text: string;
}

export type Value = string | number | bigint | Html | null | undefined | false | readonly Value[];

export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  let text = strings[0]!;
  for (let index = 0; index < values.length; index++) text += toText(values[index]) + strings[index + 1]!;
  return { [MARK]: true, text };
}

/** Nothing, for branches. */
export const NOTHING: Html = html``;

function toText(value: Value): string {
  if (value === null || value === undefined || value === false) return '';
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (isList(value)) {
    let text = '';
    for (const each of value) text += toText(each);
    return text;
  }
  // Whatever the types were made to believe: what came from elsewhere is no markup.
  if (value[MARK] !== true) throw new TypeError('a page was given an object that is no HTML');
  return value.text;
}

function isList(value: Html | readonly Value[]): value is readonly Value[] {
  return Array.isArray(value);
}

const SPECIAL = /[&<>"'`]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** For text and for attribute values in quotes; attributes without quotes are never written. */
function escapeHtml(text: string): string {
  return SPECIAL.test(text) ? text.replace(SPECIAL, (character) => ESCAPES[character]!) : text;
}

/** Attributes that are there or not. */
export function when(
  condition: boolean,
  attribute: 'checked' | 'disabled' | 'selected' | 'hidden' | 'open' | 'required',
): Html {
  return condition ? { [MARK]: true, text: ` ${attribute}` } : NOTHING;
}
