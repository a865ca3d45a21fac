// Who may come in: a session with its token against forgery, or a token for scripts, never both at once. Whoever is let in
// here is still held against the role of the route by the director, which records the refusal.
import { createHash, timingSafeEqual } from 'node:crypto';
import type express from 'express';
import type { Identity } from '../../director/control/account-schema.ts';
import { EXIT, FairleadError } from '../../director/model/error.ts';
import { badRequest } from './target.ts';

/** What must not be there twice: two readers could take different ones. */
const ONCE = [
  ...['authorization', 'content-encoding', 'content-length', 'content-type', 'expect', 'host'],
  ...['if-match', 'last-event-id', 'transfer-encoding', 'x-csrf-token'],
] as const;
const BEARER = /^Bearer fl_[A-Za-z0-9._~+/-]{1,250}=*$/i;
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface AdmissionOptions {
  readonly authenticate: (request: express.Request) => Promise<Identity | undefined>;
  /** The cookie that a session lives in. */
  readonly sessionCookie: string;
  /** Whether what was sent is the session's token; compares in constant time. */
  readonly isToken: (given: string, token: string) => boolean;
}

export function checkHeaders(request: express.Request): void {
  for (const name of ONCE)
    if ((request.headersDistinct[name]?.length ?? 0) > 1) throw badRequest(`${name} is there more than once`);
}

export async function admit(request: express.Request, options: AdmissionOptions): Promise<Identity> {
  const { authorization } = request.headers;
  if (authorization !== undefined && hasCookie(request, options.sessionCookie))
    throw badRequest('a session and a token at once: send one of them');
  if (authorization !== undefined && !BEARER.test(authorization)) throw unauthenticated();
  const identity = await options.authenticate(request);
  if (identity === undefined) throw unauthenticated();
  // A token elsewhere than in its header, or a session beside a header that does not hold, is nobody.
  if ((identity.kind === 'token') !== (authorization !== undefined)) throw unauthenticated();
  if (identity.first_run)
    throw forbidden('Nobody has an account yet: make the first one.', 'Log in to the console and follow it.');
  if (identity.kind === 'session' && !SAFE.has(request.method)) checkToken(request, identity, options);
  return identity;
}

function checkToken(request: express.Request, { csrf }: Identity, { isToken }: AdmissionOptions): void {
  const given = request.headers['x-csrf-token'];
  if (csrf !== undefined && csrf !== '' && typeof given === 'string' && isToken(given, csrf)) return;
  throw forbidden(
    'A change with a session needs its x-csrf-token.',
    'Scripts use a token (Authorization: Bearer fl_…) instead; pages load themselves again.',
  );
}

export function isSameText(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

function hasCookie(request: express.Request, name: string): boolean {
  const cookies = request.headers.cookie?.split(';') ?? [];
  return cookies.some((cookie) => cookie.split('=', 1)[0]!.trim() === name);
}

function unauthenticated(): FairleadError {
  return new FairleadError('unauthenticated', 'Nobody is logged in here.', {
    remedy: 'Send a token (Authorization: Bearer fl_…), or log in to the console.',
    exit: EXIT.refused,
  });
}

function forbidden(sentence: string, remedy: string): FairleadError {
  return new FairleadError('forbidden', sentence, { remedy, exit: EXIT.refused });
}
