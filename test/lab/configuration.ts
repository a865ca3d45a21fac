// The lab's services as data, and from them the configuration that its directors run with and the traffic that its
// client makes. Every forwarding method, both families, TCP and UDP, at the same time.
import type { Target } from './client/traffic.ts';
import {
  addressesOf,
  type DirectorName,
  type HostAddresses,
  NETWORK,
  PORTS,
  SERVER_NAMES,
} from './topology.ts';

/** A drill makes hundreds of connections a second, and each is remembered for two minutes after its end. */
const CONNECTIONS = 262_144;

export interface LabService {
  readonly name: string;
  readonly kind: Target['kind'];
  readonly method: 'nat' | 'route' | 'tunnel';
  readonly vip: string;
  readonly port: number;
  readonly scheduler: 'rr' | 'wrr' | 'lc' | 'wlc';
  /** Which address of a real server the director sends to. */
  readonly reach: keyof HostAddresses;
  readonly rate: number;
  readonly held: number;
}

const { vip } = NETWORK;

export const SERVICES: readonly LabService[] = [
  service('www-nat', 'http', 'nat', vip.nat, 'rr', 'inside'),
  service('www-route', 'http', 'route', vip.route, 'wrr', 'front'),
  service('www-tunnel', 'http', 'tunnel', vip.tunnel, 'rr', 'inside'),
  service('www-nat6', 'http', 'nat', vip.nat6, 'rr', 'inside6'),
  service('echo-nat', 'echo', 'nat', vip.nat, 'wlc', 'inside'),
  service('echo-route', 'echo', 'route', vip.route, 'rr', 'front'),
  service('echo-tunnel', 'echo', 'tunnel', vip.tunnel, 'lc', 'inside'),
  service('udp-nat', 'udp', 'nat', vip.nat, 'rr', 'inside'),
];

/** Every method with IPv6 inside and, for tunnels, every pair of inner and outer family; not shown, for tests. */
export const MORE_SERVICES: readonly LabService[] = [
  service('www-route6', 'http', 'route', vip.route6, 'rr', 'front6'),
  service('www-6in6', 'http', 'tunnel', vip.tunnel6, 'rr', 'inside6'),
  { ...service('www-6in4', 'http', 'tunnel', vip.tunnel6, 'rr', 'inside'), port: PORTS.http2 },
  { ...service('www-4in6', 'http', 'tunnel', vip.tunnel, 'rr', 'inside6'), port: PORTS.http2 },
];

/** For drills, whose own client makes the traffic: every method, both families, TCP and UDP. */
export const DRILL_SERVICES: readonly LabService[] = [
  service('echo-nat', 'echo', 'nat', vip.nat, 'rr', 'inside'),
  service('echo-route', 'echo', 'route', vip.route, 'rr', 'front'),
  service('echo-tunnel', 'echo', 'tunnel', vip.tunnel, 'rr', 'inside'),
  service('echo-nat6', 'echo', 'nat', vip.nat6, 'rr', 'inside6'),
  service('udp-nat', 'udp', 'nat', vip.nat, 'rr', 'inside'),
].map((item) => ({ ...item, rate: 0, held: 0 }));

function service(
  name: string,
  kind: Target['kind'],
  method: LabService['method'],
  address: string,
  scheduler: LabService['scheduler'],
  reach: keyof HostAddresses,
): LabService {
  const rate = kind === 'http' ? 20 : 5;
  const port = kind === 'http' ? PORTS.http : PORTS.echo;
  return { name, kind, method, vip: address, port, scheduler, reach, rate, held: kind === 'http' ? 0 : 6 };
}

export function listenOf(item: LabService): string {
  return `${item.kind === 'udp' ? 'udp' : 'tcp'}://${endpoint(item.vip, item.port)}`;
}

export function targetsOf(services: readonly LabService[]): Target[] {
  return services.map((item) => ({
    service: item.name,
    kind: item.kind,
    address: item.vip,
    port: item.port,
    rate: item.rate,
    held: item.held,
    bulkEvery_ms: item.kind === 'http' ? 2_000 : 0,
  }));
}

/** How two directors watch each other. */
export interface PairSettings {
  readonly interval_ms: number;
  readonly deadtime_ms: number;
  readonly failback: 'manual' | 'auto';
  /** Device of the serial line, the same path for both; undefined: no line. */
  readonly serial?: string;
}

export const PAIR: PairSettings = { interval_ms: 50, deadtime_ms: 250, failback: 'manual' };
export const HEARTBEAT_PORT = 694;

export interface ConfigurationOptions {
  readonly pair?: PairSettings;
  readonly directors: readonly DirectorName[];
  readonly engine: 'ebpf' | 'ipvs' | 'memory';
  readonly services: readonly LabService[];
  /** File name of the pair's shared key, beside the configuration. */
  readonly keyFile: string;
}

/** The YAML text, as an administrator would write it. */
export function configurationText(options: ConfigurationOptions): string {
  return [
    'cluster: lab',
    'directors:',
    ...options.directors.map(
      (name, index) => `  ${name}: { address: ${addressesOf(name).front}, priority: ${200 - 100 * index} }`,
    ),
    ...(options.directors.length > 1 ? pairLines(options) : []),
    'virtual_ips:',
    ...[...new Set(options.services.map((item) => item.vip))].map(
      (address) => `  - { address: "${address}/${address.includes(':') ? 64 : 24}", interface: eth0 }`,
    ),
    `  - { address: ${NETWORK.gateway.inside}/24, interface: eth1, role: nat-gateway }`,
    `  - { address: "${NETWORK.gateway.inside6}/64", interface: eth1, role: nat-gateway }`,
    `engine: { kind: ${options.engine}, interfaces: [eth0, eth1], connections: ${CONNECTIONS} }`,
    'services:',
    ...options.services.flatMap(serviceLines),
    '',
  ].join('\n');
}

function pairLines({ keyFile, pair = PAIR, directors }: ConfigurationOptions): string[] {
  const ends = (net: 'front' | 'inside'): string =>
    directors.map((name) => `${name}: ${addressesOf(name)[net]}`).join(', ');
  return [
    'heartbeat:',
    `  interval: ${pair.interval_ms}ms`,
    `  deadtime: ${pair.deadtime_ms}ms`,
    `  key_file: ${keyFile}`,
    `  failback: ${pair.failback}`,
    '  links:',
    `    - { udp: eth1, port: ${HEARTBEAT_PORT}, addresses: { ${ends('inside')} } }`,
    `    - { udp: eth0, port: ${HEARTBEAT_PORT}, addresses: { ${ends('front')} } }`,
    ...(pair.serial === undefined ? [] : [`    - { serial: ${pair.serial}, baud: 115200 }`]),
    'sync: { link: eth1 }',
  ];
}

function serviceLines(item: LabService): string[] {
  const probe = item.kind === 'http' ? 'http: /health' : 'tcp: true';
  return [
    `  ${item.name}:`,
    `    listen: "${listenOf(item)}"`,
    `    scheduler: ${item.scheduler}`,
    `    method: ${item.method}`,
    `    monitor: { ${probe}, interval: 500ms, timeout: 300ms, rise: 2, fall: 2 }`,
    '    slow_start: 2s',
    '    servers:',
    ...SERVER_NAMES.map(
      (name) => `      ${name}: { address: "${endpoint(addressesOf(name)[item.reach], item.port)}" }`,
    ),
  ];
}

function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
