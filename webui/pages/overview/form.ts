// What the forms of the overview send, read and held against limits. Pure; throws what a person can act upon.
import { EXIT, FairleadError } from '../../../director/model/error.ts';
import type { Fields } from '../../page.ts';

export interface Target {
  readonly service: string;
  readonly server: string;
}

export const TARGETS_MAX = 1_000;
const UNITS_MS = { seconds: 1_000, minutes: 60_000, hours: 3_600_000 } as const;
export type DeadlineUnit = keyof typeof UNITS_MS;
export const DEADLINE_UNITS = Object.keys(UNITS_MS) as DeadlineUnit[];
export const DEADLINE_MAX_MS = 7 * 86_400_000;

export function nameOf({ service, server }: Target): string {
  return `${service}/${server}`;
}

/** `www/rs1`, one a line; each once. */
export function readTargets(text: string | undefined): Target[] {
  const names = [...new Set((text ?? '').split('\n').filter((name) => name !== ''))];
  if (names.length === 0) throw refuse('No server was selected.', 'Tick the boxes of those that it is for.');
  if (names.length > TARGETS_MAX)
    throw refuse(
      `${names.length} servers are more than the ${TARGETS_MAX} that are taken at a time.`,
      'Select fewer.',
    );
  return names.map((name) => {
    const [service, server, ...rest] = name.split('/');
    if (!service || !server || rest.length > 0)
      throw refuse(`“${name.slice(0, 128)}” names no server.`, 'Load the page again.');
    return { service, server };
  });
}

/** For which revision the page was drawn. Without it nothing is done: nobody knows what was seen. */
export function readRevision({ revision }: Fields): number {
  if (revision !== undefined && /^\d{1,15}$/.test(revision)) return Number(revision);
  throw refuse('The form does not say which revision it was made for.', 'Load the page again.');
}

/** A path of ours. */
export function readBack({ back }: Fields): string {
  return back !== undefined && back.length <= 2_048 && /^\/(?![/\\])[\x21-\x7e]*$/.test(back) ? back : '/';
}

/** null: back to the configured one. */
export function readWeight({ weight }: Fields): number | null {
  const text = (weight ?? '').trim();
  if (text === 'default') return null;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw refuse(
    text === '' ? 'No weight was given.' : `“${text.slice(0, 64)}” is no weight.`,
    'Write 0 to 65535, or default.',
  );
}

export interface DrainTerms {
  readonly deadline_ms?: number;
  readonly at_deadline?: 'cut' | 'keep';
}

/** Without a number there is no deadline, and nothing that happens at it. */
export function readDrain({ deadline, unit, left }: Fields): DrainTerms {
  const text = (deadline ?? '').trim();
  if (text === '') {
    if (left === 'cut')
      throw refuse('Connections are cut at a deadline, and there is none.', 'Give a deadline.');
    return {};
  }
  const each = DEADLINE_UNITS.find((name) => name === unit);
  const deadline_ms =
    /^\d{1,7}$/.test(text) && each !== undefined ? Number(text) * UNITS_MS[each] : undefined;
  if (deadline_ms === undefined || deadline_ms > DEADLINE_MAX_MS)
    throw refuse(
      `“${text.slice(0, 64)} ${unit ?? ''}” is no deadline.`,
      'Write a whole number; 7 days at most.',
    );
  return { deadline_ms, at_deadline: left === 'cut' ? 'cut' : 'keep' };
}

function refuse(message: string, remedy: string): FairleadError {
  return new FairleadError('bad-request', message, { remedy, exit: EXIT.usage });
}
