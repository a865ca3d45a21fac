// What a first set-up knows of the machine it runs on, and what follows from it. Pure.
import { type Address, familyOf, maskAddress } from '../../model/address.ts';

export interface Facts {
  readonly hostname: string;
  /** Without loopback, in the kernel's order. */
  readonly interfaces: readonly InterfaceFact[];
  readonly gateway: { readonly address: Address; readonly interface: string } | undefined;
}

export interface InterfaceFact {
  readonly name: string;
  /** Global ones; link-local addresses say nothing here. */
  readonly addresses: readonly { readonly address: Address; readonly prefix_bits: number }[];
}

/** The interface with a subnet that the address is in; the narrowest one. */
export function interfaceOf(facts: Facts, wanted: Address): string | undefined {
  let best: { readonly name: string; readonly prefix_bits: number } | undefined;
  for (const { name, addresses } of facts.interfaces)
    for (const { address, prefix_bits } of addresses) {
      if (familyOf(address) !== familyOf(wanted)) continue;
      if (maskAddress(address, prefix_bits) !== maskAddress(wanted, prefix_bits)) continue;
      if (best === undefined || prefix_bits > best.prefix_bits) best = { name, prefix_bits };
    }
  return best?.name;
}

/** The address that this machine most likely is known by: on the way to its gateway, else the first one. */
export function likelyAddress(facts: Facts): Address | undefined {
  const outward = facts.interfaces.find((each) => each.name === facts.gateway?.interface);
  return [outward, ...facts.interfaces].flatMap((each) => each?.addresses ?? [])[0]?.address;
}

/** `lb1.example.org` is `lb1`; what cannot be a name gives none. */
export function likelyName(facts: Facts): string | undefined {
  const short = facts.hostname.split('.')[0] ?? '';
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(short) ? short : undefined;
}
