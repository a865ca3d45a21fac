// What this host's network looks like, asked of and told to the kernel by rtnetlink(7): interfaces, their addresses,
// the way to a destination, neighbours. Guarantee: each call is one request, carried out or thrown as SystemError;
// absent things are undefined or `false`, not errors.
import { type Address, type Family, familyOf } from '../model/address.ts';
import { FairleadError } from '../model/error.ts';
import { AF_INET, AF_INET6, SystemError } from './libc.ts';
import { NETLINK_ROUTE, Netlink } from './netlink.ts';
import {
  attribute,
  attributeNested,
  attributeString,
  attributeU8,
  attributeU32,
  type NetlinkMessage,
  type NetlinkRequest,
  NLM_F_CREATE,
  NLM_F_EXCL,
} from './netlink-codec.ts';
import {
  decodeAddress,
  decodeForwarding,
  decodeLink,
  decodeNeighbour,
  decodeRoute,
  IFA,
  IFA_F,
  IFF,
  IFLA,
  type InterfaceAddress,
  type Link,
  NDA,
  type Neighbour,
  NUD,
  type Route,
  RTA,
  RTM,
  wireAddress,
  wireFamily,
} from './rtnetlink-codec.ts';

export type { InterfaceAddress, Link, Neighbour, Route } from './rtnetlink-codec.ts';

const AF_UNSPEC = 0;
const RTEXT_FILTER_SKIP_STATS = 8;
const NTF_USE = 0x01;
const RTM_F_LOOKUP_TABLE = 0x1000; // name the table it was found in; IPv6 does so unasked, and refuses the flag
const NETCONFA_IFINDEX = 1;
const IFLA_INET_CONF = 1;
const IPV4_DEVCONF_PROMOTE_SECONDARIES = 20; // linux/ip.h
const FOREVER = 0xffff_ffff;

export interface AddressSpec {
  readonly interface_index: number;
  readonly address: Address;
  readonly prefix_bits: number;
  /** IPv4 only; begins with the interface's name, at most 15 bytes. */
  readonly label?: string;
  /** A mark of who added it, 4 to 255; kernels before 5.18 ignore it. */
  readonly protocol?: number;
  /** IPv6 only: the host does not speak from it by itself (preferred lifetime 0). */
  readonly deprecated?: boolean;
}

export class Rtnetlink implements Disposable {
  readonly #netlink = new Netlink(NETLINK_ROUTE);

  links(): Link[] {
    const request = { type: RTM.GETLINK, fixed: linkPart(0), attributes: [SKIP_STATISTICS] };
    return this.#netlink.dump(request, 'list interfaces', only(RTM.NEWLINK, decodeLink));
  }

  /** Undefined when there is no such interface (any more). */
  link(which: string | number): Link | undefined {
    const byName = typeof which === 'string';
    if (byName && !isInterfaceName(which)) return undefined;
    const named = byName ? [attributeString(IFLA.IFNAME, which)] : [];
    const request: NetlinkRequest = {
      type: RTM.GETLINK,
      fixed: linkPart(byName ? 0 : which),
      attributes: [SKIP_STATISTICS, ...named],
    };
    const missing = ['ENODEV', 'EINVAL'];
    return this.#find(request, `look up interface ${which}`, missing, only(RTM.NEWLINK, decodeLink));
  }

  setLinkUp(index: number, up = true): void {
    const fixed = linkPart(index, up ? IFF.UP : 0, IFF.UP);
    this.#netlink.command({ type: RTM.NEWLINK, fixed }, `set interface ${index} ${up ? 'up' : 'down'}`);
  }

  /** Whether the interface passes on packets of others, so that this host is a router to its neighbours. */
  isForwarding(family: Family, index: number): boolean {
    const request: NetlinkRequest = {
      type: RTM.GETNETCONF,
      fixed: Uint8Array.of(familyNumber(family), 0, 0, 0),
      attributes: [attributeU32(NETCONFA_IFINDEX, index)],
    };
    return this.#netlink.get(request, `read the settings of interface ${index}`, (message) =>
      decodeForwarding(message.payload),
    );
  }

  /**
   * When an IPv4 address that others of its subnet are secondary to is removed, the next of them takes its place,
   * instead of all going with it (net/ipv4/devinet.c, __inet_del_ifa).
   */
  promoteSecondaries(index: number): void {
    const setting = attributeNested(IFLA_INET_CONF, attributeU32(IPV4_DEVCONF_PROMOTE_SECONDARIES, 1));
    const request: NetlinkRequest = {
      type: RTM.SETLINK,
      fixed: linkPart(index),
      attributes: [attributeNested(IFLA.AF_SPEC, attributeNested(AF_INET, setting))],
    };
    this.#netlink.command(request, `set promote_secondaries of interface ${index}`);
  }

  /** Of both families and every interface, unless told otherwise. */
  addresses(
    filter: { readonly family?: Family; readonly interface_index?: number } = {},
  ): InterfaceAddress[] {
    const fixed = addressPart(familyNumber(filter.family), 0, 0, filter.interface_index ?? 0);
    const all = this.#netlink.dump(
      { type: RTM.GETADDR, fixed },
      'list addresses',
      only(RTM.NEWADDR, decodeAddress),
    );
    const { interface_index } = filter; // kernels before 4.20 do not filter by it
    return interface_index === undefined ? all : all.filter((one) => one.interface_index === interface_index);
  }

  /** Returns false when the interface has it already. IPv6 skips duplicate detection, so that it answers at once. */
  addAddress(spec: AddressSpec): boolean {
    const flags = NLM_F_CREATE | NLM_F_EXCL;
    const purpose = `add address ${spec.address}/${spec.prefix_bits}`;
    return this.#unless('EEXIST', () =>
      this.#netlink.command({ ...addressRequest(RTM.NEWADDR, spec), flags }, purpose),
    );
  }

  /** Returns false when the interface does not have it. The prefix must be the one that it was added with. */
  removeAddress(spec: Pick<AddressSpec, 'interface_index' | 'address' | 'prefix_bits'>): boolean {
    const purpose = `remove address ${spec.address}/${spec.prefix_bits}`;
    return this.#unless('EADDRNOTAVAIL', () =>
      this.#netlink.command(addressRequest(RTM.DELADDR, spec), purpose),
    );
  }

  routes(family?: Family): Route[] {
    const fixed = routePart(familyNumber(family), 0);
    return this.#netlink.dump({ type: RTM.GETROUTE, fixed }, 'list routes', only(RTM.NEWROUTE, decodeRoute));
  }

  /**
   * The way that a packet of this host's own to `destination` would take. Where there is none, or only one that
   * refuses, SystemError says why: ENETUNREACH, EHOSTUNREACH, EACCES (prohibit), EINVAL (blackhole).
   */
  routeTo(destination: Address, options: { readonly mark?: number } = {}): Route {
    const mark = options.mark === undefined ? [] : [attributeU32(RTA.MARK, options.mark)];
    const fixed =
      familyOf(destination) === 4 ? routePart(AF_INET, 32, RTM_F_LOOKUP_TABLE) : routePart(AF_INET6, 128);
    const wanted = attribute(RTA.DST, wireAddress(destination));
    const request: NetlinkRequest = { type: RTM.GETROUTE, fixed, attributes: [wanted, ...mark] };
    return this.#netlink.get(request, `find the route to ${destination}`, (message) =>
      demand(only(RTM.NEWROUTE, decodeRoute)(message), 'route'),
    );
  }

  neighbours(filter: { readonly family?: Family; readonly interface_index?: number } = {}): Neighbour[] {
    const fixed = neighbourPart(familyNumber(filter.family), 0, 0, 0);
    const all = this.#netlink.dump(
      { type: RTM.GETNEIGH, fixed },
      'list neighbours',
      only(RTM.NEWNEIGH, decodeNeighbour),
    );
    const { interface_index } = filter;
    return interface_index === undefined ? all : all.filter((one) => one.interface_index === interface_index);
  }

  neighbour(interface_index: number, address: Address): Neighbour | undefined {
    const request = neighbourRequest(RTM.GETNEIGH, interface_index, address, 0, 0);
    const missing = ['ENOENT', 'ENODEV'];
    return this.#find(request, `look up neighbour ${address}`, missing, only(RTM.NEWNEIGH, decodeNeighbour));
  }

  /** Has the kernel find the neighbour out as if a packet waited for it; a known one is only checked in due course. */
  useNeighbour(interface_index: number, address: Address): void {
    const request = neighbourRequest(RTM.NEWNEIGH, interface_index, address, NUD.NONE, NTF_USE);
    const purpose = `ask for neighbour ${address}`;
    try {
      this.#netlink.command({ ...request, flags: NLM_F_CREATE }, purpose);
    } catch (error) {
      if (!(error instanceof SystemError && error.is('ENOBUFS'))) throw error;
      const family = familyOf(address) === 4 ? 'ipv4' : 'ipv6';
      throw new SystemError(purpose, error.errno, 'the table of neighbours is full', {
        remedy: `Raise net.${family}.neigh.default.gc_thresh1, gc_thresh2 and gc_thresh3 well beyond the number of neighbours.`,
      });
    }
  }

  /** Has the kernel ask a neighbour that it knows, at once. Returns false when it knows no link address of it. */
  probeNeighbour(interface_index: number, address: Address): boolean {
    const request = neighbourRequest(RTM.NEWNEIGH, interface_index, address, NUD.PROBE, 0);
    const purpose = `probe neighbour ${address}`;
    return this.#unless('ENOENT', () =>
      this.#unless('EINVAL', () => this.#netlink.command(request, purpose)),
    );
  }

  [Symbol.dispose](): void {
    this.#netlink[Symbol.dispose]();
  }

  #find<T>(
    request: NetlinkRequest,
    purpose: string,
    missing: readonly string[],
    decode: (message: NetlinkMessage) => T | undefined,
  ): T | undefined {
    try {
      return this.#netlink.get(request, purpose, decode);
    } catch (error) {
      if (error instanceof SystemError && missing.some((name) => error.is(name))) return undefined;
      throw error;
    }
  }

  /** True when done, false when the kernel answered `expected` (or the action says so itself). */
  #unless(expected: string, action: () => unknown): boolean {
    try {
      return action() !== false;
    } catch (error) {
      if (error instanceof SystemError && error.is(expected)) return false;
      throw error;
    }
  }
}

/** What the kernel takes for a name (net/core/dev.c, dev_valid_name), and fits its 16 bytes. */
function isInterfaceName(name: string): boolean {
  return /^[^/:\s]{1,15}$/.test(name) && name !== '.' && name !== '..' && Buffer.byteLength(name) <= 15;
}

const SKIP_STATISTICS = attributeU32(IFLA.EXT_MASK, RTEXT_FILTER_SKIP_STATS);

function only<T>(type: number, decode: (payload: Uint8Array) => T | undefined) {
  return (message: NetlinkMessage) => (message.type === type ? decode(message.payload) : undefined);
}

function demand<T>(value: T | undefined, what: string): T {
  if (value === undefined)
    throw new FairleadError('netlink-no-answer', `The kernel answered something else than a ${what}.`);
  return value;
}

function familyNumber(family: Family | undefined): number {
  if (family === undefined) return AF_UNSPEC;
  return family === 4 ? AF_INET : AF_INET6;
}

/** struct ifinfomsg */
function linkPart(index: number, flags = 0, change = 0): Uint8Array {
  const fixed = new Uint8Array(16);
  const view = new DataView(fixed.buffer);
  view.setInt32(4, index, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, change, true);
  return fixed;
}

/** struct ifaddrmsg */
function addressPart(family: number, prefix_bits: number, flags: number, index: number): Uint8Array {
  const fixed = Uint8Array.of(family, prefix_bits, flags, 0, 0, 0, 0, 0);
  new DataView(fixed.buffer).setUint32(4, index, true);
  return fixed;
}

function addressRequest(type: number, spec: AddressSpec): NetlinkRequest {
  const wire = wireAddress(spec.address);
  const isNew = type === RTM.NEWADDR;
  const v6 = familyOf(spec.address) === 6;
  const more: Uint8Array[] = [];
  if (!v6 && spec.label !== undefined) more.push(attributeString(IFA.LABEL, spec.label));
  if (isNew && spec.protocol !== undefined) more.push(attributeU8(IFA.PROTO, spec.protocol));
  if (isNew && v6 && spec.deprecated === true)
    more.push(attribute(IFA.CACHEINFO, new Uint8Array(Uint32Array.of(0, FOREVER, 0, 0).buffer)));
  return {
    type,
    fixed: addressPart(
      wireFamily(spec.address),
      spec.prefix_bits,
      isNew && v6 ? IFA_F.NODAD : 0,
      spec.interface_index,
    ),
    attributes: [attribute(IFA.LOCAL, wire), attribute(IFA.ADDRESS, wire), ...more],
  };
}

/** struct rtmsg */
function routePart(family: number, destination_bits: number, flags = 0): Uint8Array {
  const fixed = Uint8Array.of(family, destination_bits, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  new DataView(fixed.buffer).setUint32(8, flags, true);
  return fixed;
}

/** struct ndmsg */
function neighbourPart(family: number, index: number, state: number, flags: number): Uint8Array {
  const fixed = new Uint8Array(12);
  const view = new DataView(fixed.buffer);
  view.setUint8(0, family);
  view.setInt32(4, index, true);
  view.setUint16(8, state, true);
  view.setUint8(10, flags);
  return fixed;
}

function neighbourRequest(
  type: number,
  index: number,
  address: Address,
  state: number,
  flags: number,
): NetlinkRequest {
  return {
    type,
    fixed: neighbourPart(wireFamily(address), index, state, flags),
    attributes: [attribute(NDA.DST, wireAddress(address))],
  };
}
