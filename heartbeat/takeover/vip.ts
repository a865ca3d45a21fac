// Raising and releasing VIPs: the addresses that the active director holds. Nothing is remembered here; what the kernel
// has is what is raised, so that a director which died and came back, or another process, sees the same.
// Guarantees: both are idempotent; the prefix is exactly the configured one; an address is marked so that leftovers can
// be told from an administrator's; no other address of the interface is lost when a VIP goes.
import type { Address } from '../../director/model/address.ts';
import { familyOf, maskAddress } from '../../director/model/address.ts';
import { FairleadError } from '../../director/model/error.ts';
import type { InterfaceAddress, Link, Rtnetlink } from '../../director/native/rtnetlink.ts';
import { IFA_F } from '../../director/native/rtnetlink-codec.ts';
import { SystemError } from '../../director/native/system-error.ts';

/** Our IFA_PROTO (kernel 5.18 and newer; `ip addr` shows it as `proto 0x99`). */
const VIP_PROTOCOL = 0x99;
/** Kernels without it: IPv4 addresses bear it in their label, `eth0:fl`. IPv6 has no labels. */
const LABEL_SUFFIX = ':fl';
const LABEL_MAX_BYTES = 15;

export interface Vip {
  readonly address: Address;
  readonly prefix_bits: number;
  readonly interface: string;
}

/** Two are the same when address, prefix and interface are. */
export function nameOf(vip: Vip): string {
  return `${vip.address}/${vip.prefix_bits} ${vip.interface}`;
}

/** What the kernel has at one moment, so that many VIPs are raised or released after asking once. */
export interface Present {
  readonly links: ReadonlyMap<string, Link>;
  readonly addresses: ReadonlyMap<Address, readonly InterfaceAddress[]>;
  /** Interfaces that let the next address of a subnet take a removed one's place, since this was read. */
  readonly promoting: Set<number>;
}

export function readPresent(rtnetlink: Rtnetlink): Present {
  return {
    links: new Map(rtnetlink.links().map((link) => [link.name, link])),
    addresses: Map.groupBy(rtnetlink.addresses(), (one) => one.address),
    promoting: new Set(),
  };
}

/** Raises a VIP. `present`: it was already up. Throws FairleadError where it cannot be. */
export function raiseVip(
  rtnetlink: Rtnetlink,
  vip: Vip,
  present: Present = readPresent(rtnetlink),
): 'raised' | 'present' {
  const link = present.links.get(vip.interface);
  if (link === undefined) throw missingInterface(vip);
  const holders = present.addresses.get(vip.address) ?? [];
  const elsewhere = holders.find((one) => one.interface_index !== link.index);
  if (elsewhere !== undefined) throw onOtherInterface(rtnetlink, vip, elsewhere);
  const otherPrefix = holders.find((one) => one.prefix_bits !== vip.prefix_bits);
  if (otherPrefix !== undefined) throw withOtherPrefix(vip, otherPrefix);
  const [same] = holders;
  if (same !== undefined && answers(same)) return 'present';
  const spec = { interface_index: link.index, address: vip.address, prefix_bits: vip.prefix_bits };
  return refusable(vip, 'raised', () => {
    if (same !== undefined) rtnetlink.removeAddress(spec);
    const label = labelFor(link);
    rtnetlink.addAddress({
      ...spec,
      ...(label === undefined ? {} : { label }),
      protocol: VIP_PROTOCOL,
      deprecated: true, // this host's own connections must not come from an address that may move away
    });
    return 'raised';
  });
}

/** Releases a VIP, whoever raised it. `absent`: it was not up, or its interface is gone. */
export function releaseVip(
  rtnetlink: Rtnetlink,
  vip: Vip,
  present: Present = readPresent(rtnetlink),
): 'released' | 'absent' {
  const link = present.links.get(vip.interface);
  if (link === undefined) return 'absent';
  const { address, prefix_bits } = vip;
  return refusable(vip, 'released', () => {
    if (!present.promoting.has(link.index) && isPrimaryOfOthers(present, link.index, vip)) {
      rtnetlink.promoteSecondaries(link.index);
      present.promoting.add(link.index);
    }
    return rtnetlink.removeAddress({ interface_index: link.index, address, prefix_bits })
      ? 'released'
      : 'absent';
  });
}

/** The VIPs that bear our mark, configured or not: what a director must clean up before its first beat. */
export function listVips(rtnetlink: Rtnetlink): Vip[] {
  const names = new Map(rtnetlink.links().map((link) => [link.index, link.name]));
  const found: Vip[] = [];
  for (const one of rtnetlink.addresses()) {
    const name = names.get(one.interface_index);
    if (name === undefined || !bearsOurMark(one)) continue;
    found.push({ address: one.address, prefix_bits: one.prefix_bits, interface: name });
  }
  return found;
}

/** Whether this host holds the VIP, with the configured prefix on the configured interface, and answers for it. */
export function isRaised(rtnetlink: Rtnetlink, vip: Vip, present: Present = readPresent(rtnetlink)): boolean {
  const link = present.links.get(vip.interface);
  return (present.addresses.get(vip.address) ?? []).some(
    (one) => one.interface_index === link?.index && one.prefix_bits === vip.prefix_bits && answers(one),
  );
}

/**
 * Whether packets to it are taken in. Of an IPv6 address the kernel enters the route only after it has confirmed the address,
 * some milliseconds later on a busy machine (net/ipv6/addrconf.c, addrconf_dad_work). A neighbour that is asked in between
 * answers to nobody, and is asked again only after a second.
 */
export function isTakenIn(rtnetlink: Pick<Rtnetlink, 'routeTo'>, vip: Vip): boolean {
  if (familyOf(vip.address) === 4) return true;
  try {
    return rtnetlink.routeTo(vip.address).kind === 'local';
  } catch (error) {
    if (error instanceof SystemError) return false;
    throw error;
  }
}

/** An IPv6 address that duplicate detection holds back, or has ruled out, is there but is not used. */
function answers(one: InterfaceAddress): boolean {
  return one.family === 4 || (one.flags & (IFA_F.TENTATIVE | IFA_F.DADFAILED)) === 0;
}

function bearsOurMark(one: InterfaceAddress): boolean {
  return one.protocol === VIP_PROTOCOL || one.label?.endsWith(LABEL_SUFFIX) === true;
}

function labelFor(link: Link): string | undefined {
  const label = link.name + LABEL_SUFFIX;
  return Buffer.byteLength(label) <= LABEL_MAX_BYTES ? label : undefined;
}

/**
 * Raised before the host's own address of the same subnet, a VIP is that one's primary, and would take it along. What
 * was a secondary when it was asked has become a primary only on an interface that promotes.
 */
function isPrimaryOfOthers(present: Present, interface_index: number, vip: Vip): boolean {
  if (familyOf(vip.address) === 6 || vip.prefix_bits === 32) return false;
  const isAlike = (one: InterfaceAddress) =>
    one.interface_index === interface_index && one.prefix_bits === vip.prefix_bits;
  const own = present.addresses.get(vip.address)?.find(isAlike);
  if (own === undefined || (own.flags & IFA_F.SECONDARY) !== 0) return false;
  const subnet = maskAddress(vip.address, vip.prefix_bits);
  const others = [...present.addresses.values()].flat().filter((one) => one !== own && isAlike(one));
  return others.some((one) => one.family === 4 && maskAddress(one.address, one.prefix_bits) === subnet);
}

function textOf(vip: Vip): string {
  return `VIP ${vip.address}/${vip.prefix_bits}`;
}

function refusable<T>(vip: Vip, done: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const notPermitted = error.is('EPERM');
    const remedy = notPermitted
      ? 'Run as root, or give the process the capability CAP_NET_ADMIN.'
      : error.is('EACCES')
        ? `Switch IPv6 on: sysctl net.ipv6.conf.${vip.interface}.disable_ipv6=0.`
        : `See \`ip addr show dev ${vip.interface}\`.`;
    throw new FairleadError(
      notPermitted ? 'vip-not-permitted' : 'vip-refused',
      `${textOf(vip)} cannot be ${done} on ${vip.interface}: ${error.message}.`,
      { remedy, cause: error },
    );
  }
}

function missingInterface(vip: Vip): FairleadError {
  return new FairleadError(
    'vip-interface-missing',
    `${textOf(vip)}: this host has no interface ${vip.interface}.`,
    {
      remedy:
        'Correct virtual_ips in the configuration, or create the interface; `ip link` lists what there is.',
    },
  );
}

function onOtherInterface(rtnetlink: Rtnetlink, vip: Vip, found: InterfaceAddress): FairleadError {
  const name = rtnetlink.link(found.interface_index)?.name ?? `interface ${found.interface_index}`;
  return new FairleadError(
    'vip-elsewhere',
    `${textOf(vip)} belongs on ${vip.interface}, but ${name} has this address already.`,
    { remedy: `Remove it there: ip addr delete ${found.address}/${found.prefix_bits} dev ${name}` },
  );
}

function withOtherPrefix(vip: Vip, found: InterfaceAddress): FairleadError {
  return new FairleadError(
    'vip-other-prefix',
    `${textOf(vip)}: ${vip.interface} has this address already, but with the prefix /${found.prefix_bits}.`,
    {
      remedy: `Correct the prefix in the configuration, or remove the address: ip addr delete ${found.address}/${found.prefix_bits} dev ${vip.interface}`,
    },
  );
}
