// What is refused before the director is asked, or because it cannot be: an RFC 9457 body like its own.
import type express from 'express';
import { toProblem } from '../../director/control/problem.ts';
import { FairleadError } from '../../director/model/error.ts';

/** With the methods that there are (RFC 9110 15.5.6). */
export class MethodNotAllowed extends FairleadError {
  readonly allow: string;
  constructor(method: string, allow: string) {
    super('method-not-allowed', `${method} is not offered here, but ${allow}.`);
    this.allow = allow;
  }
}

export function refuse(request: express.Request, response: express.Response, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const problem = toProblem(error);
  const body = JSON.stringify(problem);
  if (error instanceof MethodNotAllowed) response.setHeader('allow', error.allow);
  if (problem.status === 401) response.setHeader('www-authenticate', challenge(request));
  // A body that nobody reads must not be taken for the next request.
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(problem.status, {
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** RFC 6750 3: says that a token was not taken, but not why. */
function challenge(request: express.Request): string {
  const realm = 'Bearer realm="fairlead"';
  return request.headers.authorization === undefined ? realm : `${realm}, error="invalid_token"`;
}
