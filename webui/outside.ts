// What is open to programs rather than people: the API, metrics, health. Each router looks after itself; they come before
// anything that reads bodies.
import type { Request, Router } from 'express';
import type { Identity } from '../director/control/account-schema.ts';
import type { ControlClient } from '../director/control/client.ts';
import type { Clock } from '../director/model/clock.ts';
import { apiRouter } from './api/router.ts';
import { fromOf } from './http/from.ts';
import { healthRouter } from './metrics/health-router.ts';
import { metricsRouter } from './metrics/metrics-router.ts';
import { askPicture } from './metrics/picture.ts';
import type { Mirror } from './mirror/mirror.ts';
import { readCookie, SESSION_COOKIE } from './session/cookie.ts';
import { isToken } from './session/csrf.ts';
import type { Identifier } from './session/identify.ts';

export interface OutsideOptions {
  readonly socket: string;
  readonly client: ControlClient;
  readonly clock: Clock;
  readonly mirror: Mirror;
  readonly identifier: Identifier;
  readonly openMetrics: boolean;
}

export function outsideRoutes(options: OutsideOptions): readonly Router[] {
  const { client, clock, mirror, identifier } = options;
  const authenticate = async (request: Request): Promise<Identity | undefined> => {
    const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (bearer !== undefined) return identifier.identify('token', bearer, fromOf(request));
    const session = readCookie(request.headers.cookie, SESSION_COOKIE);
    return session === undefined ? undefined : identifier.identify('session', session, fromOf(request));
  };
  const fresh = () => (mirror.trouble() === undefined ? mirror.picture() : undefined);
  return [
    apiRouter({
      socket: options.socket,
      authenticate,
      originOf: (request, { kind, id }) => `api ${kind === 'token' ? `token ${id} ` : ''}${fromOf(request)}`,
      isToken: (given, token) => isToken(given, token),
    }),
    metricsRouter({
      picture: () => askPicture(client, fresh()),
      authenticate,
      open: options.openMetrics,
    }),
    healthRouter({ client, clock, trouble: () => mirror.trouble() }),
  ];
}
