// What follows from the answers of the control API: states, never occurrences, and no role before there is one.
import { expect, it } from 'vitest';
import type { ServerStatus, Status } from '../control/schema.ts';
import { factsOf, serverFacts } from './facts.ts';

const status = (more: Readonly<Record<string, unknown>>): Status =>
  ({
    now: 1_000,
    role: 'standby',
    role_because: 'starting',
    services: [],
    virtual_ips: [],
    problems: [],
    ...more,
  }) as unknown as Status;

it('of a pair the heartbeat says who is active, and nobody before it has spoken', () => {
  expect(factsOf(status({})).role).toBe('standby');
  for (const [heartbeat, role] of [
    [undefined, undefined],
    [{ running: false }, undefined],
    [{ role: 'starting' }, undefined],
    [{ role: 'active' }, 'active'],
  ])
    expect(factsOf(status({ ha: { pair: true, heartbeat } })).role).toBe(role);
});

it('services, VIPs and problems that no event tells are states', () => {
  const { news, complete } = factsOf(
    status({
      services: [
        { name: 'www', health: 'down', because: 'none' },
        { name: 'dns', health: 'unknown', because: '' },
      ],
      virtual_ips: [
        { address: '10.0.0.100/24', state: 'failed', detail: 'no such device' },
        { address: '10.0.0.101/24', state: 'up' },
      ],
      problems: [
        { code: 'store-behind', subject: 'store', detail: 'the disk refuses' },
        { code: 'peer-silent', subject: 'lb2', detail: 'told by an event' },
      ],
    }),
  );
  expect(news.map(({ key, level }) => `${key}: ${level}`)).toEqual([
    'service www: critical',
    'vip 10.0.0.100: critical',
    'problem store-behind store: warning',
  ]);
  expect(complete).toEqual(['vip', 'problem']);
});

it('a server is what it is known to be since when; a sorry server and an unknown one are no news', () => {
  const server = (name: string, health: string, role = 'server') =>
    ({ service: 'www', name, role, health, health_reason: 'so', health_since: 7 }) as unknown as ServerStatus;
  const { news } = serverFacts(
    [server('a', 'down'), server('b', 'unknown'), server('sorry', 'down', 'sorry'), server('c', 'up')],
    9,
  );
  expect(news.map(({ key, level, since }) => [key, level, since])).toEqual([
    ['server www/a', 'warning', 7],
    ['server www/c', 'ok', 7],
  ]);
});
