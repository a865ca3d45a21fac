// Commands about who may use console and API: user, token, session. Passwords come from the terminal or by standard
// input, never as an argument, where everybody on the machine could read them.
import {
  type AccountRole,
  isAllowed,
  ROLES,
  type Session,
  type Token,
  type User,
} from '../../control/account-schema.ts';
import { EXIT, type ExitCode } from '../../model/error.ts';
import { type Actions, actionArgument, actionDetails, runAction } from '../actions.ts';
import type { Command, CommandContext, OptionSpec } from '../command.ts';
import { flag, text } from '../command.ts';
import { usage } from '../parse.ts';
import { readNewPassword } from '../password-input.ts';
import { clockTime } from '../show.ts';
import { type Cell, plain } from '../table.ts';
import { print, READ_OPTIONS, table, wholeNumber } from './common.ts';

const ROLE_OPTION: OptionSpec = {
  type: 'string',
  value: 'ROLE',
  help: `What it may: ${ROLES.join(', ')}`,
  complete: ROLES,
};

const USER_ACTIONS: Actions = {
  list: {
    summary: 'All users',
    arguments: [],
    run: async (context) =>
      print(context, await context.client.call('users'), ({ users, first_run }) =>
        first_run
          ? 'There is no user yet. The one-time password is in the runtime folder, in console-password.\n'
          : listUsers(context, users),
      ),
  },
  add: {
    summary: 'A new user; needs --role',
    arguments: ['NAME'],
    options: ['role', 'password-stdin'],
    run: async (context, [name = '']) => {
      const role = roleOption(context);
      const password = await newPassword(context);
      const reply = await context.client.call('userCreate', { body: { name, role, password } });
      return done(context, reply, `user ${name} is ${role}`);
    },
  },
  password: {
    summary: 'Another password; ends the user’s sessions',
    arguments: ['NAME'],
    options: ['password-stdin'],
    run: async (context, [name = '']) => {
      const body = { password: await newPassword(context) };
      const reply = await context.client.call('userPassword', { params: { user: name }, body });
      return done(context, reply, `user ${name} has another password`);
    },
  },
  role: {
    summary: 'Another role, also for sessions that are open',
    arguments: ['NAME', 'ROLE'],
    run: async (context, [name = '', role = '']) => {
      const body = { role: parseRole(role) };
      const reply = await context.client.call('userRole', { params: { user: name }, body });
      return done(context, reply, `user ${name} is ${role}`);
    },
  },
  remove: {
    summary: 'Ends a user and the user’s sessions; never the last admin',
    arguments: ['NAME'],
    run: async (context, [name = '']) => {
      const reply = await context.client.call('userRemove', { params: { user: name } });
      const { tokens } = await context.client.call('tokens');
      const left = tokens.filter((token) => token.created_by === name).map((token) => token.name);
      if (left.length > 0)
        context.terminal.err(
          `warning: tokens that ${name} made go on: ${left.join(', ')}; see "fairlead token list".\n`,
        );
      return done(context, reply, `user ${name} is removed`);
    },
  },
};

export const user: Command = {
  name: 'user',
  summary: 'Users of console and API: list, add, password, role, remove',
  arguments: [
    actionArgument(USER_ACTIONS),
    { name: 'NAME', help: 'a user', optional: true },
    { name: 'ROLE', help: ROLES.join(', '), optional: true, complete: ROLES },
  ],
  options: {
    role: ROLE_OPTION,
    'password-stdin': {
      type: 'boolean',
      help: 'Read the password from standard input, one line, where there is no terminal',
    },
    ...READ_OPTIONS,
  },
  details: [
    actionDetails(USER_ACTIONS),
    '',
    'A viewer looks, an operator gives orders, an admin changes configuration and accounts. The first user must be an admin.',
  ].join('\n'),
  examples: [
    'fairlead user list',
    'fairlead user add ann --role admin',
    'fairlead user password ann',
    'fairlead user role bob operator',
  ],
  run: runAction('user', USER_ACTIONS, READ_OPTIONS),
};

const TOKEN_ACTIONS: Actions = {
  list: {
    summary: 'All tokens, without their secrets',
    arguments: [],
    run: async (context) =>
      print(context, await context.client.call('tokens'), ({ tokens }) => listTokens(context, tokens)),
  },
  create: {
    summary: 'A new token; needs --role; its secret is shown this once',
    arguments: ['NAME'],
    options: ['role', 'expires-days'],
    run: async (context, [name = '']) => {
      const role = roleOption(context);
      const days = wholeNumber(context, 'expires-days', 1, 3_650);
      const body = { name, role, ...(days === undefined ? {} : { expires_days: days }) };
      const reply = await context.client.call('tokenCreate', { body });
      warnUnlessStored(context, reply.stored);
      if (flag(context.values, 'json')) return print(context, reply, () => '');
      const end = reply.token.expires === undefined ? '' : `, until ${clockTime(reply.token.expires)}`;
      context.terminal.err(
        `token ${reply.token.name} is ${role}${end}; its id is ${reply.token.id}. The secret is shown this once:\n`,
      );
      context.terminal.out(`${plain(reply.secret)}\n`);
      return EXIT.ok;
    },
  },
  revoke: {
    summary: 'Ends a token at once',
    arguments: ['ID'],
    run: async (context, [id = '']) => {
      const reply = await context.client.call('tokenRevoke', { params: { token: id } });
      return done(context, reply, `token ${id} is revoked`);
    },
  },
};

export const token: Command = {
  name: 'token',
  summary: 'Tokens for scripts that use the API: list, create, revoke',
  arguments: [
    actionArgument(TOKEN_ACTIONS),
    { name: 'NAME|ID', help: 'name of a new token, or id of one', optional: true },
  ],
  options: {
    role: ROLE_OPTION,
    'expires-days': { type: 'string', value: 'N', help: 'How long it is good for (default: until revoked)' },
    ...READ_OPTIONS,
  },
  details: [
    actionDetails(TOKEN_ACTIONS),
    '',
    'The secret goes to standard output, all else to standard error. Nobody can show it again.',
  ].join('\n'),
  examples: [
    'fairlead token list',
    'fairlead token create grafana --role viewer --expires-days 365 > grafana.token',
    'fairlead token revoke 5f3c0a9e12d4b687',
  ],
  run: runAction('token', TOKEN_ACTIONS, READ_OPTIONS),
};

const SESSION_ACTIONS: Actions = {
  list: {
    summary: 'Who is logged in',
    arguments: [],
    run: async (context) =>
      print(context, await context.client.call('sessions'), ({ sessions }) =>
        listSessions(context, sessions),
      ),
  },
  end: {
    summary: 'Ends a session at once',
    arguments: ['ID'],
    run: async (context, [id = '']) => {
      const reply = await context.client.call('sessionEnd', { params: { session: id } });
      return done(context, reply, `session ${id} is over`);
    },
  },
};

export const session: Command = {
  name: 'session',
  summary: 'Who is logged in at the console: list, end',
  arguments: [actionArgument(SESSION_ACTIONS), { name: 'ID', help: 'a session, as listed', optional: true }],
  options: READ_OPTIONS,
  details: actionDetails(SESSION_ACTIONS),
  examples: ['fairlead session list', 'fairlead session end 5f3c0a9e12d4b687'],
  run: runAction('session', SESSION_ACTIONS, READ_OPTIONS),
};

function newPassword(context: CommandContext): Promise<string> {
  const { terminal, values } = context;
  return readNewPassword(process.stdin, terminal.err, flag(values, 'password-stdin'));
}

function roleOption(context: CommandContext): AccountRole {
  const given = text(context.values, 'role');
  if (given === undefined) throw usage('It needs --role ROLE.', `Roles are ${ROLES.join(', ')}.`);
  return parseRole(given);
}

function parseRole(given: string): AccountRole {
  const role = ROLES.find((each) => each === given);
  if (role !== undefined) return role;
  throw usage(`${JSON.stringify(given)} is no role.`, `Roles are ${ROLES.join(', ')}.`);
}

function done<T extends { readonly stored: boolean }>(
  context: CommandContext,
  reply: T,
  what: string,
): ExitCode {
  warnUnlessStored(context, reply.stored);
  return print(context, reply, () => `${plain(what)}\n`);
}

function warnUnlessStored(context: CommandContext, stored: boolean): void {
  if (!stored)
    context.terminal.err('warning: in force, but the disk has not taken it; a restart would forget it.\n');
}

function roleCell(role: AccountRole): Cell {
  return isAllowed(role, 'admin') ? { text: role, tone: 'strong' } : { text: role };
}

function moment(at: number | undefined): string {
  return at === undefined ? 'never' : clockTime(at);
}

function listUsers(context: CommandContext, users: readonly User[]): string {
  return table(
    context,
    [
      ...[{ title: 'NAME' }, { title: 'ROLE' }, { title: 'SESSIONS', align: 'right' as const }],
      ...[{ title: 'LAST LOGIN' }, { title: 'FROM' }, { title: 'PASSWORD SINCE' }, { title: 'CREATED BY' }],
    ],
    users.map((each) => [
      ...[each.name, roleCell(each.role), String(each.sessions), moment(each.last_login)],
      ...[each.last_login_from ?? '', clockTime(each.password_changed), each.created_by],
    ]),
  );
}

function listTokens(context: CommandContext, tokens: readonly Token[]): string {
  return table(
    context,
    [
      ...[{ title: 'ID' }, { title: 'NAME' }, { title: 'ROLE' }, { title: 'EXPIRES' }],
      ...[{ title: 'LAST USED' }, { title: 'FROM' }, { title: 'CREATED BY' }],
    ],
    tokens.map((each) => [
      ...[each.id, each.name, roleCell(each.role), expiry(each.expires)],
      ...[moment(each.last_used), each.last_used_from ?? '', each.created_by],
    ]),
  );
}

function expiry(expires: number | undefined): Cell {
  if (expires === undefined) return { text: 'never' };
  return { text: clockTime(expires) };
}

function listSessions(context: CommandContext, sessions: readonly Session[]): string {
  return table(
    context,
    [
      ...[{ title: 'ID' }, { title: 'USER' }, { title: 'ROLE' }, { title: 'FROM' }],
      ...[{ title: 'SINCE' }, { title: 'LAST SEEN' }, { title: 'ENDS' }, { title: 'WITH' }],
    ],
    sessions.map((each) => [
      ...[each.id, each.user, roleCell(each.role), each.from],
      ...[clockTime(each.created), clockTime(each.last_seen), clockTime(each.expires), each.agent],
    ]),
  );
}
