// The console as an express app, put together from its parts: headers, assets, API and metrics, door, pages.
import express, { type Express } from 'express';
import { FairleadError } from '../director/model/error.ts';
import type { Assets } from './assets.ts';
import { SECURITY_HEADERS } from './http/headers.ts';
import { FORM_MAX_BYTES } from './http/input.ts';
import { type DoorOptions, doorRoutes } from './session/door.ts';
import { lastResort, pageRoutes, type ShellOptions, themeOf } from './shell.ts';

export interface AppOptions extends Omit<ShellOptions, 'url'> {
  readonly assets: Assets;
  readonly door: Pick<DoorOptions, 'client'>;
  /** Routers that look after themselves, in order: API, metrics, health. */
  readonly before: readonly express.Router[];
  readonly tell: (error: unknown) => void;
}

const YEAR_S = 31_536_000;

export function createApp(options: AppOptions): Express {
  const { assets, clock } = options;
  const url = (name: string): string => assets.url(name);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', false);
  app.set('query parser', 'simple');
  app.use((_request, response, next) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    next();
  });
  app.get('/assets/:name', (request, response) => {
    const asset = assets.find(String(request.params.name));
    if (asset === undefined) throw new FairleadError('unknown-route', 'There is no such file.');
    const packed = request.acceptsEncodings('gzip') === 'gzip';
    const body = packed ? asset.gzip : asset.body;
    response.writeHead(200, {
      'content-type': asset.type,
      'content-length': body.length,
      'cache-control': `public, max-age=${YEAR_S}, immutable`,
      vary: 'accept-encoding',
      ...(packed ? { 'content-encoding': 'gzip' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  for (const router of options.before) app.use(router);
  app.use(express.urlencoded({ extended: false, limit: FORM_MAX_BYTES, parameterLimit: 5_000 }));
  app.use(
    doorRoutes({
      ...options.door,
      url,
      themeOf,
      now: () => clock.now(),
      changed: () => options.identifier.forget(),
    }),
  );
  app.use(pageRoutes({ ...options, url }));
  app.use((request) => {
    throw new FairleadError('unknown-route', `There is no page at ${request.path}.`);
  });
  app.use(lastResort({ url, tell: options.tell }));
  return app;
}
