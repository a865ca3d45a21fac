// The typed client of the control API: over the Unix socket, one request per call. Errors come back as the
// FairleadErrors that they left as; a director that is not there is told as such.
import http from 'node:http';
import type { z } from 'zod';
import { EXIT, type ExitCode, FairleadError } from '../model/error.ts';
import type { AccountRole } from './account-schema.ts';
import type { Live } from './live-schema.ts';
import {
  type BodyInputOf,
  type QueryInputOf,
  type ReplyOf,
  type Route,
  type RouteName,
  routes,
} from './routes.ts';
import { type ApiEvent, eventSchema, type Problem, problemSchema } from './schema.ts';

const REPLY_MAX_BYTES = 256 * 1024 * 1024;
const REPLY_TIMEOUT_MS = 30_000;
const LINE_MAX_BYTES = 1024 * 1024;

/** An error that the director answered with, places in the input included. */
export class ControlError extends FairleadError {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.code, problem.detail, {
      exit: problem.exit as ExitCode,
      ...(problem.remedy === undefined ? {} : { remedy: problem.remedy }),
    });
    this.name = 'ControlError';
    this.problem = problem;
  }
}

export interface CallOptions<N extends RouteName> {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: QueryInputOf<N>;
  readonly body?: BodyInputOf<N>;
  /** Revision that the caller has seen; needed by routes that change something. */
  readonly ifMatch?: number | '*';
}

export interface ControlClient {
  call<N extends RouteName>(name: N, options?: CallOptions<N>): Promise<ReplyOf<N>>;
  /** The revision in force, from the ETag. */
  revision(): Promise<number>;
  /** Ends when the director ends or the signal aborts. */
  follow(since: number | undefined, signal: AbortSignal): AsyncGenerator<ApiEvent>;
  /** Everything, then once a second what has changed. Ends as follow() does. */
  live(signal: AbortSignal): AsyncGenerator<Live>;
}

/** In whose name, and through which door; a role makes the director hold every call against it. */
export interface Caller {
  readonly author: string;
  readonly origin: string;
  readonly role?: AccountRole;
  /** For an answer; default: half a minute. */
  readonly timeout_ms?: number;
}

export function openControlClient(socket: string, caller: Caller): ControlClient {
  async function exchange(name: RouteName, options: CallOptions<RouteName>): Promise<http.IncomingMessage> {
    const route: Route = routes[name];
    const body =
      options.body === undefined
        ? undefined
        : Buffer.from(route.bodyKind === 'text' ? String(options.body) : JSON.stringify(options.body));
    const headers: http.OutgoingHttpHeaders = {
      'fairlead-author': printable(caller.author),
      'fairlead-origin': printable(caller.origin),
      ...(caller.role === undefined ? {} : { 'fairlead-role': caller.role }),
    };
    if (options.ifMatch !== undefined)
      headers['if-match'] = options.ifMatch === '*' ? '*' : `"${options.ifMatch}"`;
    if (body !== undefined) {
      headers['content-length'] = body.length;
      headers['content-type'] = route.bodyKind === 'text' ? 'application/yaml' : 'application/json';
    }
    return new Promise((resolve, reject) => {
      const request = http.request(
        { socketPath: socket, method: route.method, path: pathOf(route, options), headers, agent: false },
        resolve,
      );
      request.setTimeout(caller.timeout_ms ?? REPLY_TIMEOUT_MS, () =>
        request.destroy(new FairleadError('no-answer', `The director does not answer on ${socket}.`)),
      );
      request.on('error', (error) => reject(connectionError(error, socket)));
      request.end(body);
    });
  }

  return {
    async call<N extends RouteName>(name: N, options: CallOptions<N> = {}) {
      const response = await exchange(name, options as CallOptions<RouteName>);
      const value = await readJson(response);
      if (response.statusCode !== 200) throw toError(value, response.statusCode ?? 0);
      return (routes[name].reply as z.ZodType).parse(value) as ReplyOf<N>;
    },
    async revision() {
      const response = await exchange('revisions', {});
      const tag = /^"(\d+)"$/.exec(response.headers.etag ?? '');
      await readJson(response);
      if (tag === null) throw new FairleadError('no-answer', `What answers on ${socket} is no director.`);
      return Number(tag[1]);
    },
    async *follow(since, signal) {
      const options = { query: since === undefined ? {} : { since } } as CallOptions<RouteName>;
      for await (const data of stream('eventStream', options, signal)) yield eventSchema.parse(data);
    },
    async *live(signal) {
      for await (const data of stream('live', {}, signal)) yield readLive(data);
    },
  };

  /** The data of each server-sent event, parsed. */
  async function* stream(name: RouteName, options: CallOptions<RouteName>, signal: AbortSignal) {
    const response = await exchange(name, options);
    if (response.statusCode !== 200) throw toError(await readJson(response), response.statusCode ?? 0);
    response.socket.setTimeout(0);
    const stop = () => response.destroy();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop(); // while it was asked for
    try {
      for await (const line of lines(response, name === 'live' ? REPLY_MAX_BYTES : LINE_MAX_BYTES))
        if (line.startsWith('data: ')) yield JSON.parse(line.slice('data: '.length)) as unknown;
    } catch (error) {
      if (!signal.aborted) throw connectionError(error as Error, socket);
    } finally {
      signal.removeEventListener('abort', stop);
      response.destroy();
    }
  }
}

/** Its kind alone: applyLive() looks at the rest, and at what it would change. */
function readLive(data: unknown): Live {
  const kind = typeof data === 'object' && data !== null && 'kind' in data ? data.kind : undefined;
  if (kind === 'full' || kind === 'tick') return data as Live;
  throw new FairleadError('no-answer', 'What the director sends is no live picture.', {
    remedy: 'See that both are of the same version.',
  });
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

function pathOf(route: Route, options: CallOptions<RouteName>): string {
  const path = route.path.replace(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(options.params?.[name] ?? ''),
  );
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(options.query ?? {}))
    if (value !== undefined) query.set(key, String(value));
  return `/api/v1${path}${query.size > 0 ? `?${query}` : ''}`;
}

/** What it means that the socket could not be asked. */
export function connectionError(error: Error, socket: string): FairleadError {
  if (error instanceof FairleadError) return error;
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR')
    return new FairleadError('not-running', `fairlead is not running here (${socket}).`, {
      remedy:
        'Start it with "fairlead run --config FILE --node NAME", or name its folder with --runtime DIR.',
      cause: error,
    });
  if (code === 'EACCES' || code === 'EPERM')
    return new FairleadError('no-permission', `You may not talk to the director on ${socket}.`, {
      remedy: 'Use root, or join the group that owns the socket.',
      cause: error,
    });
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return new FairleadError('connection-lost', `The director on ${socket} ended before it had answered.`, {
      remedy: 'See its log, then "fairlead status".',
      cause: error,
    });
  return new FairleadError('no-answer', `The director on ${socket} cannot be asked: ${error.message}`, {
    cause: error,
  });
}

async function readJson(response: http.IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > REPLY_MAX_BYTES) throw new FairleadError('too-large', 'The answer is too large.');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks, length).toString('utf8'));
  } catch (cause) {
    throw new FairleadError('no-answer', 'The answer is not JSON.', { cause, exit: EXIT.failed });
  }
}

function toError(value: unknown, status: number): FairleadError {
  const parsed = problemSchema.safeParse(value);
  return parsed.success
    ? new ControlError(parsed.data)
    : new FairleadError('no-answer', `The director answered with status ${status}.`);
}

/** A long line comes in many pieces: each is searched once. */
async function* lines(response: http.IncomingMessage, length_max: number): AsyncGenerator<string> {
  let pieces: string[] = [];
  let length = 0;
  response.setEncoding('utf8');
  for await (const chunk of response as AsyncIterable<string>) {
    let begin = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', begin)) {
      yield pieces.join('') + chunk.slice(begin, end);
      pieces = [];
      length = 0;
      begin = end + 1;
    }
    pieces.push(chunk.slice(begin));
    length += chunk.length - begin;
    if (length > length_max) throw new FairleadError('too-large', 'A line of the event stream is too long.');
  }
}
