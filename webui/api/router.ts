// The API to the outside: what the director's control socket offers, behind a session or a token. Nothing that is `inside`, and
// nothing that the tables of routes do not name, passes; what passes carries who asks, through which door, and with which role.
import express from 'express';
import type { Identity } from '../../director/control/account-schema.ts';
import { buildOpenApi, formatOpenApi } from '../../director/control/openapi.ts';
import type { Route } from '../../director/control/routes.ts';
import { type AdmissionOptions, admit, checkHeaders, isSameText } from './admission.ts';
import { type Asked, askDirector, checkContent, passReply } from './exchange.ts';
import { Places } from './places.ts';
import { MethodNotAllowed, refuse } from './refusal.ts';
import { passEvents } from './streams.ts';
import { findOffers, type Offer, readTarget } from './target.ts';

const PREFIX = '/api/v1';
const DOCUMENT = 'openapi.json';
/** The director takes 256 connections, of which its own command line and the console need some. */
const REQUESTS = { perIdentity: 32, total: 96, code: 'busy', what: 'requests' } as const;
/** The director has 64. */
const STREAMS = { perIdentity: 8, total: 40, code: 'too-many-followers', what: 'streams' } as const;

export interface ApiOptions {
  /** The director's control socket. */
  readonly socket: string;
  /** Undefined: nobody. */
  readonly authenticate: (request: express.Request) => Promise<Identity | undefined>;
  /** For the audit: through which door, and from where. */
  readonly originOf: (request: express.Request, identity: Identity) => string;
  /** Default: `__Host-fairlead`. */
  readonly sessionCookie?: string;
  /** Whether an x-csrf-token is the session's; default: the same text. For consoles that mask it. */
  readonly isToken?: (given: string, token: string) => boolean;
  readonly streamsPerIdentity?: number;
}

/** To be mounted at /api/v1, or at the root, before anything that reads bodies. */
export function apiRouter(options: ApiOptions): express.Router {
  const door: AdmissionOptions = {
    authenticate: options.authenticate,
    sessionCookie: options.sessionCookie ?? '__Host-fairlead',
    isToken: options.isToken ?? isSameText,
  };
  const streams = new Places({
    ...STREAMS,
    perIdentity: options.streamsPerIdentity ?? STREAMS.perIdentity,
  });
  const requests = new Places(REQUESTS);
  let text: string | undefined;

  async function serve(request: express.Request, response: express.Response): Promise<void> {
    const target = readTarget(request.originalUrl);
    checkHeaders(request);
    const identity = await admit(request, door);
    if (target.segments.length === 1 && target.segments[0] === DOCUMENT) {
      const method = pick(request.method, ['GET']);
      text ??= formatOpenApi(buildOpenApi());
      if (method === 'OPTIONS') sendOptions(response, ['GET']);
      else sendDocument(request, response, text);
      return;
    }
    const offers = findOffers(target);
    const methods = [...offers.keys()];
    const method = pick(request.method, methods);
    if (method === 'OPTIONS') {
      sendOptions(response, methods);
      return;
    }
    const offer = offers.get(method)!;
    checkContent(request, offer.route);
    const asked = { socket: options.socket, offer, identity, origin: options.originOf(request, identity) };
    if (offer.route.stream) await follow(request, response, asked);
    else await exchange(request, response, asked);
  }

  async function exchange(request: express.Request, response: express.Response, asked: Asked): Promise<void> {
    requests.enter(placeOf(asked.identity), response);
    const { answered } = askDirector(request, response, asked);
    await passReply(request, response, await answered);
  }

  async function follow(request: express.Request, response: express.Response, asked: Asked): Promise<void> {
    const { id, role } = asked.identity;
    if (request.method === 'HEAD') {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).end();
      return;
    }
    streams.enter(placeOf(asked.identity), response);
    const { upstream, answered } = askDirector(request, response, asked);
    const reply = await answered;
    if (reply.statusCode !== 200) return passReply(request, response, reply);
    passEvents(upstream, reply, response, async () => {
      const now = await options.authenticate(request);
      return now !== undefined && now.id === id && now.role === role;
    });
  }

  const router = express.Router();
  router.use((request, response, next) => {
    if (request.baseUrl === '' && !isApi(request.originalUrl)) {
      next();
      return;
    }
    response.setHeader('cache-control', 'no-store');
    response.setHeader('x-content-type-options', 'nosniff');
    serve(request, response).catch((error: unknown) => refuse(request, response, error));
  });
  return router;
}

function placeOf({ kind, id }: Identity): string {
  return `${kind} ${id}`;
}

function isApi(target: string): boolean {
  return target === PREFIX || target.startsWith(`${PREFIX}/`) || target.startsWith(`${PREFIX}?`);
}

function pick(method: string, offered: readonly Route['method'][]): Offer['route']['method'] | 'OPTIONS' {
  if (method === 'OPTIONS') return method;
  const wanted = method === 'HEAD' ? 'GET' : method;
  const found = offered.find((each) => each === wanted);
  if (found === undefined) throw new MethodNotAllowed(method, allowOf(offered));
  return found;
}

function allowOf(offered: readonly Route['method'][]): string {
  return [...offered.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])), 'OPTIONS'].join(
    ', ',
  );
}

/** No word of CORS: pages of other sites have nothing to ask here. */
function sendOptions(response: express.Response, offered: readonly Route['method'][]): void {
  response.writeHead(204, { allow: allowOf(offered) }).end();
}

function sendDocument(request: express.Request, response: express.Response, text: string): void {
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}
