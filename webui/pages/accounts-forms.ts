// What forms about accounts have in common: roles, passwords typed twice, a tick before something ends, and what is said after.
import { type AccountRole, ROLES } from '../../director/control/account-schema.ts';
import { EXIT, FairleadError } from '../../director/model/error.ts';
import type { Fields, Flash } from '../page.ts';

export function roleOf({ role }: Fields): AccountRole {
  const found = ROLES.find((each) => each === role);
  if (found !== undefined) return found;
  throw new FairleadError('bad-request', 'No role was chosen.', {
    remedy: `Choose one of ${ROLES.join(', ')}.`,
    exit: EXIT.usage,
  });
}

/** Typed twice, as nobody sees it. */
export function newPassword({ password = '', again = '' }: Fields): string {
  if (password === again) return password;
  throw new FairleadError('weak-password', 'Nothing was changed: the two passwords differ.', {
    remedy: 'Type the same one twice.',
    exit: EXIT.usage,
  });
}

export function insistSure({ sure }: Fields, otherwise: string): void {
  if (sure === 'yes') return;
  throw new FairleadError('not-confirmed', `${otherwise}: it was not confirmed.`, {
    remedy: 'Tick the box and send the form again.',
    exit: EXIT.usage,
  });
}

export function done(text: string, stored: boolean): Flash {
  if (stored) return { tone: 'good', text };
  return {
    tone: 'warn',
    text: `${text} But the disk refused it: it holds until the director ends, and is stored as soon as the disk takes it.`,
  };
}
