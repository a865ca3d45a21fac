// Answers of the console: a page, compressed where the browser takes it, or a redirect after a write. Pages are never
// cached, as they show what is so now and to whom it may be shown.
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { Request, Response } from 'express';

const gzip = promisify(zlib.gzip);
/** Smaller ones grow by it. */
const WORTHWHILE_BYTES = 1_024;

export async function sendHtml(
  request: Request,
  response: Response,
  status: number,
  text: string,
): Promise<void> {
  const headers: Record<string, string> = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    vary: 'accept-encoding',
  };
  let body: Buffer = Buffer.from(text);
  if (body.length >= WORTHWHILE_BYTES && request.acceptsEncodings('gzip') === 'gzip') {
    // Level 4 takes half the time of the default for a tenth more bytes.
    body = await gzip(body, { level: 4 });
    headers['content-encoding'] = 'gzip';
  }
  if (response.destroyed) return;
  response.writeHead(status, { ...headers, 'content-length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** After a write: the browser asks for the page anew, and reloading it repeats nothing (RFC 9110 15.4.4). */
export function seeOther(response: Response, to: string): void {
  response.writeHead(303, { location: to, 'cache-control': 'no-store', 'content-length': 0 });
  response.end();
}
