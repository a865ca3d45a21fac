// Random changes of a small universe: few enough services, servers and clients that they meet each other often.
// Most steps are valid; some are not, since refusing is behaviour too.
import fc from 'fast-check';
import { type Address, address, familyOf, formatEndpoint } from '../../../director/model/address.ts';
import {
  type Listen,
  METHODS,
  type Persistence,
  REMOVAL_POLICIES,
  SCHEDULERS,
  type ServerSpec,
  type ServiceSpec,
} from '../../../director/model/service.ts';
import type { Step } from '../../../director/model/step.ts';
import type { Flow } from './scenario.ts';

export interface Place {
  readonly name: string;
  readonly listen: Listen;
}

const place = (name: string, protocol: Listen['protocol'], vip: string, port: number): Place => ({
  name,
  listen: { protocol, address: address(vip), port },
});

/** www and shop share servers, so that nat tuples can conflict; other is www under another name. */
export const PLACES: readonly Place[] = [
  place('www', 'tcp', '10.0.0.100', 80),
  place('shop', 'tcp', '10.0.0.102', 80),
  place('dns', 'udp', '10.0.0.100', 53),
  place('any', 'tcp', '10.0.0.101', 0),
  place('anyudp', 'udp', '10.0.0.101', 0),
  place('www6', 'tcp', 'fd00::100', 80),
  place('dns6', 'udp', 'fd00::100', 53),
  place('other', 'tcp', '10.0.0.100', 80),
];

const SERVER_NAMES = ['a', 'b', 'c'] as const;

/** Strangers, two behind one prefix, each with two ports; a real server's own end; and an end that is virtual itself. */
const CLIENTS: Readonly<Record<4 | 6, readonly string[]>> = {
  4: [
    ...['192.0.2.1:1024', '192.0.2.1:1025', '192.0.2.2:1024', '192.0.2.2:1025'],
    ...['198.51.100.7:1024', '198.51.100.7:1025', '10.1.0.21:8080', '10.0.0.102:80'],
  ],
  6: [
    ...['[2001:db8::1]:1024', '[2001:db8::1]:1025', '[2001:db8::2]:1024', '[2001:db8::2]:1025'],
    ...['[2001:db8:1::7]:1024', '[2001:db8:1::7]:1025', '[fd00:1::21]:8080', '[fd00::100]:80'],
  ],
};

/** The flows that clients may have: towards every place, and one where nobody listens. */
export const FLOWS: readonly Flow[] = [...PLACES, place('nobody', 'tcp', '10.0.0.200', 80)].flatMap(
  ({ listen: { protocol, address: at, port } }) =>
    (port === 0 ? [21, 8443] : [port]).flatMap((virtualPort) =>
      CLIENTS[familyOf(at)].map((client) => ({ protocol, client, virtual: formatEndpoint(at, virtualPort) })),
    ),
);

const rarely = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: odd });

const weight = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 2, arbitrary: fc.constant(0) },
);
const policy = fc.constantFrom(...REMOVAL_POLICIES);

function persistence(family: 4 | 6): fc.Arbitrary<Persistence | undefined> {
  const netmask = family === 4 ? fc.constantFrom(32, 24, 0) : fc.constantFrom(128, 64, 7);
  const some = fc.record({
    timeout_s: fc.constantFrom(10, 60, 360),
    netmask_bits: rarely(netmask, fc.constant(129)),
  });
  return fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: some });
}

function service({ name, listen }: Place): fc.Arbitrary<ServiceSpec> {
  return fc
    .tuple(fc.constantFrom(...SCHEDULERS), persistence(familyOf(listen.address)))
    .map(([scheduler, lasting]) => ({
      name,
      listen,
      scheduler,
      ...(lasting ? { persistence: lasting } : {}),
    }));
}

/** A server is known by its name; mostly it stands where it always does, so that one removed can be taken back. */
function server(
  { listen }: Place,
  names: fc.Arbitrary<(typeof SERVER_NAMES)[number]> = fc.constantFrom(...SERVER_NAMES),
): fc.Arbitrary<ServerSpec> {
  const family = familyOf(listen.address);
  return fc
    .record({
      name: names,
      shift: rarely(fc.constant(0), fc.constant(1)),
      family: rarely(fc.constant(family), fc.constantFrom<4 | 6>(4, 6)),
      method: fc.constantFrom(...METHODS, 'nat' as const, 'nat' as const, 'tunnel' as const),
      natPort: fc.boolean(),
      oddPort: rarely(fc.constant(false), fc.constant(true)),
      weight,
    })
    .map((choice) => ({
      name: choice.name,
      address: serverAddress(choice.family, SERVER_NAMES.indexOf(choice.name) + choice.shift),
      port: (choice.method === 'nat' && choice.natPort) || choice.oddPort ? 8080 : listen.port,
      method: choice.method,
      weight: choice.weight,
    }));
}

function serverAddress(family: 4 | 6, number: number): Address {
  return address(family === 4 ? `10.1.0.${21 + number}` : `fd00:1::${21 + number}`);
}

function step(at: Place): fc.Arbitrary<Step> {
  const name = fc.constant(at.name);
  return fc.oneof(
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('add-service' as const), service: service(at) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('edit-service' as const), service: service(at) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('remove-service' as const), service: name, policy }),
    },
    {
      weight: 8,
      arbitrary: fc.record({ kind: fc.constant('add-server' as const), service: name, server: server(at) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('edit-server' as const), service: name, server: server(at) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('remove-server' as const),
        service: name,
        server: fc.constantFrom(...SERVER_NAMES),
        policy,
      }),
    },
  );
}

/** One to four steps, mostly of one service. Steps of several services may stand mixed. */
export function arbitrarySteps(places: readonly Place[] = PLACES): fc.Arbitrary<readonly Step[]> {
  const anyPlace = fc.constantFrom(...places);
  return fc.oneof(
    { weight: 4, arbitrary: anyPlace.chain((at) => fc.array(step(at), { minLength: 1, maxLength: 2 })) },
    { weight: 1, arbitrary: fc.array(anyPlace.chain(step), { minLength: 2, maxLength: 4 }) },
  );
}

/** Takes all servers of a place away, each in an apply of its own, as one that is not there fails its group. */
export function arbitraryRemoval(at: Place): fc.Arbitrary<Step[]> {
  return fc
    .tuple(policy, fc.subarray([...SERVER_NAMES], { minLength: 2 }))
    .map(([chosen, names]) =>
      names.map((name) => ({ kind: 'remove-server', service: at.name, server: name, policy: chosen })),
    );
}

/** The places that a flow leads to: none, one, or one under two names. */
export function placesOf({ protocol, virtual }: Flow): readonly Place[] {
  return PLACES.filter(({ listen }) => {
    const [address, port] = [virtual.slice(0, virtual.lastIndexOf(':')), Number(virtual.split(':').at(-1))];
    const isThere = address.replace(/[[\]]/g, '') === listen.address;
    return isThere && protocol === listen.protocol && (listen.port === 0 || listen.port === port);
  });
}

/** Steps that give a place its service and servers under all three names; valid as a whole. */
function populate(at: Place): fc.Arbitrary<readonly Step[]> {
  const servers = SERVER_NAMES.map((name) =>
    server(at, fc.constant(name))
      .filter((spec) => isFitting(spec, at, SERVER_NAMES.indexOf(name)))
      .map((spec): Step => ({ kind: 'add-server', service: at.name, server: spec })),
  );
  const valid = service(at).filter(({ persistence: lasting }) => (lasting?.netmask_bits ?? 0) <= 128);
  return fc
    .tuple(valid, ...servers)
    .map(([spec, ...added]) => [{ kind: 'add-service', service: spec } as const, ...added]);
}

function isFitting(spec: ServerSpec, { listen }: Place, number: number): boolean {
  const isInPlace = spec.address === serverAddress(familyOf(listen.address), number);
  return isInPlace && (spec.method === 'nat' || spec.port === listen.port);
}

/** A universe to begin with: most places have their service. */
export const arbitraryPopulation: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    ...PLACES.filter(({ name }) => name !== 'other').map((at) =>
      fc.option(populate(at), { nil: [], freq: 6 }),
    ),
  )
  .map((lists) => lists.flat());
