// webhook: the message as JSON by POST. Guarantees: ends within its time; reads no more than 64 KiB of the answer; follows
// redirects only on the same host (307, 308); what the other end will never take (4xx) is not tried again.
import { createHmac } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { NotificationConfig } from '../../config/configuration.ts';
import { toJson } from './render.ts';
import { readNamed, readSecret } from './secret.ts';
import {
  describeError,
  done,
  type Envelope,
  failed,
  type Outcome,
  type Send,
  type SendContext,
} from './sender.ts';

const ANSWER_MAX_BYTES = 64 * 1024;
const QUOTED_BYTES = 200;
const REDIRECTS_MAX = 3;
/** Request Timeout, Too Early, Too Many Requests: later it may be taken. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);

type Webhook = Extract<NotificationConfig, { kind: 'webhook' }>;

export function createWebhook(config: Webhook): Send {
  return async (envelope, context) => {
    const deadline = AbortSignal.timeout(context.timeout_ms);
    const signal = AbortSignal.any([deadline, context.signal]);
    try {
      return await post(config, envelope, context, signal);
    } catch (error) {
      if (deadline.aborted) return failed(`no answer within ${context.timeout_ms} ms`);
      return failed(describeError(error));
    }
  };
}

interface Request {
  readonly headers: http.OutgoingHttpHeaders;
  readonly body: Buffer;
  readonly ca: Buffer | undefined;
  readonly signal: AbortSignal;
}

async function post(
  config: Webhook,
  envelope: Envelope,
  { folder }: SendContext,
  signal: AbortSignal,
): Promise<Outcome> {
  const body = Buffer.from(toJson(envelope));
  const ca = config.caFile === undefined ? undefined : await readNamed(folder, config.caFile);
  const secret = config.secretFile === undefined ? undefined : await readSecret(folder, config.secretFile);
  const headers = {
    ...config.headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    'user-agent': `fairlead/${envelope.version}`,
    'fairlead-message': envelope.message.id,
    ...(secret === undefined
      ? {}
      : { 'fairlead-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` }),
  };
  let url = new URL(config.url);
  for (let turns = 0; turns <= REDIRECTS_MAX; turns++) {
    const { status, location, text } = await exchange(url, { headers, body, ca, signal });
    if (status >= 200 && status < 300) return done(`${status}`);
    const next = status === 307 || status === 308 ? URL.parse(location ?? '', url) : null;
    if (next === null) return refusal(status, text);
    if (next.host !== url.host || next.protocol !== url.protocol)
      return failed(`${status}: it leads to another host, ${next.host}`, false);
    url = next;
  }
  return failed(`more than ${REDIRECTS_MAX} redirects`, false);
}

function refusal(status: number, text: string): Outcome {
  const said = text === '' ? '' : `: ${text}`;
  return failed(`answered with status ${status}${said}`, status >= 500 || LATER.has(status));
}

function exchange(
  url: URL,
  { headers, body, ca, signal }: Request,
): Promise<{ status: number; location: string | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers, signal, agent: false };
    const request =
      url.protocol === 'https:'
        ? https.request(url, { ...options, ...(ca === undefined ? {} : { ca }) })
        : http.request(url, options);
    request.on('error', reject);
    request.on('response', (response) => {
      const { statusCode: status = 0 } = response;
      const { location } = response.headers;
      let text = '';
      let length = 0;
      const conclude = (): void => resolve({ status, location, text });
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (text.length < QUOTED_BYTES) text += chunk.subarray(0, QUOTED_BYTES).toString('utf8');
        // The status says it all; nobody needs the rest.
        if (length > ANSWER_MAX_BYTES) {
          conclude();
          request.destroy();
        }
      });
      response.on('end', conclude);
      response.on('error', reject);
      response.on('aborted', () => reject(new Error('the answer was cut off')));
    });
    request.end(body);
  });
}
