// Routes that give orders about a real server.
import type { Route } from '../route.ts';
import * as schema from '../schema.ts';

export const orders = {
  drain: {
    method: 'POST',
    path: '/services/:service/servers/:server/drain',
    summary: 'No new connection; the present ones go on',
    body: schema.drainBodySchema,
    reply: schema.changeSchema,
    conditional: true,
    active: true,
    role: 'operator',
    audited: true,
  },
  enable: {
    method: 'POST',
    path: '/services/:service/servers/:server/enable',
    summary: 'Back to work',
    reply: schema.changeSchema,
    conditional: true,
    active: true,
    role: 'operator',
    audited: true,
  },
  disable: {
    method: 'POST',
    path: '/services/:service/servers/:server/disable',
    summary: 'Out of service at once, by the removal policy of the service',
    reply: schema.changeSchema,
    conditional: true,
    active: true,
    role: 'operator',
    audited: true,
  },
  weight: {
    method: 'POST',
    path: '/services/:service/servers/:server/weight',
    summary: 'Another weight by order',
    body: schema.weightBodySchema,
    reply: schema.changeSchema,
    conditional: true,
    active: true,
    role: 'operator',
    audited: true,
  },
  probe: {
    method: 'POST',
    path: '/probe-now',
    summary: 'Probes at once, without waiting for the interval',
    body: schema.probeBodySchema,
    reply: schema.probeSchema,
    role: 'operator',
    audited: true,
  },
} as const satisfies Record<string, Route>;
