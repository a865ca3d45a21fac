// What a request asks for, read strictly: a path that is well encoded and has no dots to climb by, keys that come once. What
// is handed on to the director is written anew from what was understood here, so that the two can never read one request
// in two ways.
import { type Route, type RouteName, routes } from '../../director/control/routes.ts';
import { EXIT, FairleadError } from '../../director/model/error.ts';

const PREFIX = '/api/v1';
/** Below the 16 KiB that the director takes for all headers. */
const TARGET_MAX_LENGTH = 12_288;
/** RFC 3986 3.3 and 3.4; a fragment, a backslash or an absolute form does not fit. */
const FORM =
  /^(\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)(?:\?((?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*))?$/;
const UNSAFE = /[/\\\p{Cc}]/u;

export interface Target {
  /** Decoded, below /api/v1. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

export interface Offer {
  readonly name: RouteName;
  readonly route: Route;
  /** For the director. */
  readonly path: string;
}

export function badRequest(detail: string): FairleadError {
  return new FairleadError('bad-request', `The request cannot be understood: ${detail}.`, {
    exit: EXIT.usage,
  });
}

export function readTarget(text: string): Target {
  if (text.length > TARGET_MAX_LENGTH)
    throw badRequest(`the request target is longer than ${TARGET_MAX_LENGTH} characters`);
  const form = FORM.exec(text);
  if (form === null) throw badRequest('the request target is no well-formed path');
  const [, path = '', search = ''] = form;
  if (path !== PREFIX && !path.startsWith(`${PREFIX}/`)) throw unknownRoute();
  return { segments: path.slice(PREFIX.length).split('/').slice(1).map(decode), query: readQuery(search) };
}

function decode(segment: string): string {
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch {
    throw badRequest('the path is not well encoded');
  }
  if (text === '.' || text === '..' || UNSAFE.test(text))
    throw badRequest('the path has a part that cannot be a name');
  return text;
}

function readQuery(search: string): URLSearchParams {
  const query = new URLSearchParams(search);
  for (const key of query.keys())
    if (query.getAll(key).length > 1) throw badRequest(`${JSON.stringify(key)} is there more than once`);
  return query;
}

const table = (Object.entries(routes) as [RouteName, Route][])
  .filter(([, route]) => route.inside !== true)
  .map(([name, route]) => ({ name, route, parts: route.path.split('/').slice(1) }));

/** By method; throws where there is nothing for the outside. */
export function findOffers(target: Target): ReadonlyMap<Route['method'], Offer> {
  const offers = new Map<Route['method'], Offer>();
  for (const { name, route, parts } of table)
    if (!offers.has(route.method) && fits(parts, target.segments))
      offers.set(route.method, { name, route, path: pathOf(target) });
  if (offers.size === 0) throw unknownRoute();
  return offers;
}

/** Fixed parts win over named ones by their order in the tables, as at the director. */
function fits(parts: readonly string[], segments: readonly string[]): boolean {
  return (
    parts.length === segments.length &&
    parts.every((part, index) => (part.startsWith(':') ? segments[index] !== '' : part === segments[index]))
  );
}

function pathOf({ segments, query }: Target): string {
  const path = [PREFIX, ...segments.map(encodeURIComponent)].join('/');
  const whole = query.size === 0 ? path : `${path}?${query}`;
  if (whole.length > TARGET_MAX_LENGTH)
    throw badRequest(`the request target is longer than ${TARGET_MAX_LENGTH} characters`);
  return whole;
}

function unknownRoute(): FairleadError {
  return new FairleadError('unknown-route', 'There is nothing at this address.', {
    remedy: 'See /api/v1/openapi.json, or docs/api.md, for what is offered.',
  });
}
