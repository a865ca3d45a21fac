// What the network said when it was asked: the facts that the checks beside this file judge. Pure.
import type { Address } from '../../model/address.ts';

export interface NetworkFacts {
  /** Addresses of this machine, and the interface that has each. */
  readonly own: ReadonlyMap<Address, string>;
  /** The way to an address of the configuration; absent where there is none. */
  readonly ways: ReadonlyMap<Address, Way>;
  /** What was asked on which link. */
  readonly asked: readonly LinkQuestion[];
  readonly answers: readonly LinkAnswer[];
  /** Why the links could not be asked; undefined: they were. */
  readonly unasked: string | undefined;
  /** Addresses that were pinged, and whether they answered. */
  readonly pings: ReadonlyMap<Address, boolean>;
  /** Where real servers send what is for strangers; only of those that could be asked. */
  readonly strangers: ReadonlyMap<Address, 'here' | 'elsewhere'>;
}

export interface Way {
  readonly interface: string;
  /** No router in between. */
  readonly onLink: boolean;
  /** Of the route or of the interface. */
  readonly mtu: number;
}

export interface LinkQuestion {
  readonly interface: string;
  readonly address: Address;
}

export interface LinkAnswer extends LinkQuestion {
  /** `02:00:00:00:00:0a` */
  readonly mac: string;
}

/** A real server that is asked where it sends what is for strangers. */
export interface Suspect {
  readonly server: Address;
  readonly interface: string;
  readonly mac: string;
}

/** Link addresses that answered for an address, on any link. */
export function macsOf(facts: NetworkFacts, address: Address): ReadonlySet<string> {
  return new Set(facts.answers.filter((each) => each.address === address).map((each) => each.mac));
}
