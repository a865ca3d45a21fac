import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServerConfig, ServiceConfig } from '../config/configuration.ts';
import { address } from '../model/address.ts';
import type { Health } from '../model/monitor.ts';
import { type ServerOrder, TRAFFIC_ORDERS } from '../model/orders.ts';
import { LIMITS, SCHEDULERS } from '../model/service.ts';
import { type DesiredInput, desiredServices } from './desired.ts';

function server(name: string, weight = 1): ServerConfig {
  const host = name.codePointAt(0)!;
  return { name, address: address(`10.1.0.${host}`), port: 80, method: 'nat', weight, probePort: 80 };
}

const MONITOR = {
  probe: { kind: 'tcp' },
  interval_ms: 1_000,
  fast_interval_ms: 500,
  timeout_ms: 500,
  rise: 2,
  fall: 3,
  jitter: 0,
} as const;

function service(more: Partial<ServiceConfig> = {}): ServiceConfig {
  return {
    name: 'www',
    listen: { protocol: 'tcp', address: address('10.0.0.100'), port: 80 },
    scheduler: 'wlc',
    removal: 'reset',
    down: 'remove',
    slowStart_ms: 0,
    monitors: [MONITOR],
    servers: [server('a'), server('b', 2)],
    ...more,
  };
}

interface Situation {
  readonly health?: Readonly<Record<string, Health>>;
  readonly orders?: readonly Omit<ServerOrder, 'service'>[];
  readonly ramp?: Readonly<Record<string, number>>;
  readonly hasBeenUp?: DesiredInput['hasBeenUp'];
}

function desired(config: ServiceConfig, situation: Situation = {}) {
  const [made] = desiredServices({
    services: [config],
    health: (_, each) => situation.health?.[each.name] ?? 'up',
    orders: (situation.orders ?? []).map((order) => ({ service: 'www', ...order })),
    ramp: (_, each) => situation.ramp?.[each.name] ?? 1,
    ...(situation.hasBeenUp ? { hasBeenUp: situation.hasBeenUp } : {}),
  });
  return made!;
}

/** `a=1 b=2`, in the engine's weights. */
const weights = (...of: Parameters<typeof desired>) =>
  desired(...of)
    .servers.map(({ spec }) => `${spec.name}=${spec.weight}`)
    .join(' ');
const shown = (...of: Parameters<typeof desired>) =>
  desired(...of)
    .servers.map(({ spec, shownWeight }) => `${spec.name}=${shownWeight}`)
    .join(' ');

describe('a service', () => {
  it('is told to the engine as configured', () => {
    const persistence = { timeout_s: 360, netmask_bits: 32 };
    expect(desired(service({ persistence, removal: 'silent' }))).toEqual({
      spec: { name: 'www', listen: service().listen, scheduler: 'wlc', persistence },
      removal: 'silent',
      servers: [
        { spec: { name: 'a', address: '10.1.0.97', port: 80, method: 'nat', weight: 1 }, shownWeight: 1 },
        { spec: { name: 'b', address: '10.1.0.98', port: 80, method: 'nat', weight: 2 }, shownWeight: 2 },
      ],
    });
  });
});

describe('a verdict', () => {
  it('of down takes the server out', () => expect(weights(service(), { health: { a: 'down' } })).toBe('b=2'));

  it('of down quiesces the server where the service says so', () =>
    expect(weights(service({ down: 'quiesce' }), { health: { a: 'down' } })).toBe('a=0 b=2'));

  it.each(['remove', 'quiesce'] as const)('that is not there yet keeps the server out (%s)', (down) =>
    expect(weights(service({ down }), { health: { a: 'unknown' } })).toBe('b=2'),
  );

  it('of down keeps a server out that has never been up', () =>
    expect(weights(service({ down: 'quiesce' }), { health: { a: 'down' }, hasBeenUp: () => false })).toBe(
      'b=2',
    ));

  it('that was lost quiesces a server that has been up', () =>
    expect(weights(service({ down: 'quiesce' }), { health: { a: 'unknown' }, hasBeenUp: () => true })).toBe(
      'a=0 b=2',
    ));

  it('is not asked for where nothing is monitored', () =>
    expect(weights(service({ monitors: [] }), { health: { a: 'down', b: 'unknown' } })).toBe('a=1 b=2'));
});

describe('an order', () => {
  it.each<[string, Omit<ServerOrder, 'service'>, string]>([
    ['drain', { server: 'a', traffic: 'drain' }, 'a=0 b=2'],
    ['disable', { server: 'a', traffic: 'disable' }, 'b=2'],
    ['weight', { server: 'a', weight: 7 }, 'a=7 b=2'],
    ['drain with a weight for later', { server: 'a', traffic: 'drain', weight: 7 }, 'a=0 b=2'],
    ['another server’s', { server: 'z', traffic: 'disable' }, 'a=1 b=2'],
  ])('of %s is followed', (_, order, result) => expect(weights(service(), { orders: [order] })).toBe(result));

  it('of weight does not bring a dead server back', () =>
    expect(weights(service(), { health: { a: 'down' }, orders: [{ server: 'a', weight: 7 }] })).toBe('b=2'));

  it('for another service’s server of the same name is none', () => {
    const [made] = desiredServices({
      services: [service()],
      health: () => 'up',
      orders: [{ service: 'other', server: 'a', traffic: 'disable' }],
      ramp: () => 1,
    });
    expect(made?.servers).toHaveLength(2);
  });
});

describe('the sorry server', () => {
  const sorry = server('sorry');

  it('waits with weight 0 while another one takes connections', () =>
    expect(weights(service({ sorry }))).toBe('a=1 b=2 sorry=0'));

  it.each<[string, Situation, string]>([
    ['is down', { health: { a: 'down', b: 'down' } }, 'sorry=1'],
    [
      'is drained',
      {
        orders: [
          { server: 'a', traffic: 'drain' },
          { server: 'b', weight: 0 },
        ],
      },
      'a=0 b=0 sorry=1',
    ],
    ['is unknown', { health: { a: 'unknown', b: 'unknown' } }, 'sorry=1'],
  ])('serves when every other one %s', (_, situation, result) =>
    expect(weights(service({ sorry }), situation)).toBe(result),
  );

  it('follows orders', () => {
    const health = { a: 'down', b: 'down' } as const;
    expect(weights(service({ sorry }), { health, orders: [{ server: 'sorry', traffic: 'drain' }] })).toBe(
      'sorry=0',
    );
    expect(weights(service({ sorry }), { health, orders: [{ server: 'sorry', traffic: 'disable' }] })).toBe(
      '',
    );
  });
});

describe('slow start', () => {
  it('counts in hundredths while a server ramps', () => {
    const ramp = { b: 0.25 };
    expect(weights(service(), { ramp })).toBe('a=100 b=50');
    expect(shown(service(), { ramp })).toBe('a=1 b=0.5');
  });

  it('begins with a little, not with nothing', () => {
    expect(weights(service(), { ramp: { a: 0 } })).toBe('a=1 b=200');
    expect(shown(service(), { ramp: { a: 0.001 } })).toBe('a=0 b=2');
  });

  it.each([
    ['rr', 'wrr'],
    ['lc', 'wlc'],
  ] as const)('lets %s be %s for a while, with all others alike', (scheduler, weighted) => {
    const config = service({ scheduler, servers: [server('a', 3), server('b', 9), server('c', 0)] });
    const ramping = desired(config, { ramp: { b: 0.5 } });
    expect(ramping.spec.scheduler).toBe(weighted);
    expect(weights(config, { ramp: { b: 0.5 } })).toBe('a=100 b=50 c=0');
    expect(desired(config).spec.scheduler).toBe(scheduler);
    expect(weights(config)).toBe('a=3 b=9 c=0');
  });

  it.each<[string, Situation, string]>([
    ['takes no connections', { orders: [{ server: 'a', traffic: 'drain' }] }, 'a=0 b=2'],
    ['is down', { health: { a: 'down' } }, 'b=2'],
  ])('is nothing for a server that %s', (_, situation, result) =>
    expect(weights(service(), { ...situation, ramp: { a: 0.5 } })).toBe(result),
  );

  it('leaves the sorry server waiting', () =>
    expect(weights(service({ sorry: server('sorry') }), { ramp: { a: 0.01 } })).toBe('a=1 b=200 sorry=0'));
});

describe('in every situation', () => {
  const situation = fc.record({
    scheduler: fc.constantFrom(...SCHEDULERS),
    down: fc.constantFrom<'remove' | 'quiesce'>('remove', 'quiesce'),
    sorry: fc.boolean(),
    servers: fc.array(
      fc.record({
        weight: fc.constantFrom(0, 1, 5, 65_535),
        health: fc.constantFrom<Health>('up', 'down', 'unknown'),
        ramp: fc.constantFrom(0, 0.004, 0.5, 1, 2, -1),
        order: fc.option(
          fc.record(
            { traffic: fc.constantFrom(...TRAFFIC_ORDERS), weight: fc.constantFrom(0, 9) },
            { requiredKeys: [] },
          ),
        ),
      }),
      { maxLength: 5 },
    ),
  });

  it('the weights are such as an engine takes, and someone serves if someone can', () => {
    fc.assert(
      fc.property(situation, ({ scheduler, down, sorry, servers }) => {
        const names = [...'abcde'];
        const each = <T>(value: (item: (typeof servers)[number]) => T) =>
          Object.fromEntries(servers.map((item, index) => [names[index]!, value(item)]));
        const config = service({
          scheduler,
          down,
          servers: servers.map((item, index) => server(names[index]!, item.weight)),
          ...(sorry ? { sorry: server('sorry') } : {}),
        });
        const made = desired(config, {
          health: each((item) => item.health),
          ramp: each((item) => item.ramp),
          orders: servers.map((item, index) => ({ server: names[index]!, ...item.order })),
        });
        for (const { spec, shownWeight } of made.servers) {
          expect(Number.isInteger(spec.weight)).toBe(true);
          expect(spec.weight).toBeGreaterThanOrEqual(0);
          expect(spec.weight).toBeLessThanOrEqual(LIMITS.weight);
          if (spec.weight === 0) expect(shownWeight).toBe(0);
        }
        const serving = made.servers.filter(({ spec }) => spec.weight > 0).map(({ spec }) => spec.name);
        const able = servers.filter(
          (item) =>
            item.health === 'up' &&
            item.order?.traffic === undefined &&
            (item.order?.weight ?? item.weight) > 0,
        );
        if (able.length > 0) expect(serving).toHaveLength(able.length);
        else expect(serving).toEqual(sorry ? ['sorry'] : []);
      }),
      { numRuns: 500 },
    );
  });
});
