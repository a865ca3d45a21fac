// Finds out what a first set-up can offer as defaults: name, interfaces with their addresses, gateway.
import os from 'node:os';
import type { Address, Family } from '../model/address.ts';
import { parseAddress } from '../model/address.ts';
import { FairleadError } from '../model/error.ts';
import { Rtnetlink } from '../native/rtnetlink.ts';
import type { Facts, InterfaceFact } from './core/facts.ts';

const MAIN_TABLE = 254;

export function findFacts(): Facts {
  return { hostname: os.hostname(), interfaces: findInterfaces(), gateway: findGateway() };
}

/** Link addresses, for the peer to know this machine by. */
export function ownMacs(): string[] {
  const all = Object.values(os.networkInterfaces()).flatMap((list) => (list ?? []).map((each) => each.mac));
  return [...new Set(all)].filter((mac) => mac !== '00:00:00:00:00:00');
}

function findInterfaces(): InterfaceFact[] {
  return Object.entries(os.networkInterfaces()).flatMap(([name, list]) => {
    const addresses = (list ?? []).flatMap((each) => {
      const address = parseAddress(each.address);
      const prefix_bits = Number(each.cidr?.split('/')[1]);
      const isLocal = each.internal || each.address.startsWith('fe80:');
      return address === undefined || isLocal || Number.isNaN(prefix_bits) ? [] : [{ address, prefix_bits }];
    });
    return addresses.length === 0 ? [] : [{ name, addresses }];
  });
}

function findGateway(): Facts['gateway'] {
  try {
    using rtnetlink = new Rtnetlink();
    const family: Family = 4;
    const best = rtnetlink
      .routes(family)
      .filter((route) => route.prefix_bits === 0 && route.table === MAIN_TABLE && route.gateway !== undefined)
      .sort((a, b) => a.metric - b.metric)[0];
    const name = best?.interface_index === undefined ? undefined : rtnetlink.link(best.interface_index)?.name;
    if (best?.gateway === undefined || name === undefined) return undefined;
    return { address: best.gateway as Address, interface: name };
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    return undefined;
  }
}
