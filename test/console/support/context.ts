// What a page is called with, made up around a picture: for view functions that need no director.
import type { AccountRole } from '../../../director/control/account-schema.ts';
import type { ControlClient } from '../../../director/control/client.ts';
import type { Mirror, Picture, Trouble } from '../../../webui/mirror/mirror.ts';
import type { Fields, PageContext } from '../../../webui/page.ts';

export interface ContextOptions {
  readonly role?: AccountRole;
  readonly query?: Fields;
  readonly trouble?: Trouble;
  /** Answers of routes by their names. */
  readonly replies?: Readonly<Record<string, unknown>>;
}

export function contextOf(picture: Picture | undefined, options: ContextOptions = {}): PageContext {
  const { role = 'admin', query = {}, trouble, replies = {} } = options;
  const client = {
    call: async (name: string) => {
      if (name in replies) return replies[name];
      throw new Error(`nobody expected ${name} to be asked`);
    },
  } as unknown as ControlClient;
  const mirror: Mirror = {
    picture: () => picture,
    trouble: () => trouble,
    learn: () => {},
    follow: () => ({ [Symbol.dispose]() {} }),
    [Symbol.asyncDispose]: async () => {},
  };
  return {
    identity: {
      kind: 'session',
      id: 's1',
      user: 'alice',
      role,
      csrf: 'secret',
      expires: 0,
      first_run: false,
    },
    client,
    glance: client,
    picture,
    trouble,
    mirror,
    now: picture?.at ?? 0,
    path: '/',
    params: {},
    query,
    form: {},
    csrf: 'masked',
    console: { version: '0.1.0', started: 0, certificate: () => undefined, followers: () => 0 },
  };
}
