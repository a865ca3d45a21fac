// How users, tokens and sessions look. Names, places and browsers were told by others and are shown as text.
import {
  type AccountRole,
  PASSWORD_MIN_LENGTH,
  ROLES,
  type Session,
  type Token,
  type User,
} from '../../director/control/account-schema.ts';
import { type Cell, still } from '../cells/cell.ts';
import { absolute, counted, time } from '../html/format.ts';
import { type Html, html, NOTHING, when } from '../html/html.ts';
import type { PageContext } from '../page.ts';

type Shown = Pick<PageContext, 'csrf' | 'identity' | 'now'>;

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;
const SHOWN_MAX = 1_000;

export function usersBody(users: readonly User[], { csrf, identity, now }: Shown): Html {
  return html`<div class="table"><table class="cards users"><thead><tr><th>Name</th><th>Role</th><th>Last login</th><th>Sessions</th><th>Password of</th><th>Since</th><th>Change</th></tr></thead><tbody>${users.slice(0, SHOWN_MAX).map((user) => userRow(user, { csrf, identity, now }))}</tbody></table></div>
<section class="panel narrow"><h2>Another user</h2>
<form method="post" action="/system/users" class="fields">${token(csrf)}
<label class="field">Name: 1 to 32 of a–z, 0–9, “.”, “_”, “-”, beginning with a letter <input name="name" required maxlength="32" pattern="[a-z][a-z0-9._\\-]*" autocomplete="off" autocapitalize="none" spellcheck="false"></label>
<label class="field">Role ${roleChoice('viewer')}</label>
${passwordFields('')}
<div><button class="main">Make the account</button></div></form>${roleWords()}</section>`;
}

function userRow(user: User, { csrf, identity, now }: Shown): Html {
  const { name, role, created, created_by, password_changed, last_login, last_login_from, sessions } = user;
  const own = name === identity.user;
  const address = `/system/users/${encodeURIComponent(name)}`;
  const password = own
    ? html`<a href="/account">your own password</a>`
    : html`<details><summary>Set password</summary><form method="post" action="${address}/password" class="fields">${token(csrf)}${passwordFields(name)}<div><button>Set the password of ${name}</button></div></form></details>`;
  return html`<tr><th>${name}${own ? html` <small>you</small>` : NOTHING}</th>
<td data-label="Role"><form method="post" action="${address}/role" class="inline">${token(csrf)}<label><span class="unseen">Role of ${name}</span>${roleChoice(role)}</label> <button>Set</button></form></td>
<td data-label="Last login">${last_login === undefined ? html`<span class="quiet">never</span>` : html`<span>${time(last_login, now)} <small>${last_login_from}</small></span>`}</td><td data-label="Sessions">${sessions}</td>
<td data-label="Password of">${time(password_changed, now)}</td><td data-label="Since"><span><span title="${absolute(created)}">${absolute(created).slice(0, 10)}</span> <small>by ${created_by}</small></span></td>
<td class="wide" data-label="Change"><div>${password}
<details><summary>Remove</summary><form method="post" action="${address}/remove" class="fields">${token(csrf)}<label><input type="checkbox" name="sure" value="yes" required> End the account ${name} and its ${counted(sessions, 'session')}</label><div><button class="danger">Remove ${name}</button></div></form></details></div></td></tr>`;
}

const WORDS: Readonly<Record<AccountRole, string>> = {
  viewer: 'may look',
  operator: 'may also give orders: drain, weight, switchover',
  admin: 'may also change the configuration and accounts',
};

function roleWords(): Html {
  return html`<p class="fine">${ROLES.map((role, index) => html`${index > 0 ? ' · ' : ''}<strong>${role}</strong> ${WORDS[role]}`)}</p>`;
}

function roleChoice(chosen: AccountRole): Html {
  return html`<select name="role">${ROLES.map((role) => html`<option${when(role === chosen, 'selected')}>${role}</option>`)}</select>`;
}

export function passwordFields(of: string): Html {
  const whose = of === '' ? '' : ` of ${of}`;
  return html`<label class="field">New password${whose}, at least ${PASSWORD_MIN_LENGTH} characters <input name="password" type="password" autocomplete="new-password" minlength="${PASSWORD_MIN_LENGTH}" required></label>
<label class="field">Again <input name="again" type="password" autocomplete="new-password" minlength="${PASSWORD_MIN_LENGTH}" required></label>`;
}

export function token(csrf: string): Html {
  return html`<input type="hidden" name="csrf" value="${csrf}">`;
}

export function tokensBody(tokens: readonly Token[], { csrf, now }: Omit<Shown, 'identity'>): Html {
  const table = html`<div class="table"><table class="cards tokens"><thead><tr><th>Name</th><th>Role</th><th>Expires</th><th>Last used</th><th>Made</th><th></th></tr></thead><tbody>${tokens.slice(0, SHOWN_MAX).map((each) => tokenRow(each, csrf, now))}</tbody></table></div>`;
  return html`${tokens.length === 0 ? html`<p class="quiet">There are no tokens: no script comes in.</p>` : table}
<section class="panel narrow"><h2>Another token</h2><p>For scripts and for Prometheus. <a href="/system/console">How to use one</a></p>
<form method="post" action="/system/tokens" class="fields">${token(csrf)}
<label class="field">Name: what it is for <input name="name" required maxlength="64" pattern="[A-Za-z0-9][A-Za-z0-9._\\-]*" autocomplete="off" autocapitalize="none" spellcheck="false"></label>
<label class="field">Role ${roleChoice('viewer')}</label>
<label class="field">Days until it expires; empty: never <input name="expires_days" type="number" min="1" max="3650" value="365"></label>
<div><button class="main">Make the token</button></div></form>${roleWords()}</section>`;
}

function tokenRow(
  { id, name, role, created, created_by, expires, last_used, last_used_from }: Token,
  csrf: string,
  now: number,
): Html {
  return html`<tr><th>${name}</th><td data-label="Role">${role}</td><td data-label="Expires">${still(expiry(expires, now))}</td>
<td data-label="Last used">${last_used === undefined ? html`<span class="quiet">never</span>` : html`<span>${time(last_used, now)} <small>${last_used_from}</small></span>`}</td>
<td data-label="Made"><span><span title="${absolute(created)}">${absolute(created).slice(0, 10)}</span> <small>by ${created_by}</small></span></td>
<td class="wide" data-label="Change"><details><summary>Revoke</summary><form method="post" action="/system/tokens/${encodeURIComponent(id)}/revoke" class="fields">${token(csrf)}<label><input type="checkbox" name="sure" value="yes" required> Whoever uses ${name} comes in no more</label><div><button class="danger">Revoke ${name}</button></div></form></details></td></tr>`;
}

function expiry(expires: number | undefined, now: number): Cell {
  if (expires === undefined) return { text: 'never', tone: 'quiet' };
  const days = Math.floor((expires - now) / DAY_MS);
  if (expires <= now) return { text: '▼ expired', tone: 'bad', title: absolute(expires) };
  const text = `in ${counted(days, 'day')}`;
  return days < SOON_DAYS
    ? { text: `◆ ${text}`, tone: 'warn', title: absolute(expires) }
    : { text, title: absolute(expires) };
}

export function sessionsBody(sessions: readonly Session[], { csrf, identity, now }: Shown): Html {
  const newest = [...sessions].sort((one, other) => other.last_seen - one.last_seen).slice(0, SHOWN_MAX);
  return html`<div class="table"><table class="cards sessions"><thead><tr><th>User</th><th>Role</th><th>From</th><th>With</th><th>Last seen</th><th>Began</th><th>Ends, unless used (UTC)</th><th></th></tr></thead><tbody>${newest.map(
    ({ id, user, role, from, agent, created, last_seen, expires }) => {
      const own = id === identity.id;
      return html`<tr><th>${user}${own ? html` <small>this one</small>` : NOTHING}</th><td data-label="Role">${role}</td><td data-label="From">${from}</td><td class="wide" data-label="With"><small>${agent === '' ? 'nothing said' : agent}</small></td>
<td data-label="Last seen">${time(last_seen, now)}</td><td data-label="Began">${time(created, now)}</td><td data-label="Ends, unless used">${absolute(expires).slice(0, 16)}</td>
<td data-label=""><form method="post" action="/system/sessions/${encodeURIComponent(id)}/end" class="inline">${token(csrf)}<button class="danger">${own ? 'End it and log out' : 'End'}</button></form></td></tr>`;
    },
  )}</tbody></table></div>
<p class="quiet">${counted(sessions.length, 'session')}. One that ends is over at once, whatever is open in that browser.</p>`;
}
