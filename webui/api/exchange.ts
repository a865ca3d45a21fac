// One request to the director and its answer, both passed on as they come, neither kept whole. Whoever goes away, client or
// director, sets the other free.
import http from 'node:http';
import { pipeline } from 'node:stream/promises';
import type express from 'express';
import type { Identity } from '../../director/control/account-schema.ts';
import { connectionError } from '../../director/control/client.ts';
import type { Route } from '../../director/control/routes.ts';
import { EXIT, FairleadError } from '../../director/model/error.ts';
import { badRequest, type Offer } from './target.ts';

/** As the control socket has it. */
const BODY_MAX_BYTES = 4 * 1024 * 1024;
const REPLY_TIMEOUT_MS = 30_000;
/** A client that takes nothing for so long is let go. */
const TAKE_TIMEOUT_MS = 30_000;
const PASSED_ON = ['content-type', 'content-length', 'etag', 'retry-after'] as const;
const TAG = /^(?:\*|"\d{1,15}"(?:, *"\d{1,15}"){0,7})$/;
const TYPES: Readonly<Record<'json' | 'text', RegExp>> = {
  json: /^application\/json\s*(;|$)/i,
  text: /^(?:application\/(?:x-)?yaml|text\/(?:x-)?yaml|text\/plain)\s*(;|$)/i,
};

export interface Asked {
  readonly socket: string;
  readonly offer: Offer;
  readonly identity: Identity;
  readonly origin: string;
}

/** Throws before anything is sent to the director; afterwards it is the director's answer that counts. */
export function checkContent(request: express.Request, route: Route): void {
  const { headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (!hasBody) return;
  if (route.method === 'GET') throw badRequest('GET takes no body');
  if (Number(headers['content-length'] ?? 0) > BODY_MAX_BYTES) throw tooLarge();
  const kind = route.bodyKind ?? 'json';
  const type = headers['content-type'];
  if (headers['content-encoding'] !== undefined || (type !== undefined && !TYPES[kind].test(type)))
    throw new FairleadError(
      'wrong-media-type',
      `The body must be ${kind === 'json' ? 'application/json' : 'application/yaml'}, not compressed.`,
      { exit: EXIT.usage },
    );
  // What somebody else has read is gone; an order without its body would be another order.
  if (request.readableDidRead) throw new Error('the body has been read already');
}

function headersOf(request: express.Request, { identity, origin }: Asked): http.OutgoingHttpHeaders {
  const tag = request.headers['if-match'];
  if (tag !== undefined && !TAG.test(tag))
    throw badRequest('If-Match must be an ETag as the API gives it, or *');
  const after = request.headers['last-event-id'];
  return {
    'fairlead-author': printable(identity.user),
    'fairlead-origin': printable(origin),
    'fairlead-role': identity.role,
    ...(tag === undefined ? {} : { 'if-match': tag }),
    ...(typeof after === 'string' && /^\d{1,15}$/.test(after) ? { 'last-event-id': after } : {}),
  };
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

/** Opens the request to the director; it ends with the client's connection. */
export function askDirector(request: express.Request, response: express.Response, asked: Asked) {
  const { socket, offer } = asked;
  const headers = headersOf(request, asked);
  const length = request.headers['content-length'];
  if (offer.route.method === 'POST') {
    headers['content-type'] = offer.route.bodyKind === 'text' ? 'application/yaml' : 'application/json';
    if (length !== undefined) headers['content-length'] = Number(length);
    else if (request.headers['transfer-encoding'] === undefined) headers['content-length'] = 0;
  }
  const upstream = http.request({
    ...{ socketPath: socket, method: offer.route.method, path: offer.path, headers, agent: false },
  });
  upstream.setTimeout(REPLY_TIMEOUT_MS, () =>
    upstream.destroy(new FairleadError('no-answer', 'The director does not answer.')),
  );
  response.once('close', () => upstream.destroy());
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    upstream.once('response', resolve);
    // Also for what comes after the answer: it is then the answer's stream that ends early.
    upstream.on('error', (error) =>
      reject(error instanceof FairleadError ? error : connectionError(error, socket)),
    );
  });
  if (offer.route.method === 'GET') upstream.end();
  else sendBody(request, upstream).catch((error: Error) => upstream.destroy(error));
  return { upstream, answered };
}

async function sendBody(request: express.Request, upstream: http.ClientRequest): Promise<void> {
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_MAX_BYTES) throw tooLarge();
    if (upstream.destroyed) return;
    if (!upstream.write(chunk)) await drained(upstream);
  }
  upstream.end();
}

function drained(upstream: http.ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      upstream.off('drain', done).off('close', done);
      resolve();
    };
    upstream.on('drain', done).on('close', done);
  });
}

function passHead(reply: http.IncomingMessage, response: express.Response): void {
  for (const name of PASSED_ON) {
    const value = reply.headers[name];
    if (value !== undefined) response.setHeader(name, value);
  }
  response.writeHead(reply.statusCode ?? 502);
}

export async function passReply(
  request: express.Request,
  response: express.Response,
  reply: http.IncomingMessage,
): Promise<void> {
  if (!request.complete) response.setHeader('connection', 'close');
  passHead(reply, response);
  if (request.method === 'HEAD') {
    response.end();
    reply.destroy();
    return;
  }
  response.setTimeout(TAKE_TIMEOUT_MS, () => response.destroy());
  await pipeline(reply, response);
}

function tooLarge(): FairleadError {
  return new FairleadError('too-large', `The body is larger than ${BODY_MAX_BYTES / 1024 / 1024} MiB.`, {
    exit: EXIT.usage,
  });
}
