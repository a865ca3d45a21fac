// For tests: services and servers as desired, from short words, and as arbitrary values.
import fc from 'fast-check';
import { createMemoryEngine } from '../../engine/memory/memory-engine.ts';
import { address } from '../../model/address.ts';
import {
  METHODS,
  REMOVAL_POLICIES,
  SCHEDULERS,
  type ServerSpec,
  type ServiceSpec,
} from '../../model/service.ts';
import type { DesiredService } from '../desired.ts';

export function engine() {
  const tunnelSource = { 4: address('10.1.0.11'), 6: address('fd00:1::11') };
  return createMemoryEngine({
    capacity: 16,
    tunnelSource,
    mtu: 1500,
    limits: { services: 4_096, servers: 65_536 },
  });
}

/** `rs1@5:8080*2` is rs1 at 10.1.0.5:8080 with weight 2; port 80 and weight 1 need not be said. */
export function server(words: string): ServerSpec {
  const match = /^(\w+)@(\d+)(?::(\d+))?(?:\*(\d+))?(?: (\w+))?$/.exec(words);
  if (!match) throw new TypeError(words);
  const [, name, host, port, weight, method] = match;
  return {
    name: name!,
    address: address(`10.1.0.${host}`),
    port: Number(port ?? 80),
    method: METHODS.find((each) => each === method) ?? 'nat',
    weight: Number(weight ?? 1),
  };
}

/** `www@80` listens on port 80. */
export function service(
  words: string,
  servers: readonly string[],
  more: Partial<ServiceSpec> = {},
): DesiredService {
  const [name, port] = words.split('@');
  return {
    spec: {
      name: name!,
      listen: { protocol: 'tcp', address: address('10.0.0.100'), port: Number(port) },
      scheduler: 'wlc',
      ...more,
    },
    removal: 'reset',
    servers: servers.map((each) => ({ spec: server(each), shownWeight: 1 })),
  };
}

function arbitraryService(name: string, port: number): fc.Arbitrary<DesiredService> {
  const servers = fc
    .uniqueArray(fc.record({ name: fc.constantFrom(...'abcde'), host: fc.integer({ min: 1, max: 5 }) }), {
      selector: (each) => each.name,
      maxLength: 5,
    })
    .chain((named) =>
      fc.tuple(
        ...named.map((each) =>
          fc.record({
            name: fc.constant(each.name),
            address: fc.constant(address(`10.1.0.${each.host}`)),
            port: fc.constant(port),
            method: fc.constantFrom(...METHODS),
            weight: fc.integer({ min: 0, max: 2 }),
          }),
        ),
      ),
    )
    // One server per address and port, as the configuration has it.
    .map((all) =>
      all.filter((each, index) => all.findIndex((other) => other.address === each.address) === index),
    );
  const persistence = fc.option(
    fc.record({ timeout_s: fc.constantFrom(60, 360), netmask_bits: fc.constantFrom(24, 32) }),
    { nil: undefined },
  );
  return fc
    .record({
      servers,
      persistence,
      scheduler: fc.constantFrom(...SCHEDULERS),
      removal: fc.constantFrom(...REMOVAL_POLICIES),
    })
    .map((made) => ({
      spec: {
        name,
        listen: { protocol: 'tcp', address: address('10.0.0.100'), port },
        scheduler: made.scheduler,
        ...(made.persistence ? { persistence: made.persistence } : {}),
      },
      removal: made.removal,
      servers: made.servers.map((spec) => ({ spec, shownWeight: spec.weight })),
    }));
}

/** A few services of few names on few ports, so that two of these meet in every way. */
export const arbitraryDesired: fc.Arbitrary<DesiredService[]> = fc
  .tuple(
    fc.shuffledSubarray(['one', 'two', 'three', 'four']),
    fc.shuffledSubarray([81, 82, 83, 84], { minLength: 4 }),
  )
  .chain(([names, ports]) => fc.tuple(...names.map((name, index) => arbitraryService(name, ports[index]!))));
