// The lab's network: who stands where, under which address. Two bridges in a namespace of their own (`switch`) join
// the hosts by veth pairs with default offloads, so that superpackets and unfinished checksums travel as they do between
// virtual machines. Every forwarding method works at the same time; docs/lab.md draws it.
import { createNamespaces, type Namespace, type Namespaces, run } from '../support/netns.ts';

export const NETWORK = {
  client: { front: '10.0.0.1', front6: 'fd00::1' },
  vip: {
    nat: '10.0.0.100',
    route: '10.0.0.101',
    tunnel: '10.0.0.102',
    nat6: 'fd00::100',
    route6: 'fd00::101',
    tunnel6: 'fd00::102',
  },
  /** Held by the director on the inside: the real servers' way back for method nat. */
  gateway: { inside: '10.1.0.100', inside6: 'fd00:1::100' },
  mtu: { front: 1500, inside: 1600 },
} as const;

/** Asks on both networks who has the VIPs; a host of its own, so that nobody it watches is disturbed. */
export const OBSERVER = {
  front: '10.0.0.250',
  inside: '10.1.0.250',
  front6: 'fd00::250',
  inside6: 'fd00:1::250',
} as const;
/** A host that has no business with the VIPs. */
const STRANGER = { front: '10.0.0.251', front6: 'fd00::251' } as const;

/** Two for HTTP, as two services may share a VIP. */
export const PORTS = { http: 80, http2: 8080, echo: 7 } as const;

export const DIRECTOR_NAMES = ['lb1', 'lb2'] as const;
export type DirectorName = (typeof DIRECTOR_NAMES)[number];
export const SERVER_NAMES = ['rs1', 'rs2', 'rs3'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

export interface HostAddresses {
  readonly front: string;
  readonly inside: string;
  readonly front6: string;
  readonly inside6: string;
}

/** lb1 is .11, lb2 .12, rs1 to rs3 .21 to .23, on both networks and in both families. */
export function addressesOf(host: DirectorName | ServerName): HostAddresses {
  const number = Number(host.slice(2)) + (host.startsWith('lb') ? 10 : 20);
  return {
    front: `10.0.0.${number}`,
    inside: `10.1.0.${number}`,
    front6: `fd00::${number}`,
    inside6: `fd00:1::${number}`,
  };
}

export interface TopologyOptions {
  readonly directors: readonly DirectorName[];
  readonly insideMtu: number;
}

/** Builds everything; disposing of the result ends what runs inside and removes it. */
export function buildTopology(options: TopologyOptions): Namespaces {
  const hosts = ['client', ...options.directors, ...SERVER_NAMES];
  const set = createNamespaces('lab', ['switch', ...hosts, 'observer', 'stranger']);
  try {
    for (const host of hosts) loosen(set.get(host));
    joinFront(set, options);
    joinInside(set, options);
    // Thousands of short connections a second leave from here.
    setAll(set.get('client'), { 'net.ipv4.ip_local_port_range': '1024 65535', 'net.ipv4.tcp_tw_reuse': 1 });
    for (const director of options.directors) settleDirector(set.get(director));
    for (const server of SERVER_NAMES) settleServer(set.get(server));
    return set;
  } catch (error) {
    set[Symbol.dispose]();
    throw error;
  }
}

/** Before any interface exists, as interfaces inherit it: answers may come another way than questions went. */
function loosen(host: Namespace): void {
  setAll(host, { 'net.ipv4.conf.all.rp_filter': 0, 'net.ipv4.conf.default.rp_filter': 0 });
}

function joinFront(set: Namespaces, options: TopologyOptions): void {
  const { client } = NETWORK;
  join(set, 'client', 'front', [`${client.front}/24`, `${client.front6}/64`], NETWORK.mtu.front);
  for (const host of [...options.directors, ...SERVER_NAMES]) {
    const { front, front6 } = addressesOf(host);
    join(set, host, 'front', [`${front}/24`, `${front6}/64`], NETWORK.mtu.front);
  }
  join(set, 'observer', 'front', [`${OBSERVER.front}/24`, `${OBSERVER.front6}/64`], NETWORK.mtu.front);
  join(set, 'stranger', 'front', [`${STRANGER.front}/24`, `${STRANGER.front6}/64`], NETWORK.mtu.front);
  const hosts = ['client', ...options.directors, ...SERVER_NAMES, 'observer', 'stranger'];
  set.bridge(set.get('switch'), 'front', portsOf(hosts, 'front'));
}

function joinInside(set: Namespaces, options: TopologyOptions): void {
  const hosts = [...options.directors, ...SERVER_NAMES];
  for (const host of hosts) {
    const { inside, inside6 } = addressesOf(host);
    join(set, host, 'inside', [`${inside}/24`, `${inside6}/64`], options.insideMtu);
  }
  join(set, 'observer', 'inside', [`${OBSERVER.inside}/24`, `${OBSERVER.inside6}/64`], options.insideMtu);
  set.bridge(set.get('switch'), 'inside', portsOf([...hosts, 'observer'], 'inside'));
}

function join(
  set: Namespaces,
  host: string,
  net: 'front' | 'inside',
  addresses: string[],
  mtu: number,
): void {
  const name = net === 'front' ? 'eth0' : 'eth1';
  set.cable(
    { namespace: set.get(host), name, mtu, addresses },
    { namespace: set.get('switch'), name: `${host}-${net}`, mtu },
  );
}

function portsOf(hosts: readonly string[], net: string): string[] {
  return hosts.map((host) => `${host}-${net}`);
}

function settleDirector(director: Namespace): void {
  setAll(director, {
    'net.ipv4.ip_forward': 1,
    'net.ipv6.conf.all.forwarding': 1,
    // The client shares a network with the real servers of method route; it is not to be told so.
    'net.ipv4.conf.all.send_redirects': 0,
    'net.ipv4.conf.eth0.send_redirects': 0,
    'net.ipv4.conf.eth1.send_redirects': 0,
  });
}

/**
 * Answers of method nat leave from an inside address and go back through the director; those of route and tunnel leave
 * from the VIP, straight to the client. The VIPs are on `lo` and must not be answered for on the front network.
 */
function settleServer(server: Namespace): void {
  setAll(server, { 'net.ipv4.conf.all.arp_ignore': 1, 'net.ipv4.conf.all.arp_announce': 2 });
  const { gateway, vip } = NETWORK;
  batch(server, '-4', [
    `addr add ${vip.route}/32 dev lo`,
    `addr add ${vip.tunnel}/32 dev lo`,
    'rule add from 10.1.0.0/24 lookup 100',
    'route add 10.1.0.0/24 dev eth1 table 100',
    `route add default via ${gateway.inside} dev eth1 table 100`,
  ]);
  batch(server, '-6', [
    `addr add ${vip.route6}/128 dev lo nodad`,
    `addr add ${vip.tunnel6}/128 dev lo nodad`,
    'rule add from fd00:1::/64 lookup 100',
    'route add fd00:1::/64 dev eth1 table 100',
    `route add default via ${gateway.inside6} dev eth1 table 100`,
  ]);
}

function setAll(host: Namespace, settings: Readonly<Record<string, number | string>>): void {
  run(host, 'sysctl', ['-q', '-w', ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)]);
}

function batch(host: Namespace, family: '-4' | '-6', lines: readonly string[]): void {
  run(host, 'ip', [family, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
