// What browsers send, as plain text with limits: fields of forms and addresses. Whatever is not text is as if it were not
// there; nothing that was sent can become a key of an object that means something (no prototype).
import type { Request } from 'express';
import { EXIT, FairleadError } from '../../director/model/error.ts';
import type { Fields } from '../page.ts';

/** A configuration is the largest (director/config/parse.ts), and grows in a form's encoding. */
export const FORM_MAX_BYTES = 12 * 1024 * 1024;
const FIELDS_MAX = 5_000;

export function fieldsOf(given: unknown): Fields {
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  if (typeof given !== 'object' || given === null) return fields;
  for (const [key, value] of Object.entries(given as Record<string, unknown>).slice(0, FIELDS_MAX)) {
    if (typeof value === 'string') fields[key] = value;
    else if (Array.isArray(value)) fields[key] = value.filter((each) => typeof each === 'string').join('\n');
  }
  return fields;
}

/**
 * Browsers say where a form came from (Fetch Standard, 3.1). Another site's is refused, whatever else it knows; one that
 * says nothing is no browser of today, and the token in the form decides.
 */
export function sameOrigin(request: Request): void {
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const foreign = origin !== undefined && origin !== `https://${host}`;
  if (!foreign && (site === undefined || site === 'same-origin' || site === 'none')) return;
  throw new FairleadError('cross-origin', 'This form was sent by another site.', {
    remedy: 'Open the console itself and try again there.',
    exit: EXIT.refused,
  });
}

/** Shown in examples that people paste into a shell: nothing but a name or an address, and a port. */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

export function hostOf(given: string | undefined): string | undefined {
  return given !== undefined && HOST.test(given) ? given : undefined;
}
