// What the peer may ask for once it has shown the key: who we are, our reading of its state, and our control API. Bodies
// are limited and checked, few requests are under way at once, and no error leaves without a code.
import type http from 'node:http';
import { toProblem } from '../control/problem.ts';
import { BODY_MAX_BYTES } from '../control/server.ts';
import type { Clock } from '../model/clock.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import { collectText } from './collect.ts';
import { flatten, passable } from './headers.ts';
import type { Answer, StateMessage } from './message.ts';
import { CONTROL_PREFIX, HELLO_PATH, STATE_MAX_BYTES, STATE_PATH, stateMessageSchema } from './message.ts';
import type { Refusals } from './refusals.ts';
import type { PeerReply, PeerRequest } from './types.ts';

const IN_FLIGHT_MAX = 32;
const STATES_IN_FLIGHT_MAX = 2;
/** The asking end gives up before. */
const SERVE_TIMEOUT_MS = 15_000;

export interface RouterOptions {
  readonly clock: Clock;
  readonly refusals: Refusals;
  answer(): Answer;
  /** 409: the state has to be sent complete. */
  takeState(message: StateMessage, bytes: number): { readonly status: 200 | 409; readonly answer: Answer };
  serve(request: PeerRequest & { readonly body: string }): Promise<PeerReply>;
}

type Reply = Pick<PeerReply, 'status' | 'body'> & Partial<PeerReply>;

export function createRouter(options: RouterOptions) {
  const inFlight = { all: 0, states: 0 };
  const within = async (kind: 'all' | 'states', limit: number, run: () => Promise<Reply>): Promise<Reply> => {
    if (inFlight[kind] >= limit)
      throw new FairleadError('busy', 'Too many requests of the peer are under way.');
    inFlight[kind]++;
    try {
      return await run();
    } finally {
      inFlight[kind]--;
    }
  };
  const handle = (request: http.IncomingMessage): Promise<Reply> => {
    const { method = '', url = '' } = request;
    if (url === HELLO_PATH && method === 'GET') return Promise.resolve(json(200, options.answer()));
    if (url === STATE_PATH && method === 'PUT')
      return within('states', STATES_IN_FLIGHT_MAX, () => takeState(options, request));
    if (url.startsWith(CONTROL_PREFIX)) return serve(options, request, method, url);
    throw new FairleadError('unknown-route', `The peer channel has nothing for ${method} here.`);
  };
  return (request: http.IncomingMessage, response: http.ServerResponse): void => {
    // Whoever breaks off in the middle is not there to be told.
    response.on('error', () => response.destroy());
    within('all', IN_FLIGHT_MAX, async () => handle(request))
      .then((reply) => send(request, response, reply))
      .catch((error: unknown) => refuse(options, request, response, error));
  };
}

async function takeState(options: RouterOptions, request: http.IncomingMessage): Promise<Reply> {
  const text = await collectText(request, STATE_MAX_BYTES);
  const parsed = stateMessageSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw badRequest(`${['body', ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'not as expected'}`);
  }
  const { status, answer } = options.takeState(parsed.data, Buffer.byteLength(text));
  return json(status, answer);
}

async function serve(
  options: RouterOptions,
  request: http.IncomingMessage,
  method: string,
  path: string,
): Promise<Reply> {
  const body = await collectText(request, BODY_MAX_BYTES);
  const late = Promise.withResolvers<never>();
  using _timer = options.clock.after(SERVE_TIMEOUT_MS, () =>
    late.reject(new FairleadError('busy', 'The director did not answer in time.')),
  );
  try {
    return await Promise.race([
      options.serve({ method, path, headers: flatten(request.headers), body }),
      late.promise,
    ]);
  } catch (error) {
    // An answer like any other: the channel has turned nothing away.
    return problemReply(error);
  }
}

function problemReply(error: unknown): Reply {
  const problem = toProblem(error);
  const headers = { 'content-type': 'application/problem+json; charset=utf-8' };
  return { status: problem.status, headers, body: JSON.stringify(problem) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest('the body is not JSON');
  }
}

export function badRequest(detail: string): FairleadError {
  return new FairleadError('bad-request', `The request cannot be understood: ${detail}.`, {
    exit: EXIT.usage,
  });
}

function json(status: number, value: unknown): Reply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

function send(request: http.IncomingMessage, response: http.ServerResponse, reply: Reply): void {
  if (response.destroyed) return;
  // A body that nobody reads would keep the connection busy.
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(reply.status, {
    ...passable(reply.headers ?? {}),
    'content-length': Buffer.byteLength(reply.body),
  });
  response.end(reply.body);
}

function refuse(
  options: RouterOptions,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  error: unknown,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  options.refusals.count(toProblem(error).code, request.socket.remoteAddress);
  send(request, response, problemReply(error));
}
