// Pieces of a manual page, for groff's man macros: text with nothing in it that the macros would take as their own.

/** Plain text. Hyphens are minus signs and quotes straight ones, so that what is shown can be copied into a shell. */
export function plain(text: string): string {
  return text
    .replaceAll('\\', '\\(rs')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replace(/^(?=[.'])/gm, '\\&');
}

export function bold(text: string): string {
  return `\\fB${plain(text)}\\fR`;
}

/** An argument of a macro: one word, whatever is in it. */
function word(text: string): string {
  return `"${plain(text).replaceAll('"', '\\(dq')}"`;
}

export function title(
  name: string,
  section: number,
  about: { readonly version: string; readonly time_s: number },
): string {
  const day = new Date(about.time_s * 1000).toISOString().slice(0, 10);
  return `.TH ${word(name.toUpperCase())} ${section} ${word(day)} ${word(`Fairlead ${about.version}`)}\n`;
}

export function heading(text: string): string {
  return `.SH ${word(text.toUpperCase())}\n`;
}

export function subheading(text: string): string {
  return `.SS ${word(text)}\n`;
}

/** `text` is marked up already. */
export function paragraph(text: string): string {
  return `.PP\n${text}\n`;
}

/** A term and what is said of it; both marked up already. */
export function entry(term: string, text: string): string {
  return `.TP\n${term}\n${text === '' ? '\\&' : text}\n`;
}

/** Lines as they are. */
export function verbatim(text: string): string {
  return `.PP\n.in +4n\n.EX\n${plain(text.trimEnd())}\n.EE\n.in\n`;
}
