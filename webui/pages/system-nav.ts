// The row of links below the heading of System: where one is, and where one may go.
import { type AccountRole, isAllowed } from '../../director/control/account-schema.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import type { PageContext } from '../page.ts';

const SYSTEM_PLACES: readonly (readonly [path: string, title: string, role: AccountRole])[] = [
  ['/system', 'Director', 'viewer'],
  ['/system/console', 'Console and API', 'viewer'],
  ['/system/notifications', 'Notifications', 'viewer'],
  ['/system/schedule', 'Schedule', 'viewer'],
  ['/system/users', 'Users', 'admin'],
  ['/system/tokens', 'Tokens', 'admin'],
  ['/system/sessions', 'Sessions', 'admin'],
  ['/account', 'Your account', 'viewer'],
];

export function systemNav({ identity }: Pick<PageContext, 'identity'>, here: string): Html {
  const places = SYSTEM_PLACES.filter(([, , role]) => isAllowed(identity.role, role));
  return html`<div class="sub" role="navigation" aria-label="System"><ul>${places.map(([path, title]) => html`<li><a href="${path}"${path === here ? html` aria-current="page"` : NOTHING}>${title}</a></li>`)}</ul></div>`;
}
