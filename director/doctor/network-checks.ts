// Whether the interfaces and the network settings suit the configuration.
import type { Configuration } from '../config/configuration.ts';
import { familyOf } from '../model/address.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import type { Machine } from './machine.ts';

export function checkInterfaces(machine: Machine, configuration: Configuration): Finding[] {
  const names = new Set([
    ...configuration.engine.interfaces,
    ...configuration.virtualIps.map((vip) => vip.interface),
  ]);
  const present = listInterfaces(machine);
  return [...names].map((name) => {
    if (!present.has(name))
      return fail(
        'interface',
        `there is no interface ${name}`,
        'Correct its name in the configuration; "ip link" lists them.',
      );
    const state = machine.read(`/sys/class/net/${name}/operstate`)?.trim();
    return state === 'down'
      ? warn('interface', `${name} is down`, `Run: ip link set ${name} up`)
      : ok('interface', `${name} is there${state === undefined ? '' : ` (${state})`}`);
  });
}

/** Of the network namespace of this process; /sys shows those of the namespace that it was mounted in. */
export function listInterfaces(machine: Machine): Set<string> {
  const lines = (machine.read('/proc/self/net/dev') ?? '').split('\n').slice(2);
  return new Set(lines.flatMap((line) => /^\s*([^:]+):/.exec(line)?.[1] ?? []));
}

/** The packet program asks the kernel's routing table for ways, and that answers only where forwarding is on. */
export function checkForwarding(machine: Machine, configuration: Configuration): Finding[] {
  const families = new Set(
    configuration.services
      .filter((service) => service.servers.some((server) => server.method !== 'local'))
      .map((service) => familyOf(service.listen.address)),
  );
  return [...families].sort().map((family) => {
    const name = family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
    const value = machine.read(`/proc/sys/${name.replaceAll('.', '/')}`)?.trim();
    return value === '1'
      ? ok('forwarding', `${name} is on`)
      : fail(
          'forwarding',
          `${name} is off, so that replies of real servers stop here`,
          `Run: sysctl -w ${name}=1`,
        );
  });
}

/** Full neighbour tables (net/core/neighbour.c) make the kernel refuse to look for more: servers cannot be reached then. */
export function checkNeighbours(machine: Machine, configuration: Configuration): Finding[] {
  const servers = new Set(
    configuration.services
      .flatMap((service) => [...service.servers, ...(service.sorry === undefined ? [] : [service.sorry])])
      .filter((server) => server.method !== 'local')
      .map((server) => server.address),
  );
  return ([4, 6] as const).flatMap((family) => {
    const wanted = [...servers].filter((address) => familyOf(address) === family).length;
    const name = `net.ipv${family}.neigh.default.gc_thresh3`;
    const text = machine.read(`/proc/sys/${name.replaceAll('.', '/')}`)?.trim() ?? '';
    // Absent in a network namespace of its own: the setting is the whole machine's.
    if (wanted === 0 || !/^\d+$/.test(text)) return [];
    const limit = Number(text);
    if (wanted + OTHER_NEIGHBOURS <= limit)
      return [ok('neighbours', `the kernel has room for ${limit} IPv${family} neighbours`)];
    const better = 2 ** Math.ceil(Math.log2((wanted + OTHER_NEIGHBOURS) * 2));
    return [
      warn(
        'neighbours',
        `the kernel has room for ${limit} IPv${family} neighbours, and there are ${wanted} addresses of real servers: those for which there is no room cannot be reached`,
        `Run: sysctl -w ${name}=${better} ${name.replace(/3$/, '2')}=${better / 2}, unless most servers are behind routers.`,
      ),
    ];
  });
}

/** Routers, clients on the same link, the peer. */
const OTHER_NEIGHBOURS = 128;

/** Strict reverse-path filtering drops packets that come in by another way than replies would go out (RFC 3704). */
export function checkReversePath(machine: Machine, interfaces: readonly string[]): Finding {
  const strict = ['all', ...interfaces].filter(
    (name) => machine.read(`/proc/sys/net/ipv4/conf/${name}/rp_filter`)?.trim() === '1',
  );
  return strict.length === 0
    ? ok('rp-filter', 'reverse-path filtering is off or loose')
    : warn(
        'rp-filter',
        `reverse-path filtering is strict on ${strict.join(', ')}: packets that come another way than replies go are dropped`,
        'Set net.ipv4.conf.NAME.rp_filter=2 (loose) where clients are reached by more than one way.',
      );
}

/** A merged receive (LRO) cannot be taken apart again, so that forwarding it breaks path MTU. */
export function checkOffloads(machine: Machine, interfaces: readonly string[]): Finding[] {
  return interfaces.flatMap((name) => {
    const features = machine.ask('ethtool', '-k', name);
    if (features === undefined) return [];
    return /^large-receive-offload: on$/m.test(features)
      ? [
          warn(
            'offloads',
            `${name} merges what it receives (LRO), which must not be forwarded`,
            `Run: ethtool -K ${name} lro off`,
          ),
        ]
      : [ok('offloads', `${name} has nothing that forwarding must avoid`)];
  });
}

/** VIPs of a pair are on one of its machines: the status says on which. */
export function checkVirtualIps(machine: Machine, configuration: Configuration): Finding[] {
  const local = new Set(machine.addresses());
  const raised = configuration.virtualIps.map((vip) => String(vip.address));
  const paired = configuration.heartbeat !== undefined && configuration.directors.length === 2;
  return [
    ...raised
      .filter((address) => !paired && !local.has(address))
      .map((address) =>
        warn('virtual-ip', `the virtual IP ${address} is not on this machine now`, 'See "fairlead status".'),
      ),
    ...configuration.services
      .filter(({ listen }) => !local.has(listen.address) && !raised.includes(listen.address))
      .map((service) =>
        warn(
          'virtual-ip',
          `${service.name} listens on ${service.listen.address}, which is neither on this machine nor under virtual_ips`,
          'Add it to virtual_ips, unless packets for it are routed here.',
        ),
      ),
  ];
}
