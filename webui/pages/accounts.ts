// Who may use console and API: users, tokens, sessions, for admins; and everybody's own account. The director decides
// everything; these pages show it and carry what was asked.
import { html } from '../html/html.ts';
import type { Page } from '../page.ts';
import { redirect, view } from '../page.ts';
import { done, insistSure, newPassword, roleOf } from './accounts-forms.ts';
import { ownAccountPages } from './accounts-own.ts';
import { tokenPages } from './accounts-tokens.ts';
import { sessionsBody, usersBody } from './accounts-view.ts';
import { systemNav } from './system-nav.ts';

export function accountPages(): readonly Page[] {
  return [...userPages, ...tokenPages(), ...sessionPages, ...ownAccountPages];
}

const USERS = '/system/users';
const TOLD_MAX = 10;
const SESSIONS = '/system/sessions';

const userPages: readonly Page[] = [
  {
    method: 'get',
    path: USERS,
    role: 'admin',
    async handle(context) {
      const { users } = await context.client.call('users');
      return view('Users', html`${systemNav(context, USERS)}${usersBody(users, context)}`);
    },
  },
  {
    method: 'post',
    path: USERS,
    role: 'admin',
    acts: 'userCreate',
    async handle({ client, form }) {
      const name = (form.name ?? '').trim();
      const password = newPassword(form);
      const { user, stored } = await client.call('userCreate', {
        body: { name, role: roleOf(form), password },
      });
      return redirect(USERS, done(`${user.name} can log in, as ${user.role}.`, stored));
    },
  },
  {
    method: 'post',
    path: `${USERS}/:user/role`,
    role: 'admin',
    acts: 'userRole',
    changes_accounts: true,
    async handle({ client, params, form }) {
      const { user, stored } = await client.call('userRole', { params, body: { role: roleOf(form) } });
      return redirect(USERS, done(`${user.name} is ${user.role}, from now on and everywhere.`, stored));
    },
  },
  {
    method: 'post',
    path: `${USERS}/:user/password`,
    role: 'admin',
    acts: 'userPassword',
    changes_accounts: true,
    async handle({ client, params, form }) {
      const body = { password: newPassword(form) };
      const { user, stored } = await client.call('userPassword', { params, body });
      return redirect(USERS, done(`${user.name} has another password; their sessions have ended.`, stored));
    },
  },
  {
    method: 'post',
    path: `${USERS}/:user/remove`,
    role: 'admin',
    acts: 'userRemove',
    changes_accounts: true,
    async handle({ client, params, form }) {
      insistSure(form, 'The account is still there');
      const { stored } = await client.call('userRemove', { params });
      const { tokens } = await client.call('tokens');
      const left = tokens.filter((token) => token.created_by === params.user).map(({ name }) => name);
      const flash = done(`The account ${params.user} is removed, its sessions have ended.`, stored);
      if (left.length === 0) return redirect(USERS, flash);
      const remedy = `Tokens that ${params.user} made go on: ${left.slice(0, TOLD_MAX).join(', ')}${left.length > TOLD_MAX ? ' and more' : ''}. Revoke those that should not.`;
      return redirect(USERS, { ...flash, tone: 'warn', remedy });
    },
  },
];

const sessionPages: readonly Page[] = [
  {
    method: 'get',
    path: SESSIONS,
    role: 'admin',
    async handle(context) {
      const { sessions } = await context.client.call('sessions');
      return view('Sessions', html`${systemNav(context, SESSIONS)}${sessionsBody(sessions, context)}`);
    },
  },
  {
    method: 'post',
    path: `${SESSIONS}/:session/end`,
    role: 'admin',
    acts: 'sessionEnd',
    changes_accounts: true,
    async handle({ client, params }) {
      const { stored } = await client.call('sessionEnd', { params });
      return redirect(SESSIONS, done('The session has ended.', stored));
    },
  },
];
