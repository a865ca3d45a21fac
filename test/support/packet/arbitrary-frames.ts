// Random frames towards a small universe: what clients, routers, paths and attackers send. None of them needs to know
// what an engine has chosen; scenario.ts makes those that do.
import fc from 'fast-check';
import {
  ethernet,
  type IcmpErrorKind,
  type IpFields,
  icmp,
  icmpError,
  ipPacket,
  LINK_HEADER_BYTES,
  tcp,
  udp,
} from './build.ts';
import { fragments } from './fragments.ts';
import { type Flow, host } from './scenario.ts';

/** Nearly always the usual value. */
function usual<T>(value: T, ...odd: fc.Arbitrary<T>[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 10, arbitrary: fc.constant(value) },
    ...odd.map((arbitrary) => ({ weight: 1, arbitrary })),
  );
}

export const errorKind = fc.constantFrom<IcmpErrorKind>(
  'unreachable',
  'port-unreachable',
  'too-big',
  'time-exceeded',
  'parameter-problem',
);

export const tcpFlags = fc.constantFrom(
  ...['S', 'S', 'S', 'A', 'A', 'A', 'PA', 'FA', 'F', 'R', 'RA', 'SA', 'SF', '', 'P', 'SAFR', 'SPU'],
);

/** Fields of the IP header that decide or are carried along. */
export const ipFields: fc.Arbitrary<IpFields> = fc.record({
  ttl: usual(64, fc.constant(1), fc.constant(0), fc.constant(2), fc.nat(255)),
  df: fc.boolean(),
  id: fc.nat(0xffff),
  tos: usual(0, fc.nat(255)),
  flowLabel: usual(0, fc.nat(0xfffff)),
  options: usual<readonly number[]>([], fc.constant([1, 1, 1, 0]), fc.constant([148, 4, 0, 0])),
  padding: usual(0, fc.constant(6)),
});

const extension = fc.oneof(
  fc.record({
    kind: fc.constantFrom('hop-by-hop' as const, 'routing' as const, 'destination' as const),
    bytes: fc.constantFrom(8, 16, 64),
  }),
  fc.record({
    kind: fc.constant('fragment' as const),
    more: fc.boolean(),
    offset: fc.constantFrom(0, 0, 8),
    id: fc.nat(3),
  }),
);

/** One packet of a client. */
export function clientFrame(flow: fc.Arbitrary<Flow>): fc.Arbitrary<Uint8Array> {
  return fc
    .record({
      flow,
      flags: tcpFlags,
      payload: fc.nat(40),
      ip: ipFields,
      extensions: usual<NonNullable<IpFields['extensions']>>([], fc.array(extension, { maxLength: 8 })),
      seq: fc.nat(0xffffffff),
      ack: fc.nat(0xffffffff),
      tcpOptions: usual<readonly number[]>([], fc.constant([2, 4, 5, 0xb4])),
      dataOffset: usual<number | undefined>(undefined, fc.nat(15)),
      length: usual<number | undefined>(undefined, fc.nat(60)),
      checksum: usual<number | undefined>(undefined, fc.nat(0xffff), fc.constant(0), fc.constant(0xffff)),
    })
    .map(({ flow: { protocol, client, virtual }, ip, ...fields }) => {
      const all = { from: client, to: virtual, ...ip, ...fields };
      return protocol === 'tcp' ? tcp(all) : udp(all);
    });
}

/** A frame that a path or an attacker has damaged: cut off, or with some bytes changed. At least one byte of IP stays. */
export function damagedFrame(flow: fc.Arbitrary<Flow>): fc.Arbitrary<Uint8Array> {
  return fc
    .record({
      frame: fc.oneof(clientFrame(flow), clientError(flow)),
      length: usual(1, fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(0.5)),
      changes: fc.array(fc.tuple(fc.nat(110), fc.nat(255)), { maxLength: 3 }),
      mapped: usual<number[]>([], fc.subarray([8, 24, 56, 72], { minLength: 1 })),
    })
    .map(({ frame, length, changes, mapped }) => {
      const damaged = frame.slice(0, Math.max(LINK_HEADER_BYTES + 1, Math.ceil(frame.length * length)));
      const ip = damaged.subarray(LINK_HEADER_BYTES);
      for (const [at, value] of changes) if (at < ip.length) ip[at] = value;
      // IPv4-mapped addresses where IPv6 has its own, in the header or in a quoted one.
      for (const at of mapped)
        if (at + MAPPED_PREFIX.length <= ip.length && ip[0] === 0x60) ip.set(MAPPED_PREFIX, at);
      return damaged;
    });
}

const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** What no virtual service is concerned with. */
export const otherFrame: fc.Arbitrary<Uint8Array> = fc.constantFrom(
  ethernet(0x0806, new Uint8Array(28)),
  icmp({ from: '192.0.2.1', to: '10.0.0.100', type: 8, rest: 7, payload: 20 }),
  icmp({ from: '2001:db8::1', to: 'fd00::100', type: 128, rest: 7, payload: 20 }),
  ipPacket({ from: '192.0.2.1', to: '10.0.0.100', protocol: 47, payload: 20 }),
  ipPacket({ from: '2001:db8::1', to: 'fd00::100', protocol: 59 }),
);

/** An error from a router on the client's side about what a server answered: quotes what it has seen, the virtual end. */
export function clientError(flow: fc.Arbitrary<Flow>): fc.Arbitrary<Uint8Array> {
  return fc
    .record({
      flow,
      kind: errorKind,
      ip: ipFields,
      quote: usual<number | undefined>(undefined, fc.nat(60)),
      more: usual<IpFields>({}, fc.constant({ fragment: { offset: 0, more: true } })),
      quoted: usual<IpFields>(
        {},
        fc.constant({ options: [1, 1, 1, 0] }),
        fc.constant({ extensions: [{ kind: 'destination' }] }),
        fc.constant({ fragment: { offset: 0, more: true } }),
        fc.constant({ fragment: { offset: 8, more: true } }),
      ),
    })
    .map(({ flow: { protocol, client, virtual }, kind, ip, quote, more, quoted }) => {
      const ends = { ...quoted, from: virtual, to: client };
      const about = protocol === 'tcp' ? tcp({ ...ends, payload: 30 }) : udp({ ...ends, payload: 30 });
      const router = client.startsWith('[') ? '2001:db8:ffff::1' : '198.51.100.254';
      return icmpError({ ...ip, ...more, kind, from: router, to: host(virtual), about, quote, mtu: 1280 });
    });
}

/** A datagram in pieces: in order, backwards, or without the first one. */
export function piecesOf(flow: fc.Arbitrary<Flow>): fc.Arbitrary<readonly Uint8Array[]> {
  return fc
    .record({
      flow,
      flags: tcpFlags,
      id: fc.nat(3),
      ip: ipFields,
      order: fc.constantFrom('kept', 'kept', 'backwards', 'headless'),
    })
    .map(({ flow: { protocol, client, virtual }, id, ip, order, flags }) => {
      const fields = { ...ip, from: client, to: virtual, payload: 300, id };
      const pieces = fragments(protocol === 'tcp' ? tcp({ ...fields, flags }) : udp(fields), 200, id);
      return order === 'backwards' ? pieces.toReversed() : order === 'headless' ? pieces.slice(1) : pieces;
    });
}
