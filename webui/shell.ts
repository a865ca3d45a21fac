// The shell around pages: finds out who asks, checks role and token, calls the page, and makes an answer of what it
// returns or throws. Pages themselves know nothing of HTTP.
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import { type Identity, isAllowed } from '../director/control/account-schema.ts';
import type { ControlClient } from '../director/control/client.ts';
import { toProblem } from '../director/control/problem.ts';
import type { Clock } from '../director/model/clock.ts';
import { EXIT, FairleadError } from '../director/model/error.ts';
import { filterOf } from './events/filter.ts';
import { html, NOTHING } from './html/html.ts';
import { keptText } from './html/kept-text.ts';
import { renderBare, renderPage } from './html/layout.ts';
import { fromOf } from './http/from.ts';
import { fieldsOf, hostOf, sameOrigin } from './http/input.ts';
import { seeOther, sendHtml } from './http/reply.ts';
import type { EventHub } from './live/event-hub.ts';
import type { LiveHub } from './live/hub.ts';
import type { Mirror } from './mirror/mirror.ts';
import {
  type ConsoleFacts,
  type Fields,
  type Flash,
  type Outcome,
  type Page,
  type PageContext,
  view,
} from './page.ts';
import { readCookie, SESSION_COOKIE, sessionCookie, THEME_COOKIE, themeCookie } from './session/cookie.ts';
import { isToken, maskToken } from './session/csrf.ts';
import type { Flashes } from './session/flashes.ts';
import type { Identifier } from './session/identify.ts';

export interface ShellOptions {
  readonly pages: readonly Page[];
  readonly mirror: Mirror;
  readonly hub: LiveHub;
  readonly events: EventHub;
  readonly identifier: Identifier;
  readonly flashes: Flashes;
  readonly clientFor: (identity: Identity, from: string, timeout_ms?: number) => ControlClient;
  readonly url: (asset: string) => string;
  readonly console: ConsoleFacts;
  readonly clock: Clock;
}

const THEMES = ['auto', 'light', 'dark'];
const TOPICS_MAX = 256;
/** Whoever reads waits no longer for a director that hangs; orders may take their time. */
const READ_MS = 5_000;
const GLANCE_MS = 400;
/** Of forms in which people write for a long time. */
const KEPT_FIELD = 'text';

export function themeOf(request: Request): string {
  const given = readCookie(request.headers.cookie, THEME_COOKIE);
  return THEMES.find((theme) => theme === given) ?? 'auto';
}

export function pageRoutes(options: ShellOptions): Router {
  const router = express.Router();
  const { identifier, mirror, flashes } = options;

  const identityOf = async (request: Request): Promise<Identity | undefined> => {
    const secret = readCookie(request.headers.cookie, SESSION_COOKIE);
    return secret === undefined ? undefined : identifier.identify('session', secret, fromOf(request));
  };
  const contextOf = (request: Request, identity: Identity): PageContext => {
    const picture = mirror.picture();
    return {
      identity,
      client: options.clientFor(identity, fromOf(request), request.method === 'GET' ? READ_MS : undefined),
      glance: options.clientFor(identity, fromOf(request), GLANCE_MS),
      picture,
      trouble: mirror.trouble(),
      mirror,
      now: picture !== undefined && mirror.trouble() === undefined ? picture.at : options.clock.now(),
      path: request.path,
      params: fieldsOf(request.params),
      query: fieldsOf(request.query),
      form: fieldsOf(request.body),
      csrf: maskToken(identity.csrf ?? ''),
      session: readCookie(request.headers.cookie, SESSION_COOKIE) ?? '',
      host: hostOf(request.headers.host),
      console: options.console,
    };
  };
  const answer = async (
    request: Request,
    response: Response,
    context: PageContext,
    outcome: Outcome,
  ): Promise<void> => {
    const wantsJson = request.method === 'POST' && request.accepts(['html', 'json']) === 'json';
    if (outcome.kind === 'redirect') {
      if (wantsJson) {
        response.json({ to: outcome.to, ...(outcome.flash === undefined ? {} : { flash: outcome.flash }) });
        return;
      }
      if (outcome.flash !== undefined) flashes.add(context.identity.id, outcome.flash);
      seeOther(response, outcome.to);
      return;
    }
    if (outcome.kind === 'download') {
      response.writeHead(200, {
        'content-type': outcome.type,
        'content-disposition': `attachment; filename="${outcome.name.replace(/[^\w.-]/g, '_')}"`,
        'cache-control': 'no-store',
      });
      response.end(outcome.body);
      return;
    }
    const { refusal } = outcome;
    if (wantsJson && refusal !== undefined) {
      response.status(outcome.status ?? 400).json({ flash: refusal });
      return;
    }
    // What was fresh when it was asked for may be old by now.
    const text = renderPage({ ...context, trouble: mirror.trouble() }, outcome, {
      theme: themeOf(request),
      // What is fetched to bring parts of a page up to date shows no messages: they wait for a page that does.
      flashes: request.headers['fairlead-parts'] === undefined ? flashes.take(context.identity.id) : [],
      url: options.url,
    });
    await sendHtml(request, response, outcome.status ?? 200, text);
  };

  /** To the login page, but never with what took long to write. */
  const turnAway = async (request: Request, response: Response, page: Page): Promise<void> => {
    const written = fieldsOf(request.body)[KEPT_FIELD];
    if (page.method === 'post' && written !== undefined) {
      sameOrigin(request);
      const bare = { url: options.url, theme: themeOf(request) };
      const body = keptText(written, page.path);
      await sendHtml(request, response, 401, renderBare('Your session has ended', body, bare));
      return;
    }
    const to = request.method === 'GET' ? `?to=${encodeURIComponent(request.originalUrl)}` : '';
    seeOther(response, `/login${to}`);
  };

  const guarded =
    (page: Page) =>
    async (request: Request, response: Response): Promise<void> => {
      const identity = await identityOf(request);
      if (identity === undefined) {
        await turnAway(request, response, page);
        return;
      }
      if (identity.first_run) {
        seeOther(response, '/setup');
        return;
      }
      const context = contextOf(request, identity);
      try {
        insistRole(identity, page);
        if (page.method === 'post') checkForm(request, identity, context.form);
        const outcome = await page.handle(context);
        if (page.changes_accounts) identifier.forget();
        await answer(request, response, context, outcome);
      } catch (error) {
        if (!(error instanceof FairleadError)) throw error;
        const refusal = refusalOf(error);
        const { status, title } = toProblem(error);
        const back = html`<p><a href="${backOf(request)}">Back</a></p>`;
        await answer(request, response, context, view(title, back, { status, refusal }));
      }
    };
  // Before the pages, as one of them has the address /events/:id.
  router.get('/events/live', async (request, response) => {
    const identity = await identityOf(request);
    if (identity === undefined || identity.first_run) {
      response.status(401).end();
      return;
    }
    const query = fieldsOf(request.query);
    await options.events.open(response, {
      filter: filterOf(query),
      since: idOf(request.headers['last-event-id']) ?? idOf(query.since) ?? 0,
      allowed: async () => (await identityOf(request)) !== undefined,
    });
  });
  for (const page of options.pages) router[page.method](page.path, guarded(page));

  router.get('/live', async (request, response) => {
    const identity = await identityOf(request);
    if (identity === undefined || identity.first_run) {
      response.status(401).end();
      return;
    }
    const services = (fieldsOf(request.query).services ?? '').split(',').filter((name) => name !== '');
    options.hub.open(
      response,
      services.slice(0, TOPICS_MAX),
      async () => (await identityOf(request)) !== undefined,
    );
  });
  router.post('/logout', async (request, response) => {
    const secret = readCookie(request.headers.cookie, SESSION_COOKIE);
    const identity = await identityOf(request);
    if (identity !== undefined && secret !== undefined) {
      checkForm(request, identity, fieldsOf(request.body));
      await options.clientFor(identity, fromOf(request)).call('logout', { body: { session: secret } });
      identifier.forget();
    }
    response.setHeader('set-cookie', sessionCookie('', 0));
    seeOther(response, '/login');
  });
  router.post('/theme', async (request, response) => {
    sameOrigin(request);
    const { theme, back } = fieldsOf(request.body);
    response.setHeader('set-cookie', themeCookie(THEMES.find((each) => each === theme) ?? 'auto'));
    seeOther(response, back !== undefined && /^\/(?![/\\])[\x21-\x7e]*$/.test(back) ? back : '/');
  });
  return router;
}

function refusalOf({ message: text, remedy }: FairleadError): Flash {
  return { tone: 'bad', text, ...(remedy === undefined ? {} : { remedy }) };
}

function idOf(given: string | string[] | undefined): number | undefined {
  return typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : undefined;
}

/** The director holds every call against the role too; this one comes before anything is asked. */
function insistRole(identity: Identity, page: Page): void {
  if (isAllowed(identity.role, page.role)) return;
  throw new FairleadError(
    'forbidden',
    `This takes the role ${page.role}; ${identity.user} is ${identity.role}.`,
    {
      remedy: 'Ask an admin.',
      exit: EXIT.refused,
    },
  );
}

function checkForm(request: Request, identity: Identity, form: Fields): void {
  sameOrigin(request);
  if (identity.csrf !== undefined && isToken(form.csrf, identity.csrf)) return;
  throw new FairleadError('forbidden', 'The form is not of this session.', {
    remedy: 'Load the page again and send it once more.',
    exit: EXIT.refused,
  });
}

/** Where the form was: from the header, if that is one of our own pages. */
function backOf(request: Request): string {
  const { referer, host } = request.headers;
  const prefix = `https://${host}`;
  const path = referer?.startsWith(`${prefix}/`) ? referer.slice(prefix.length) : '/';
  return /^\/(?![/\\])[\x21-\x7e]*$/.test(path) ? path : '/';
}

/** Whatever no page caught: told in a sentence where it is meant for people, and never with a stack. */
export function lastResort(options: Pick<ShellOptions, 'url'> & { readonly tell: (error: unknown) => void }) {
  return async (error: unknown, request: Request, response: Response, next: NextFunction): Promise<void> => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const known = error instanceof FairleadError ? error : fromExpress(error);
    if (known === undefined) options.tell(error);
    const { status, title, detail, remedy } = toProblem(
      known ??
        new FairleadError('internal', 'Something went wrong inside the console.', { remedy: 'See its log.' }),
    );
    const body = html`<p class="banner bad" role="alert">${detail} ${remedy === undefined ? NOTHING : remedy}</p><p><a href="/">Overview</a></p>`;
    await sendHtml(
      request,
      response,
      status,
      renderBare(title, body, { url: options.url, theme: themeOf(request) }),
    );
  };
}

/** What express itself refuses: bodies too large, addresses that cannot be decoded. */
function fromExpress(error: unknown): FairleadError | undefined {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (status === 413)
    return new FairleadError('too-large', 'What was sent is larger than the console takes.');
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new FairleadError('bad-request', 'What was sent cannot be understood.', { exit: EXIT.usage });
  return undefined;
}
