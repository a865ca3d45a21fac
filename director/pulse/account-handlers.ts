// Routes about who may use console and API.

import type { LoginReply } from '../control/account-schema.ts';
import type { Handlers } from '../control/backend.ts';
import { FairleadError } from '../model/error.ts';
import type { Core } from './core.ts';

type AccountRoute =
  | ('users' | 'userCreate' | 'userPassword' | 'userRole' | 'userRemove' | 'ownPassword')
  | ('tokens' | 'tokenCreate' | 'tokenRevoke')
  | ('sessions' | 'sessionEnd' | 'login' | 'setup' | 'authenticate' | 'logout');

export function accountHandlers(core: Core): Pick<Handlers, AccountRoute> {
  const expires = core.clock.now() + 3_600_000;
  const admin: LoginReply = {
    ...{ session: 'stub', user: 'admin', role: 'admin', csrf: 'stub', expires, first_run: false },
  };
  const none = (): never => {
    throw new FairleadError('unknown-user', 'There are no accounts yet.');
  };
  return {
    users: () => ({ users: [], first_run: false }),
    userCreate: none,
    userPassword: none,
    userRole: none,
    userRemove: none,
    ownPassword: none,
    tokens: () => ({ tokens: [] }),
    tokenCreate: none,
    tokenRevoke: none,
    sessions: () => ({ sessions: [] }),
    sessionEnd: none,
    login: () => admin,
    setup: () => admin,
    authenticate: () => ({
      ...{
        kind: 'session',
        id: 'stub',
        user: 'admin',
        role: 'admin',
        csrf: 'stub',
        expires,
        first_run: false,
      },
    }),
    logout: () => ({ done: true }),
  };
}
