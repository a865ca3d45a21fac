// GET /metrics: for tokens of any role, or for everyone where that is wanted. A director that does not answer is a sample too.
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import express from 'express';
import type { Identity } from '../../director/control/account-schema.ts';
import { isAbsence } from '../mirror/absence.ts';
import {
  CONTENT_TYPE,
  type MetricsPicture,
  type RenderOptions,
  renderAbsence,
  renderMetrics,
} from './core/render.ts';
import { isRead, send } from './plain.ts';
import { shared } from './shared.ts';

const gzip = promisify(zlib.gzip);
const TEXT = 'text/plain; charset=utf-8';
const BEARER = /^Bearer fl_\S{1,250}$/i;

export interface MetricsOptions extends RenderOptions {
  /** Undefined: the director does not answer. See picture.ts. */
  readonly picture: () => Promise<MetricsPicture | undefined>;
  readonly authenticate: (request: express.Request) => Promise<Identity | undefined>;
  /** true: without a token. */
  readonly open?: boolean;
}

export function metricsRouter(options: MetricsOptions): express.Router {
  const render = shared(async () => {
    const picture = await options.picture();
    return picture === undefined ? renderAbsence() : renderMetrics(picture, options);
  });

  async function serve(request: express.Request, response: express.Response): Promise<void> {
    if (!isRead(request, response)) return;
    if (options.open !== true && !(await isAllowed(request))) {
      response.setHeader('www-authenticate', 'Bearer realm="fairlead"');
      send(request, response, 401, TEXT, 'This needs a token: Authorization: Bearer fl_…\n');
      return;
    }
    const text = await render();
    response.setHeader('vary', 'accept-encoding');
    if (request.acceptsEncodings('gzip') !== 'gzip') {
      send(request, response, 200, CONTENT_TYPE, text);
      return;
    }
    const body = await gzip(text, { level: 1 });
    response.setHeader('content-encoding', 'gzip');
    send(request, response, 200, CONTENT_TYPE, body);
  }

  async function isAllowed(request: express.Request): Promise<boolean> {
    // A session is for people: a page of another site must not learn anything by it.
    if (!BEARER.test(request.headers.authorization ?? '')) return false;
    return (await options.authenticate(request))?.kind === 'token';
  }

  const router = express.Router();
  router.all('/metrics', (request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else if (isAbsence(error)) send(request, response, 503, TEXT, `${error.message}\n`);
      else send(request, response, 500, TEXT, 'Something went wrong inside.\n');
    });
  });
  return router;
}
