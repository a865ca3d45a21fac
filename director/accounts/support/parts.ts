// Accounts for tests: hashing at its cheapest, a clock that the test turns, and writes that are kept instead of stored.
import type { AccountTrace, AccountWrite, StoredAccounts } from '../../model/account.ts';
import type { Clock } from '../../model/clock.ts';
import { FairleadError } from '../../model/error.ts';
import { Accounts, type OneTime } from '../accounts.ts';
import type { HasherOptions } from '../hasher.ts';
import { Login } from '../login.ts';

export const CHEAP = { ln: 4, r: 1, p: 1 } as const;
export const GOOD = 'seven green kettles hum';
export const BETTER = 'nine blue anvils whistle';
export const NOBODY: StoredAccounts = { users: [], tokens: [], sessions: [] };
export const FROM = { from: '192.0.2.7', agent: 'Firefox' };

export interface Parts {
  readonly accounts: Accounts;
  readonly login: Login;
  readonly writes: AccountWrite[];
  readonly traces: AccountTrace[];
  readonly clock: { now: number };
  ended(): number;
}

export const ONE_TIME = 'f7kd-x2mp-qr9t-abcd';

export function open(
  stored: StoredAccounts = NOBODY,
  options: { hasher?: HasherOptions; save?: () => Promise<boolean> } = {},
): Parts {
  const time = { now: 1_700_000_000_000 };
  const clock: Clock = {
    now: () => time.now,
    monotonic_ms: () => time.now,
    after: () => ({ [Symbol.dispose]() {} }),
  };
  const writes: AccountWrite[] = [];
  const traces: AccountTrace[] = [];
  const accounts = new Accounts({
    clock,
    stored,
    save: async (write) => {
      writes.push(write);
      return options.save?.() ?? true;
    },
    trace: (trace) => void traces.push(trace),
    places: () => ['fairlead', 'web', 'lb1', 'lb2'],
    hasher: { cost: CHEAP, ...options.hasher },
  });
  let ended = 0;
  const oneTime: OneTime = { password: ONE_TIME, end: () => void ended++ };
  if (accounts.isFirstRun) accounts.offerOneTimePassword(oneTime);
  return { accounts, login: new Login(accounts, clock), writes, traces, clock: time, ended: () => ended };
}

/** With ann, an admin, and bob, an operator. */
export async function openWithUsers(options: Parameters<typeof open>[1] = {}): Promise<Parts> {
  const parts = open(NOBODY, options);
  await parts.accounts.createUser({ name: 'ann', role: 'admin', password: GOOD }, 'root');
  await parts.accounts.createUser({ name: 'bob', role: 'operator', password: BETTER }, 'ann');
  return parts;
}

/** How it ends: `none`, or the error's code. */
export const code = (work: () => unknown): Promise<string> =>
  new Promise((resolve) => resolve(work())).then(
    () => 'none',
    (error: unknown) => (error instanceof FairleadError ? error.code : String(error)),
  );

/** What a restart finds, by what was written before it. */
export function kept({ accounts }: Pick<Parts, 'accounts'>): StoredAccounts {
  const { book } = accounts;
  return structuredClone({ users: book.users(), tokens: book.tokens(), sessions: book.sessions() });
}
