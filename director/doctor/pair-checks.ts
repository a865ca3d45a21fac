// Whether this machine can be one of a pair: links that are there, more than one way to the peer, addresses of its own.
import type { Configuration, LinkConfig } from '../config/configuration.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import type { Machine } from './machine.ts';
import { listInterfaces } from './network-checks.ts';

export function checkPair(machine: Machine, configuration: Configuration): Finding[] {
  const { heartbeat, directors } = configuration;
  if (heartbeat === undefined || directors.length !== 2) return [];
  const local = new Set(machine.addresses());
  return [
    ...checkLinks(machine, heartbeat.links),
    ...checkWays(configuration),
    checkOwnAddress(configuration, local),
    ...checkLinkAddresses(configuration, local),
    ...checkSyncLink(machine, configuration),
  ];
}

function nameOf(link: LinkConfig): string {
  return link.kind === 'udp' ? `udp ${link.interface}` : `serial ${link.device}`;
}

/** One that is missing may come back; without any, both directors would be active. */
function checkLinks(machine: Machine, links: readonly LinkConfig[]): Finding[] {
  const present = listInterfaces(machine);
  const isThere = (link: LinkConfig): boolean =>
    link.kind === 'udp' ? present.has(link.interface) : machine.exists(link.device);
  const level = links.some(isThere) ? warn : fail;
  return links.map((link) =>
    isThere(link)
      ? ok('link', `${nameOf(link)} is there`)
      : level(
          'link',
          link.kind === 'udp'
            ? `there is no interface ${link.interface} for a link`
            : `there is no device ${link.device}`,
          link.kind === 'udp'
            ? 'Correct its name under heartbeat.links; "ip link" lists them.'
            : 'Correct its name under heartbeat.links, or load its driver.',
        ),
  );
}

function checkWays({ heartbeat }: Configuration): Finding[] {
  const ways = new Set(heartbeat?.links.map((link) => (link.kind === 'udp' ? link.interface : link.device)));
  if (ways.size > 1 || (heartbeat?.witnesses.length ?? 0) > 0) return [];
  return [
    warn(
      'links',
      'there is one way between the directors only: if it is cut, both take the virtual IPs',
      'Add a second link over other cables, or witnesses.',
    ),
  ];
}

function checkOwnAddress({ directors }: Configuration, local: ReadonlySet<string>): Finding {
  const own = directors.filter((director) => local.has(director.address));
  if (own.length === 1) return ok('own-address', `this is ${own[0]!.name}, ${own[0]!.address}`);
  return warn(
    'own-address',
    own.length === 0
      ? `none of the directors’ addresses (${directors.map((each) => each.address).join(', ')}) is on this machine`
      : 'the addresses of both directors are on this machine',
    'Correct the addresses under directors, or add the address to its interface.',
  );
}

/** Beats could not be sent from an address that is not here. */
function checkLinkAddresses({ heartbeat }: Configuration, local: ReadonlySet<string>): Finding[] {
  return (heartbeat?.links ?? []).flatMap((link) => {
    if (link.kind !== 'udp' || link.addresses === undefined) return [];
    const addresses = Object.values(link.addresses);
    if (addresses.some((address) => local.has(address))) return [];
    return [
      warn(
        'link',
        `${nameOf(link)}: neither ${addresses.join(' nor ')} is on this machine`,
        `Add it to ${link.interface}, or correct the link’s addresses.`,
      ),
    ];
  });
}

function checkSyncLink(machine: Machine, { sync }: Configuration): Finding[] {
  if (sync === undefined)
    return [
      warn(
        'sync',
        'the directors have no link for sync: a takeover loses connections',
        'Add sync: { link: eth1 }.',
      ),
    ];
  return listInterfaces(machine).has(sync.link)
    ? [ok('sync', `over ${sync.link}, port ${sync.port}`)]
    : [
        warn(
          'sync',
          `there is no interface ${sync.link} for sync`,
          'Correct sync.link; "ip link" lists them.',
        ),
      ];
}
