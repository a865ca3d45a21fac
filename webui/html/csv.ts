// Tables as CSV (RFC 4180). A field that a spreadsheet would take for a formula gets an apostrophe in front: names and
// reasons come from the network.

const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^-?\d+(\.\d+)?$/;

export function csv(
  head: readonly string[],
  rows: Iterable<readonly (string | number | undefined)[]>,
): string {
  let text = line(head);
  for (const row of rows) text += line(row);
  return text;
}

function line(fields: readonly (string | number | undefined)[]): string {
  return `${fields.map(fieldOf).join(',')}\r\n`;
}

function fieldOf(field: string | number | undefined): string {
  const given = field === undefined ? '' : String(field);
  const safe = FORMULA.test(given) && !NUMBER.test(given) ? `'${given}` : given;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
