// Accounts of a running director: over its store, with the one-time password while there is no user, and a sweep now and
// then of what is over.
import path from 'node:path';
import { Accounts } from '../accounts/accounts.ts';
import type { HasherOptions } from '../accounts/hasher.ts';
import { FIRST_RUN_NAME, Login } from '../accounts/login.ts';
import type { Clock } from '../model/clock.ts';
import type { Store } from '../store/store.ts';
import { openConsolePassword, removeConsolePassword } from './console-password.ts';
import { every } from './every.ts';
import type { RecordEvent } from './record-event.ts';

const PRODUCT = 'fairlead';
const SWEEP_MS = 60_000;

export interface AccountsParts {
  readonly clock: Clock;
  readonly store: Pick<Store, 'initial' | 'saveAccount' | 'traceAccount'>;
  readonly record: RecordEvent;
  readonly runtimeFolder: string;
  /** Of cluster and nodes, as they are now. */
  readonly names: () => readonly string[];
  readonly hasher?: HasherOptions;
}

export interface OpenedAccounts extends Disposable {
  readonly accounts: Accounts;
  readonly login: Login;
}

export function openAccounts(parts: AccountsParts): OpenedAccounts {
  const { clock, store, record, runtimeFolder } = parts;
  const accounts = new Accounts({
    clock,
    stored: store.initial.accounts,
    save: (write) => store.saveAccount(write),
    trace: (trace) => store.traceAccount(trace),
    places: () => [PRODUCT, ...parts.names()],
    ...(parts.hasher === undefined ? {} : { hasher: parts.hasher }),
  });
  if (accounts.isFirstRun) offerOneTimePassword(accounts, record, runtimeFolder);
  // Of a run that ended between the first account and the removal of the file.
  else removeConsolePassword(runtimeFolder);
  const sweeping = every(clock, SWEEP_MS, () => accounts.sweep());
  return {
    accounts,
    login: new Login(accounts, clock),
    [Symbol.dispose]: () => sweeping[Symbol.dispose](),
  };
}

function offerOneTimePassword(accounts: Accounts, record: RecordEvent, runtimeFolder: string): void {
  const { file, password, isNew, problem, end } = openConsolePassword(runtimeFolder);
  accounts.offerOneTimePassword({
    password,
    end() {
      end();
      record('console-claimed', 'director', 'the first account is there; the one-time password has ended');
    },
  });
  const how =
    problem === undefined
      ? `log in as ${FIRST_RUN_NAME} with what is in ${path.resolve(file)}, or use "fairlead user add"`
      : `the one-time password cannot be written to ${path.resolve(file)} (${problem}); use "fairlead user add"`;
  if (isNew) record('console-unclaimed', 'director', `nobody has an account yet: ${how}`);
}
