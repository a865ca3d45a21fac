// Tokens: made here, with the secret shown once and to nobody but who made it.
import { randomBytes } from 'node:crypto';
import type { ReplyOf } from '../../director/control/routes.ts';
import { EXIT, FairleadError } from '../../director/model/error.ts';
import { absolute } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import type { Fields, Page } from '../page.ts';
import { redirect, view } from '../page.ts';
import { done, insistSure, roleOf } from './accounts-forms.ts';
import { tokensBody } from './accounts-view.ts';
import { systemNav } from './system-nav.ts';

const TOKENS = '/system/tokens';
const WAITING_MAX = 64;
const WAITING_MS = 300_000;

interface Waiting {
  readonly made: ReplyOf<'tokenCreate'>;
  /** Session in which it was made. */
  readonly session: string;
  readonly at: number;
}

/** Secrets on their way from the form to the page after it: each is given out once, to the session that made it. */
export function createWaiting() {
  const waiting = new Map<string, Waiting>();
  return {
    keep(each: Waiting): string {
      const key = randomBytes(18).toString('base64url');
      waiting.set(key, each);
      const oldest = waiting.keys().next().value;
      if (waiting.size > WAITING_MAX && oldest !== undefined) waiting.delete(oldest);
      return key;
    },
    take(key: string, session: string, now: number): Waiting['made'] | undefined {
      const found = waiting.get(key);
      if (found === undefined || found.session !== session) return undefined;
      waiting.delete(key);
      return now - found.at > WAITING_MS ? undefined : found.made;
    },
  };
}

export function tokenPages(): readonly Page[] {
  const waiting = createWaiting();
  return [
    {
      method: 'get',
      path: TOKENS,
      role: 'admin',
      async handle(context) {
        const { tokens } = await context.client.call('tokens');
        return view('Tokens', html`${systemNav(context, TOKENS)}${tokensBody(tokens, context)}`);
      },
    },
    {
      method: 'post',
      path: TOKENS,
      role: 'admin',
      acts: 'tokenCreate',
      async handle({ client, form, identity, now }) {
        const days = daysOf(form);
        const made = await client.call('tokenCreate', {
          body: {
            name: (form.name ?? '').trim(),
            role: roleOf(form),
            ...(days === undefined ? {} : { expires_days: days }),
          },
        });
        return redirect(`${TOKENS}/made/${waiting.keep({ made, session: identity.id, at: now })}`);
      },
    },
    {
      method: 'get',
      path: `${TOKENS}/made/:key`,
      role: 'admin',
      handle(context) {
        const { params, identity, now, host } = context;
        const made = waiting.take(params.key ?? '', identity.id, now);
        return view('A new token', html`${systemNav(context, TOKENS)}${madeBody(made, host)}`);
      },
    },
    {
      method: 'post',
      path: `${TOKENS}/:token/revoke`,
      role: 'admin',
      acts: 'tokenRevoke',
      changes_accounts: true,
      async handle({ client, params, form }) {
        insistSure(form, 'The token still lets in');
        const { stored } = await client.call('tokenRevoke', { params });
        return redirect(TOKENS, done('The token is revoked.', stored));
      },
    },
  ];
}

function daysOf({ expires_days = '' }: Fields): number | undefined {
  const text = expires_days.trim();
  if (text === '') return undefined;
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= 3_650) return days;
  throw new FairleadError('bad-request', 'A token lasts 1 to 3650 days.', {
    remedy: 'Give a number of days, or nothing for one that never expires.',
    exit: EXIT.usage,
  });
}

export function madeBody(made: ReplyOf<'tokenCreate'> | undefined, host: string | undefined): Html {
  if (made === undefined)
    return html`<p class="banner warn" role="status">◆ The secret of a token is shown once, and this was before. If nobody has kept it, revoke the token and make another one.</p><p><a href="${TOKENS}">Tokens</a></p>`;
  const { token, secret, stored } = made;
  return html`<p class="banner warn" role="alert"><strong>◆ Keep it now.</strong> The secret is shown this once; the director itself keeps no more than a digest of it.</p>
<p>The secret of <strong>${token.name}</strong>, role ${token.role}, ${token.expires === undefined ? 'which never expires' : `good until ${absolute(token.expires)}`}:</p>
<pre class="secret narrow" tabindex="0" aria-label="Secret">${secret}</pre>
${stored ? NOTHING : html`<p class="banner warn">◆ The disk refused it: the token holds until the director ends, and is stored as soon as the disk takes it.</p>`}
<p>To try it:</p><pre>curl -H "Authorization: Bearer …" https://${host ?? 'director.example:8443'}/api/v1/status</pre>
<p><a href="${TOKENS}">Tokens</a> · <a href="/system/console">How to use it</a></p>`;
}
