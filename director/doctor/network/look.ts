// Looks at the network for a configuration: asks the kernel for ways and addresses, and the network who answers.
// Guarantees: nothing is changed and no address is claimed; ends within a few seconds; without the privilege the network
// is not asked, and why is told.

import type { Configuration } from '../../config/configuration.ts';
import type { Address } from '../../model/address.ts';
import type { Clock } from '../../model/clock.ts';
import { FairleadError } from '../../model/error.ts';
import { openPacketSocket } from '../../native/packet-socket.ts';
import { type Link, Rtnetlink } from '../../native/rtnetlink.ts';
import { askLinks, pingAll } from './ask.ts';
import type { LinkQuestion, NetworkFacts, Way } from './facts.ts';
import { questionsOf, serversOf, serversToPing, strangersOf } from './questions.ts';
import { askInNameOfStranger } from './stranger.ts';

export async function lookAtNetwork(configuration: Configuration, clock: Clock): Promise<NetworkFacts> {
  using rtnetlink = new Rtnetlink();
  const links = rtnetlink.links();
  const names = new Map(links.map((link) => [link.index, link.name]));
  const own = new Map(
    rtnetlink.addresses().map((each) => [each.address, names.get(each.interface_index) ?? ''] as const),
  );
  const ways = findWays(rtnetlink, links, wantedWays(configuration));
  const nothing = { answers: [], pings: new Map(), strangers: new Map() };
  const asked: readonly LinkQuestion[] = questionsOf(configuration, own, ways);
  const unasked = whyNotAsk(links);
  if (unasked !== undefined) return { own, ways, asked: [], unasked, ...nothing };
  const [answers, pings] = await Promise.all([
    askLinks(asked, links, clock),
    pingAll([...pingsOf(configuration, own), ...serversToPing(configuration, ways)], clock),
  ]);
  const facts = { own, ways, asked, answers, unasked, pings, strangers: new Map() };
  return { ...facts, strangers: await askInNameOfStranger(strangersOf(configuration, facts), links, clock) };
}

function wantedWays(configuration: Configuration): Address[] {
  return [
    ...serversOf(configuration).map(({ server }) => server.address),
    ...configuration.directors.map((director) => director.address),
  ];
}

/** The others' own addresses, and witnesses. */
function pingsOf({ directors, heartbeat }: Configuration, own: ReadonlyMap<Address, string>): Address[] {
  return [...directors.map((each) => each.address), ...(heartbeat?.witnesses ?? [])].filter(
    (address) => !own.has(address),
  );
}

function findWays(
  rtnetlink: Rtnetlink,
  links: readonly Link[],
  wanted: readonly Address[],
): Map<Address, Way> {
  const ways = new Map<Address, Way>();
  for (const address of new Set(wanted)) {
    try {
      const route = rtnetlink.routeTo(address);
      const link = links.find((each) => each.index === route.interface_index);
      if (link !== undefined && route.kind === 'unicast')
        ways.set(address, {
          interface: link.name,
          onLink: route.gateway === undefined && !link.loopback,
          mtu: route.mtu ?? link.mtu,
        });
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error; // no way
    }
  }
  return ways;
}

function whyNotAsk(links: readonly Link[]): string | undefined {
  const [link] = links;
  if (link === undefined) return 'there is no interface';
  try {
    using _socket = openPacketSocket(link.index);
    return undefined;
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    return error.message;
  }
}
