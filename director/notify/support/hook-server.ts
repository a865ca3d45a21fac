// A receiver of webhooks on loopback for tests: keeps what comes, and answers as it is told.
import http from 'node:http';
import https from 'node:https';
import { type Certificate, listen } from '../../../monitor/support/servers.ts';

export interface Received {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  readonly json: Readonly<Record<string, unknown>>;
}

export async function serveHooks(
  answer: http.RequestListener = (_request, response) => response.end('ok'),
  certificate?: Certificate,
) {
  const received: Received[] = [];
  const onRequest: http.RequestListener = (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('error', () => {});
    request.on('end', () => {
      const json = body === '' ? {} : (JSON.parse(body) as Record<string, unknown>);
      received.push({ path: request.url ?? '', headers: request.headers, body, json });
      answer(request, response);
    });
  };
  const server =
    certificate === undefined
      ? http.createServer(onRequest)
      : https.createServer({ ...certificate }, onRequest);
  const listening = await listen(server);
  const url = `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${listening.target.port}/hook?a=b`;
  return { ...listening, url, received };
}
