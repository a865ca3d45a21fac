// Everybody's own account: who one is here, another password, colours.
import { isAllowed } from '../../director/control/account-schema.ts';
import { absolute } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import type { Page, PageContext } from '../page.ts';
import { redirect, view } from '../page.ts';
import { done, newPassword } from './accounts-forms.ts';
import { passwordFields, token } from './accounts-view.ts';
import { systemNav } from './system-nav.ts';

const ACCOUNT = '/account';

export const ownAccountPages: readonly Page[] = [
  {
    method: 'get',
    path: ACCOUNT,
    role: 'viewer',
    handle: (context) => view('Your account', html`${systemNav(context, ACCOUNT)}${accountBody(context)}`),
  },
  {
    method: 'post',
    path: `${ACCOUNT}/password`,
    role: 'viewer',
    acts: 'ownPassword',
    changes_accounts: true,
    async handle({ client, form, session }) {
      const password = newPassword(form);
      const { stored } = await client.call('ownPassword', {
        body: { current: form.current ?? '', password, session },
      });
      return redirect(
        ACCOUNT,
        done('Your password is another one. This session goes on; your others have ended.', stored),
      );
    },
  },
];

function accountBody({ identity, csrf }: Pick<PageContext, 'identity' | 'csrf'>): Html {
  const { user, role, expires } = identity;
  return html`<div class="panels"><section class="panel"><h2>You</h2><dl class="facts"><dt>Name</dt><dd><strong>${user}</strong></dd><dt>Role</dt><dd>${role}</dd>
${expires === undefined ? NOTHING : html`<dt>Logged in</dt><dd>until ${absolute(expires)}, longer if you go on before</dd>`}</dl>
${isAllowed(role, 'admin') ? html`<p><a href="/system/sessions">Sessions of everybody</a></p>` : html`<p class="quiet">Another role, or the end of a session elsewhere: ask an admin.</p>`}
<h3>Colours of this browser</h3>
<form method="post" action="/theme" class="row">${token(csrf)}<input type="hidden" name="back" value="${ACCOUNT}">${[
    ['auto', 'as the system has them'],
    ['light', 'light'],
    ['dark', 'dark'],
  ].map(([theme, words]) => html`<button name="theme" value="${theme}">${words}</button>`)}</form></section>
<section class="panel"><h2>Another password</h2>
<form method="post" action="${ACCOUNT}/password" class="fields">${token(csrf)}<input type="text" name="username" value="${user}" autocomplete="username" hidden readonly>
<label class="field">Current password <input name="current" type="password" autocomplete="current-password" required></label>
${passwordFields('')}
<div><button class="main">Change the password</button></div></form>
<p class="fine">Four or more words that have nothing to do with each other will do. Your other sessions end.</p></section></div>`;
}
