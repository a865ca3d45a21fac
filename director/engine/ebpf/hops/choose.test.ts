import { describe, expect, it } from 'vitest';
import { address } from '../../../model/address.ts';
import type { Link, Neighbour, Route } from '../../../native/rtnetlink.ts';
import { NUD } from '../../../native/rtnetlink-codec.ts';
import { chooseHop, type HopFacts, neighbourToAsk } from './choose.ts';
import { describeHop, sameHop } from './hop.ts';

const server = address('10.1.0.21');
const gateway = address('10.0.0.254');
const ours = Uint8Array.of(2, 0, 0, 0, 0, 1);
const theirs = Uint8Array.of(2, 0, 0, 0, 0, 2);
const older = Uint8Array.of(2, 0, 0, 0, 0, 3);

const link: Link = {
  index: 7,
  name: 'eth1',
  up: true,
  carrier: true,
  loopback: false,
  pointToPoint: false,
  noArp: false,
  ethernet: true,
  mac: ours,
  mtu: 1500,
  kind: undefined,
  master: undefined,
};
const route: Route = {
  family: 4,
  kind: 'unicast',
  destination: server,
  prefix_bits: 32,
  interface_index: 7,
  gateway: undefined,
  source: address('10.1.0.11'),
  mtu: undefined,
  metric: 0,
  table: 254,
};
const neighbour = (state: number, mac: Uint8Array | undefined = theirs): Neighbour => ({
  family: 4,
  interface_index: 7,
  address: server,
  mac,
  state,
});
const facts: HopFacts = {
  answer: { route },
  link,
  neighbour: neighbour(NUD.REACHABLE),
  known_mac: undefined,
};
const choose = (changed: Partial<HopFacts>, to = server) => chooseHop(to, { ...facts, ...changed });
const destination = (changed: Partial<HopFacts>) => {
  const hop = choose(changed);
  return hop.kind === 'link' ? hop.destination_mac : hop;
};
const reason = (changed: Partial<HopFacts>, to = server) => {
  const hop = choose(changed, to);
  return hop.kind === 'unreachable' ? hop.unreachable : hop;
};

describe('chooseHop', () => {
  it('leads directly to a server on the same link', () => {
    expect(choose({})).toEqual({
      kind: 'link',
      address: server,
      interface_index: 7,
      interface_name: 'eth1',
      source_mac: ours,
      destination_mac: theirs,
      gateway: server,
      mtu: 1500,
      source: '10.1.0.11',
    });
  });

  it('leads to the gateway where there is one, of either family', () => {
    const v6 = address('fd00::1');
    expect(choose({ answer: { route: { ...route, gateway } } })).toMatchObject({ gateway });
    expect(choose({ answer: { route: { ...route, gateway: v6 } } })).toMatchObject({ gateway: v6 });
    expect(neighbourToAsk(server, { route: { ...route, gateway } })).toEqual({ interface_index: 7, gateway });
    expect(neighbourToAsk(server, { route })).toEqual({ interface_index: 7, gateway: server });
  });

  it('takes the smaller MTU of route and interface', () => {
    expect(choose({ answer: { route: { ...route, mtu: 1300 } } })).toMatchObject({ mtu: 1300 });
    expect(choose({ answer: { route: { ...route, mtu: 9000 } } })).toMatchObject({ mtu: 1500 });
  });

  it('marks this host’s own addresses as local', () => {
    const answer = { route: { ...route, kind: 'local' as const } };
    expect(choose({ answer })).toEqual({ kind: 'local', address: server });
    expect(neighbourToAsk(server, answer)).toBeUndefined();
  });
});

describe('the destination’s link address', () => {
  it.each(['REACHABLE', 'STALE', 'DELAY', 'PROBE', 'PERMANENT'] as const)('is used while %s', (name) => {
    expect(destination({ neighbour: neighbour(NUD[name]), known_mac: older })).toEqual(theirs);
  });

  it('stays the last known one while the entry is gone or asked for anew', () => {
    expect(destination({ neighbour: undefined, known_mac: older })).toEqual(older);
    expect(destination({ neighbour: neighbour(NUD.INCOMPLETE, undefined), known_mac: older })).toEqual(older);
    expect(destination({ neighbour: neighbour(NUD.NONE, undefined), known_mac: older })).toEqual(older);
  });

  it('is unknown once the neighbour failed to answer, and before it ever did', () => {
    expect(destination({ neighbour: neighbour(NUD.FAILED, undefined), known_mac: older })).toBeUndefined();
    expect(destination({ neighbour: neighbour(NUD.FAILED), known_mac: older })).toBeUndefined();
    expect(destination({ neighbour: neighbour(NUD.INCOMPLETE, undefined) })).toBeUndefined();
    expect(destination({ neighbour: undefined })).toBeUndefined();
  });
});

describe('an unreachable server', () => {
  it.each([
    [101, 'there is no route to 10.1.0.21'],
    [113, 'the route to 10.1.0.21 says that it is unreachable'],
    [13, 'the route to 10.1.0.21 prohibits it'],
    [22, 'the route to 10.1.0.21 discards packets (blackhole)'],
    [12, 'the kernel finds no way to 10.1.0.21 (ENOMEM)'],
  ])('has the reason of the kernel’s refusal %d', (errno, text) => {
    expect(reason({ answer: { errno } })).toBe(text);
  });

  it.each<[string, Partial<Link>]>([
    ['eth1 is down', { up: false, carrier: false }],
    ['eth1 has no carrier', { carrier: false }],
    [
      'eth1 has no Ethernet address (a point-to-point interface)',
      { ethernet: false, mac: undefined, pointToPoint: true },
    ],
    ['eth1 has no Ethernet address (wireguard)', { ethernet: false, mac: undefined, kind: 'wireguard' }],
    ['eth1 has no Ethernet address (not Ethernet)', { ethernet: false, mac: undefined }],
    ['the route leads to eth1, but the address is not one of this host', { loopback: true }],
    ['eth1 does not ask for its neighbours (NOARP), and no permanent neighbour is set', { noArp: true }],
  ])('says: %s', (text, changed) => {
    expect(reason({ link: { ...link, ...changed } })).toBe(text);
  });

  it('says that the interface is gone, or the address is none of a host', () => {
    expect(reason({ link: undefined })).toBe('the interface of the route to 10.1.0.21 is gone');
    expect(reason({ answer: { route: { ...route, kind: 'broadcast' } } })).toBe(
      '10.1.0.21 is a broadcast address here',
    );
    expect(reason({}, address('fe80::1'))).toContain('link-local');
  });

  it('is reachable after all where an administrator set the neighbour for good', () => {
    const changed = { link: { ...link, noArp: true }, neighbour: neighbour(NUD.PERMANENT) };
    expect(destination(changed)).toEqual(theirs);
  });
});

describe('hops', () => {
  it('are the same exactly when nothing in them differs', () => {
    const hops = [
      choose({}),
      choose({ neighbour: undefined }),
      choose({ neighbour: neighbour(NUD.REACHABLE, older) }),
      choose({ link: { ...link, mac: older } }),
      choose({ link: { ...link, mtu: 1400 } }),
      choose({ answer: { route: { ...route, gateway } } }),
      choose({ answer: { route: { ...route, source: undefined } } }),
      choose({ answer: { errno: 101 } }),
      choose({ answer: { errno: 113 } }),
      choose({ answer: { route: { ...route, kind: 'local' } } }),
    ];
    for (const [row, one] of hops.entries())
      for (const [column, other] of hops.entries())
        expect(sameHop(one, structuredClone(other))).toBe(row === column);
  });

  it('read as a path', () => {
    expect(describeHop(choose({}))).toBe('eth1 at 02:00:00:00:00:02');
    expect(describeHop(choose({ answer: { route: { ...route, gateway } } }))).toBe(
      'eth1 via 10.0.0.254 at 02:00:00:00:00:02',
    );
    expect(describeHop(choose({ neighbour: undefined }))).toBe('eth1 to 10.1.0.21, which does not answer');
    expect(describeHop(choose({ answer: { errno: 101 } }))).toBe(
      'unreachable: there is no route to 10.1.0.21',
    );
  });
});
