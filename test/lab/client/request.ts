// One HTTP request over a connection of its own, from connect to the last byte. Settles exactly once.
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { failureKind } from './ledger.ts';
import type { FailureKind } from './traffic.ts';

export interface RequestOptions {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  readonly timeout_ms: number;
  /** Makes it a POST. Called until it gives undefined. */
  readonly body?: { readonly length: number; next(): Buffer | undefined };
  /** Takes the answer's bytes as they come; returns what is wrong with them, if anything. */
  take(chunk: Buffer): string | undefined;
}

export type RequestOutcome =
  | { readonly ok: true; readonly headers: IncomingHttpHeaders; readonly latency_ms: number }
  | { readonly ok: false; readonly kind: FailureKind; readonly detail: string };

export function requestOnce(options: RequestOptions): Promise<RequestOutcome> {
  return new Promise((resolve) => {
    const began = performance.now();
    const outgoing = httpRequest({
      host: options.address,
      port: options.port,
      path: options.path,
      agent: false,
      ...(options.body ? { method: 'POST', headers: { 'content-length': options.body.length } } : {}),
    });
    const settle = (outcome: RequestOutcome): void => {
      clearTimeout(timer);
      resolve(outcome); // later calls have no effect
      if (!outcome.ok) outgoing.destroy();
    };
    const fail = (kind: FailureKind, detail: string): void => settle({ ok: false, kind, detail });
    const timer = setTimeout(
      () => fail('timeout', `no whole answer in ${options.timeout_ms} ms`),
      options.timeout_ms,
    );
    outgoing.on('error', (error) => fail(failureKind(error), error.message));
    outgoing.on('response', (response) => {
      response.on('data', (chunk: Buffer) => {
        const wrong = options.take(chunk);
        if (wrong !== undefined) fail('corrupt', wrong);
      });
      response.on('error', (error) => fail(failureKind(error), error.message));
      response.on('end', () => {
        if (response.statusCode === 200)
          settle({ ok: true, headers: response.headers, latency_ms: performance.now() - began });
        else fail('status', `status ${response.statusCode}`);
      });
      response.on('close', () => {
        if (!response.complete) fail('closed', 'the answer was cut off');
      });
    });
    send(outgoing, options.body);
  });
}

function send(outgoing: ReturnType<typeof httpRequest>, body: RequestOptions['body']): void {
  const more = (): void => {
    for (let chunk = body?.next(); chunk !== undefined; chunk = body?.next()) {
      if (outgoing.write(chunk)) continue;
      outgoing.once('drain', more);
      return;
    }
    outgoing.end();
  };
  more();
}
