// The door: login, first run, logout. A browser that nobody knows is shown the login page, and afterwards what it had
// asked for; the address it comes back to is always one of the console's own.
import type { Request, Response, Router } from 'express';
import express from 'express';
import { PASSWORD_MIN_LENGTH } from '../../director/control/account-schema.ts';
import type { ControlClient } from '../../director/control/client.ts';
import { FairleadError } from '../../director/model/error.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { renderBare } from '../html/layout.ts';
import { fromOf } from '../http/from.ts';
import { fieldsOf, sameOrigin } from '../http/input.ts';
import { seeOther, sendHtml } from '../http/reply.ts';
import { readCookie, SESSION_COOKIE, sessionCookie } from './cookie.ts';

export interface DoorOptions {
  readonly client: (from: string) => ControlClient;
  readonly url: (asset: string) => string;
  readonly themeOf: (request: Request) => string;
  readonly now: () => number;
  /** A session has begun or ended. */
  readonly changed: () => void;
}

export function doorRoutes(options: DoorOptions): Router {
  const router = express.Router();
  const show = (
    request: Request,
    response: Response,
    status: number,
    title: string,
    body: Html,
  ): Promise<void> =>
    sendHtml(
      request,
      response,
      status,
      renderBare(title, body, { url: options.url, theme: options.themeOf(request) }),
    );

  router.get('/login', async (request, response) => {
    const to = wayBack(request.query.to);
    await show(request, response, 200, 'Log in', loginForm(to, '', undefined));
  });
  router.post('/login', async (request, response) => {
    const fields = fieldsOf(request.body);
    const to = wayBack(fields.to);
    try {
      sameOrigin(request);
      const reply = await options.client(fromOf(request)).call('login', {
        body: {
          name: (fields.name ?? '').trim().slice(0, 256),
          password: (fields.password ?? '').slice(0, 1_024),
          ...origin(request),
        },
      });
      response.setHeader('set-cookie', sessionCookie(reply.session, (reply.expires - options.now()) / 1_000));
      options.changed();
      seeOther(response, reply.first_run ? '/setup' : to);
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error;
      const status = STATUS[error.code] ?? 503;
      await show(request, response, status, 'Log in', loginForm(to, fields.name ?? '', error));
    }
  });
  router.get('/setup', (request, response) =>
    show(request, response, 200, 'First account', setupForm('', undefined)),
  );
  router.post('/setup', async (request, response) => {
    const fields = fieldsOf(request.body);
    try {
      sameOrigin(request);
      if (fields.password !== fields.again)
        throw new FairleadError('weak-password', 'The two passwords differ.', {
          remedy: 'Type the same one twice.',
        });
      const session = readCookie(request.headers.cookie, SESSION_COOKIE) ?? '';
      const reply = await options.client(fromOf(request)).call('setup', {
        body: {
          session,
          name: (fields.name ?? '').trim(),
          password: fields.password ?? '',
          ...origin(request),
        },
      });
      response.setHeader('set-cookie', sessionCookie(reply.session, (reply.expires - options.now()) / 1_000));
      options.changed();
      seeOther(response, '/');
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error;
      if (error.code === 'unauthenticated') return seeOther(response, '/login');
      await show(
        request,
        response,
        STATUS[error.code] ?? 422,
        'First account',
        setupForm(fields.name ?? '', error),
      );
    }
  });
  return router;
}

const STATUS: Readonly<Record<string, number>> = {
  'bad-credentials': 401,
  'cross-origin': 403,
  'too-many-attempts': 429,
  'weak-password': 422,
  'bad-request': 422,
};

function origin(request: Request): { from: string; agent: string } {
  return { from: fromOf(request), agent: (request.headers['user-agent'] ?? '').slice(0, 512) };
}

/** A path of ours: never another host, whatever was put into the address. */
export function wayBack(given: unknown): string {
  if (typeof given !== 'string' || given.length > 2_048 || !/^\/(?![/\\])[\x21-\x7e]*$/.test(given))
    return '/';
  return given.startsWith('/login') || given.startsWith('/setup') || given.startsWith('/logout')
    ? '/'
    : given;
}

function complaint(error: FairleadError | undefined): Html {
  if (error === undefined) return NOTHING;
  return html`<p class="banner bad" role="alert">${error.message} ${error.remedy}</p>`;
}

function loginForm(to: string, name: string, error: FairleadError | undefined): Html {
  return html`${complaint(error)}
<form method="post" action="/login" class="fields">
<input type="hidden" name="to" value="${to}">
<label class="field">Name <input name="name" value="${name}" autocomplete="username" autocapitalize="none" required autofocus></label>
<label class="field">Password <input name="password" type="password" autocomplete="current-password" required></label>
<button class="main">Log in</button>
</form>
<p class="quiet">For the first time: the name is <code>admin</code>, and the one-time password is in the file <code>console-password</code> of the director's runtime folder.</p>`;
}

function setupForm(name: string, error: FairleadError | undefined): Html {
  return html`${complaint(error)}
<p>Nobody has an account yet. This one may everything; it can make others.</p>
<form method="post" action="/setup" class="fields">
<label class="field">Name <input name="name" value="${name}" autocomplete="username" autocapitalize="none" pattern="[a-z][a-z0-9._\\-]*" maxlength="32" required autofocus></label>
<label class="field">Password, at least ${PASSWORD_MIN_LENGTH} characters <input name="password" type="password" autocomplete="new-password" minlength="${PASSWORD_MIN_LENGTH}" required></label>
<label class="field">Again <input name="again" type="password" autocomplete="new-password" minlength="${PASSWORD_MIN_LENGTH}" required></label>
<button class="main">Make the account</button>
</form>`;
}
