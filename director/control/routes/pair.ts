// Routes about the pair.
import * as ha from '../ha-schema.ts';
import type { Route } from '../route.ts';

export const pair = {
  ha: {
    method: 'GET',
    path: '/ha',
    summary: 'The pair: heartbeat, peer, links, sync',
    reply: ha.haSchema,
    role: 'viewer',
  },
  switchover: {
    method: 'POST',
    path: '/ha/switchover',
    summary: 'The active hands the virtual IPs to its peer, after checks',
    body: ha.switchoverBodySchema,
    reply: ha.switchoverSchema,
    active: true,
    role: 'operator',
    audited: true,
  },
  hold: {
    method: 'POST',
    path: '/ha/hold',
    summary: 'This director stands by, and claims nothing until release',
    reply: ha.haOrderSchema,
    role: 'operator',
    audited: true,
  },
  release: {
    method: 'POST',
    path: '/ha/release',
    summary: 'Ends hold',
    reply: ha.haOrderSchema,
    role: 'operator',
    audited: true,
  },
} as const satisfies Record<string, Route>;
