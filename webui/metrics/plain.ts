// Answers for machines that look after the console: plain text, or JSON where it is asked for, never kept.
import type express from 'express';

export function isRead(request: express.Request, response: express.Response): boolean {
  if (request.method === 'GET' || request.method === 'HEAD') return true;
  response.setHeader('allow', 'GET, HEAD');
  send(request, response, 405, 'text/plain; charset=utf-8', `${request.method} is not offered here.\n`);
  return false;
}

export function send(
  request: express.Request,
  response: express.Response,
  status: number,
  type: string,
  body: string | Buffer,
): void {
  if (response.destroyed) return;
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(status, {
    ...{ 'content-type': type, 'content-length': Buffer.byteLength(body) },
    ...{ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
