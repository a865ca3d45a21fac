// One request of the control API, wherever it came from: the Unix socket or the peer. Finds the route, checks what was
// sent, hands on to the active what only that does, and makes an answer of what the handler gives or throws.
import { EXIT, FairleadError } from '../model/error.ts';
import { isAllowed, ROLES } from './account-schema.ts';
import type { AuditEntry, AuditNote, ControlBackend, ControlRequest, RawReply } from './backend.ts';
import { toProblem } from './problem.ts';
import { type Route, type RouteName, routes } from './routes.ts';

const ORIGIN_MAX = 160;

export interface ControlCall {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Lower case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readBody(): Promise<Buffer>;
  /** Handed on by the other director: never handed on again. */
  readonly cameFromPeer: boolean;
  /** Its name. */
  readonly peer?: string;
}

/** Headers that mean something to the active too. */
const HANDED_ON = [
  'if-match',
  'fairlead-author',
  'fairlead-origin',
  'fairlead-role',
  'content-type',
] as const;

/** Throws what toRefusal() tells. */
export async function answer(backend: ControlBackend, call: ControlCall): Promise<RawReply> {
  const url = parseUrl(call.target);
  const { name, route, params } = findRoute(call.method, url.pathname);
  const query = parse(route.query, Object.fromEntries(url.searchParams), 'query');
  if (route.query === undefined && url.searchParams.size > 0)
    throw badRequest(`this route takes no query, got ${[...url.searchParams.keys()].join(', ')}`);
  if (route.stream) throw badRequest('a stream cannot be had here');
  const bytes = route.method === 'POST' ? await call.readBody() : undefined;
  const body = bytes && readBody(bytes, route);
  const precondition = (): void => {
    if (route.conditional) checkPrecondition(call.headers['if-match'], backend.revision());
  };
  const author = wordOf(call.headers['fairlead-author'], 64);
  const told = wordOf(call.headers['fairlead-origin'], ORIGIN_MAX);
  const origin = call.peer === undefined ? told : `peer ${call.peer}: ${told}`;
  let noted: AuditNote = {};
  const audit = (outcome: AuditEntry['outcome'], detail: string): void => {
    if (route.audited && !isRehearsal(query) && !isRehearsal(body))
      backend.audit({
        ...{ who: author, origin, action: name, target: Object.values(params).join('/') },
        ...noted,
        ...{ outcome, detail },
      });
  };
  // Each handler's types follow from its route; the table has just checked them.
  const handler = backend.handlers[name as keyof typeof backend.handlers] as (
    asked: ControlRequest<RouteName>,
  ) => unknown;
  try {
    const elsewhere = route.active && (await forward(backend, call, bytes));
    if (elsewhere) return elsewhere;
    checkRole(call.headers['fairlead-role'], route, author);
    precondition();
    const reply = await handler({
      ...{ params, query, body, author, origin },
      note: (change) => {
        noted = { ...noted, ...change };
      },
      checkPrecondition: precondition,
    } as ControlRequest<RouteName>);
    audit('done', '');
    // What changes the active's state is confirmed when the peer knows it. If that has taken over without it, it is told again.
    if (route.conditional && (await backend.confirm?.()) === false) {
      const again = await forward(backend, call, bytes);
      if (again) return again;
    }
    return toReply(200, 'application/json', reply, { etag: `"${backend.revision()}"` });
  } catch (error) {
    const { code, detail, status } = toProblem(error);
    audit(status >= 500 ? 'failed' : 'refused', `${code}: ${detail}`);
    throw error;
  }
}

/** The active's answer, which has recorded what was asked of it; undefined: it is done here. */
async function forward(
  backend: ControlBackend,
  call: ControlCall,
  bytes: Buffer | undefined,
): Promise<RawReply | undefined> {
  const body = bytes?.toString('utf8') ?? '';
  const request = { method: call.method, path: call.target, headers: handedOn(call), body };
  return backend.forward?.(request, call.cameFromPeer);
}

/** What is only tried out changes nothing. */
function isRehearsal(part: unknown): boolean {
  return typeof part === 'object' && part !== null && 'dry_run' in part && part.dry_run === true;
}

/** The console says on whose behalf it asks; whoever else may open the socket may everything. */
function checkRole(given: string | undefined, route: Route, author: string): void {
  if (given === undefined) return;
  const role = ROLES.find((each) => each === given);
  if (role !== undefined && isAllowed(role, route.role)) return;
  throw new FairleadError('forbidden', `${author} may not do this: it takes the role ${route.role}.`, {
    remedy: `Ask an admin for the role ${route.role}, or someone who has it.`,
    exit: EXIT.refused,
  });
}

export function toRefusal(error: unknown): RawReply {
  const problem = toProblem(error);
  return toReply(problem.status, 'application/problem+json', problem, {});
}

function toReply(
  status: number,
  type: string,
  value: unknown,
  more: Readonly<Record<string, string>>,
): RawReply {
  return {
    status,
    headers: { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store', ...more },
    body: JSON.stringify(value),
  };
}

function handedOn(call: ControlCall): Record<string, string> {
  return Object.fromEntries(
    HANDED_ON.flatMap((header) => {
      const value = call.headers[header];
      return value === undefined ? [] : [[header, value]];
    }),
  );
}

export function parseUrl(text: string): URL {
  if (!text.startsWith('/')) throw badRequest('the request target must be a path');
  const url = URL.parse(text, 'http://control');
  if (url === null) throw badRequest('the request target is no path');
  return url;
}

export interface Found {
  readonly name: RouteName;
  readonly route: Route;
  readonly params: Record<string, string>;
}

const PREFIX = '/api/v1';
const table = (Object.entries(routes) as [RouteName, Route][]).map(([name, route]) => ({
  name,
  route,
  segments: route.path.split('/').slice(1),
}));

export function findRoute(method: string, pathname: string): Found {
  if (pathname === PREFIX || pathname.startsWith(`${PREFIX}/`)) {
    const segments = pathname.slice(PREFIX.length).split('/').slice(1).map(decode);
    let otherMethod = false;
    for (const candidate of table) {
      const params = match(candidate.segments, segments);
      if (params === undefined) continue;
      if (candidate.route.method === method) return { name: candidate.name, route: candidate.route, params };
      otherMethod = true;
    }
    if (otherMethod)
      throw new FairleadError('method-not-allowed', `${method} is not offered for ${pathname}.`);
  }
  throw new FairleadError('unknown-route', `There is nothing at ${pathname}.`, {
    remedy: 'See docs/api.md for what the control API offers.',
  });
}

function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index]!;
    if (part.startsWith(':')) params[part.slice(1)] = segment;
    else if (part !== segment) return undefined;
  }
  return params;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest('the path is not well encoded');
  }
}

function readBody(bytes: Buffer, route: Route): unknown {
  if (route.body === undefined) {
    if (bytes.length > 0 && bytes.toString('utf8').trim() !== '{}')
      throw badRequest('this route takes no body');
    return undefined;
  }
  const text = decodeText(bytes);
  if (route.bodyKind === 'text') return parse(route.body, text, 'body');
  if (text.trim() === '') return parse(route.body, {}, 'body');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badRequest('the body is not JSON');
  }
  return parse(route.body, value, 'body');
}

function decodeText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FairleadError('bad-request', 'The body is not UTF-8 text.', { exit: EXIT.usage });
  }
}

export function parse(schema: Route['query'], value: unknown, where: string): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw badRequest(`${[where, ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'not as expected'}`);
}

function badRequest(detail: string): FairleadError {
  return new FairleadError('bad-request', `The request cannot be understood: ${detail}.`, {
    exit: EXIT.usage,
  });
}

/** RFC 9110 13.1.1: what one did not see one must not change. */
function checkPrecondition(given: string | undefined, revision: number): void {
  if (given === undefined)
    throw new FairleadError(
      'precondition-required',
      'A change needs If-Match with the ETag of the present revision.',
      {
        remedy: 'Read /api/v1/status first and send its ETag as If-Match.',
        exit: EXIT.usage,
      },
    );
  const tags = given.split(',').map((tag) => tag.trim());
  if (tags.includes('*') || tags.includes(`"${revision}"`)) return;
  throw new FairleadError(
    'stale',
    `The configuration has changed meanwhile: revision ${revision} is in force, not ${given}.`,
    {
      remedy: 'Look at what is in force now, then try again.',
      exit: EXIT.refused,
    },
  );
}

/** Whoever may open the socket is trusted to say for whom it speaks, and from where. */
function wordOf(given: string | undefined, length_max: number): string {
  const text = (given ?? '')
    .replace(/[^\x20-\x7e]/g, '')
    .trim()
    .slice(0, length_max);
  return text === '' ? 'unknown' : text;
}
