import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairleadError } from '../model/error.ts';
import { attribute, attributeNested, attributeString, attributeU8, attributeU32 } from './netlink-codec.ts';
import { decodeEvent } from './netlink-monitor.ts';
import {
  decodeAddress,
  decodeForwarding,
  decodeLink,
  decodeNeighbour,
  decodeRoute,
  IFA,
  IFLA,
  NDA,
  NUD,
  RTA,
  RTM,
} from './rtnetlink-codec.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const AF_BRIDGE = 7;
const MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
const v4 = (last: number) => Uint8Array.of(10, 0, 0, last);
const message = (fixed: readonly number[], ...parts: readonly Uint8Array[]) =>
  Uint8Array.from(Buffer.concat([Uint8Array.from(fixed), ...parts]));

const link = message(
  [0, 0, 1, 0, 7, 0, 0, 0, 0x43, 0x10, 1, 0, 0, 0, 0, 0], // Ethernet, number 7, up, lower up
  attributeString(IFLA.IFNAME, 'eth1'),
  attribute(IFLA.ADDRESS, MAC),
  attributeU32(IFLA.MTU, 1500),
  attributeNested(IFLA.LINKINFO, attributeString(1, 'vlan')),
);
const ownAddress = message(
  [AF_INET, 24, 0x80, 0, 7, 0, 0, 0],
  attribute(IFA.ADDRESS, v4(2)), // the far end of a point-to-point link
  attribute(IFA.LOCAL, v4(1)),
  attributeString(IFA.LABEL, 'eth1:fl'),
  attributeU32(IFA.FLAGS, 0x281),
  attributeU8(IFA.PROTO, 0x99),
);
const route = message(
  [AF_INET, 24, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0],
  attribute(RTA.DST, v4(0)),
  attributeU32(RTA.OIF, 7),
  attribute(RTA.VIA, [AF_INET6, 0, 0xfd, ...new Array(14).fill(0), 1]),
  attributeNested(RTA.METRICS, attributeU32(2, 1400)),
  attributeU32(RTA.TABLE, 1000),
);
const neighbour = message(
  [AF_INET, 0, 0, 0, 7, 0, 0, 0, NUD.STALE, 0, 0, 1],
  attribute(NDA.DST, v4(3)),
  attribute(NDA.LLADDR, MAC),
);

describe('rtnetlink messages', () => {
  it('of links', () => {
    expect(decodeLink(link)).toEqual({
      index: 7,
      name: 'eth1',
      up: true,
      carrier: true,
      loopback: false,
      pointToPoint: false,
      noArp: false,
      ethernet: true,
      mac: MAC,
      mtu: 1500,
      kind: 'vlan',
      master: undefined,
    });
  });

  it('of addresses: the near end, and flags that need more than 8 bits', () => {
    expect(decodeAddress(ownAddress)).toEqual({
      family: 4,
      interface_index: 7,
      address: '10.0.0.1',
      prefix_bits: 24,
      flags: 0x281,
      label: 'eth1:fl',
      protocol: 0x99,
    });
  });

  it('of routes: a gateway of the other family, a path MTU, a table beyond 255', () => {
    expect(decodeRoute(route)).toMatchObject({
      family: 4,
      kind: 'unicast',
      destination: '10.0.0.0',
      prefix_bits: 24,
      gateway: 'fd00::1',
      mtu: 1400,
      table: 1000,
    });
    expect(decodeRoute(message([AF_INET6, 0, 0, 0, 254, 3, 0, 99, 0, 0, 0, 0]))).toMatchObject({
      kind: 'other',
      destination: undefined,
      interface_index: undefined,
    });
  });

  it('of neighbours', () => {
    expect(decodeNeighbour(neighbour)).toEqual({
      family: 4,
      interface_index: 7,
      address: '10.0.0.3',
      mac: MAC,
      state: NUD.STALE,
    });
  });

  it('of other families, and proxy entries, are none of ours', () => {
    const ofBridge = (bytes: Uint8Array) => Uint8Array.from(bytes).fill(AF_BRIDGE, 0, 1);
    expect(decodeLink(ofBridge(link))).toBeUndefined();
    expect(decodeAddress(ofBridge(ownAddress))).toBeUndefined();
    expect(decodeRoute(ofBridge(route))).toBeUndefined();
    expect(decodeNeighbour(ofBridge(neighbour))).toBeUndefined();
    expect(decodeNeighbour(Uint8Array.from(neighbour).fill(0x08, 10, 11))).toBeUndefined();
  });

  it('that lack what they must have are refused', () => {
    const refused = expect.objectContaining({ code: 'netlink-malformed' });
    expect(() => decodeLink(link.subarray(0, 16))).toThrow(refused);
    expect(() => decodeLink(link.subarray(0, 15))).toThrow(refused);
    expect(() =>
      decodeNeighbour(message([...neighbour.subarray(0, 12)], attribute(NDA.DST, [10, 0, 0]))),
    ).toThrow(refused);
    expect(() => decodeRoute(message([...route.subarray(0, 12)], attribute(RTA.OIF, [1])))).toThrow(refused);
    expect(() => decodeForwarding(message([2, 0, 0, 0], attribute(2, [1, 0])))).toThrow(refused);
  });

  it('of any bytes are an event, nothing, or refused: never another error', () => {
    const types = fc.constantFrom(...Object.values(RTM));
    const base = fc.constantFrom(link, ownAddress, route, neighbour, new Uint8Array(64));
    const changes = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(types, base, changes, fc.nat(120), (type, bytes, edits, end) => {
        const payload = bytes.slice(0, end);
        for (const [at, value] of edits) if (at < payload.length) payload[at] = value;
        try {
          decodeEvent({ type, flags: 0, sequence: 0, port: 0, payload });
        } catch (error) {
          return error instanceof FairleadError && error.code === 'netlink-malformed';
        }
        return true;
      }),
      { numRuns: 2_000 },
    );
  });
});
