// The `services` part: every virtual service with its servers, defaults filled in, and what must fit together inside
// one service. What must fit between services is in cross-checks.ts.
import { type Address, familyOf, formatEndpoint } from '../model/address.ts';
import { LIMITS, type Listen, type Method, type Persistence } from '../model/service.ts';
import type { ServerConfig, ServiceConfig } from './configuration.ts';
import { asOptionalMap, readFields } from './fields.ts';
import { type ReadMonitor, readMonitors } from './monitors.ts';
import { present } from './probes.ts';
import type { Findings } from './problem.ts';
import { quote } from './quote.ts';
import type { OptionalPort } from './scalars.ts';
import { nameFault } from './scalars.ts';
import { PERSISTENCE, SERVER, SERVICE, SORRY } from './schema.ts';
import type { Located, LocatedMap } from './tree.ts';

const SERVICES_MAX = 10_000;
const SORRY_NAME = 'sorry';

/** A service as far as it could be read, and where. */
export interface ReadService {
  readonly name: string;
  readonly offset: number;
  readonly listen: Listen | undefined;
  readonly listenOffset: number;
  readonly servers: readonly PlacedServer[];
  readonly config: ServiceConfig | undefined;
}

export interface PlacedServer {
  readonly server: ServerConfig;
  readonly offset: number;
}

export function readServices(node: Located | undefined, findings: Findings): ReadService[] {
  const map = asOptionalMap(node, 'services', findings);
  if (map === undefined) return [];
  if (map.entries.size > SERVICES_MAX) {
    findings.problem(map.offset, {
      code: 'too-many-services',
      message: `${map.entries.size} services are more than the limit of ${SERVICES_MAX}`,
    });
    return [];
  }
  return [...map.entries].map(([name, entry]) => {
    checkName(name, entry.keyOffset, 'service', findings);
    return readService(name, entry.keyOffset, entry.node, findings);
  });
}

export function checkName(name: string, offset: number, what: string, findings: Findings): void {
  const fault = nameFault(name);
  if (fault !== undefined)
    findings.problem(offset, { code: 'bad-name', message: `the ${what} name ${quote(name)} ${fault}` });
}

function readService(name: string, offset: number, node: Located, findings: Findings): ReadService {
  const { some, all } = readFields(SERVICE, node, 'a service', findings);
  const { listen } = some;
  const persistence = readPersistence(some.persistence, listen, findings);
  const monitors = readMonitors(some.monitor, listen?.protocol, findings);
  const context = { listen, method: some.method, monitors: monitors ?? [], findings };
  const servers = readServers(some.servers, context);
  const sorry = some.sorry && readSorry(some.sorry, context);
  const total = servers.length + (sorry ? 1 : 0);
  if (total > LIMITS.servers_per_service)
    findings.problem(some.servers?.offset ?? offset, {
      code: 'too-many-servers',
      message: `${total} servers are more than a service's limit of ${LIMITS.servers_per_service}`,
    });
  const placed = sorry ? [...servers, sorry] : servers;
  checkEndpoints(placed, findings);
  if (node.kind === 'map' && servers.length === 0)
    findings.warning(offset, { code: 'no-servers', message: `service ${quote(name)} has no real server` });
  const listenOffset = node.kind === 'map' ? (node.entries.get('listen')?.node.offset ?? offset) : offset;
  const config: ServiceConfig | undefined = all && {
    name,
    listen: all.listen,
    scheduler: all.scheduler,
    ...present({ persistence }),
    removal: all.removal ?? (all.listen.protocol === 'udp' ? 'reassign' : 'reset'),
    down: all.down,
    slowStart_ms: all.slow_start,
    monitors: monitorSpecs(monitors ?? []),
    servers: servers.map((each) => each.server),
    ...present({ sorry: sorry?.server }),
  };
  return { name, offset, listen, listenOffset, servers: placed, config };
}

function readPersistence(
  node: Located | undefined,
  listen: Listen | undefined,
  findings: Findings,
): Persistence | undefined {
  if (node === undefined) return undefined;
  const { all } = readFields(PERSISTENCE, node, 'persistence', findings);
  if (all === undefined) return undefined;
  const most = listen !== undefined && familyOf(listen.address) === 6 ? 128 : 32;
  const at = (key: string) =>
    (node.kind === 'map' ? node.entries.get(key)?.node.offset : undefined) ?? node.offset;
  if (listen !== undefined && all.netmask !== undefined && all.netmask > most)
    findings.problem(at('netmask'), {
      code: 'bad-prefix',
      message: `netmask: an IPv4 prefix length is at most ${most}`,
    });
  if (all.timeout % 1_000 !== 0)
    findings.problem(at('timeout'), { code: 'bad-duration', message: 'timeout: must be whole seconds' });
  return { timeout_s: Math.floor(all.timeout / 1_000), netmask_bits: all.netmask ?? most };
}

/** One port for all monitors is the servers' probe port; different ones stay with each monitor. */
function monitorSpecs(monitors: readonly ReadMonitor[]): ServiceConfig['monitors'] {
  if (sharedPort(monitors).agreed) return monitors.map((each) => each.spec);
  return monitors.map((each) => ({ ...each.spec, ...present({ port: each.port }) }));
}

function sharedPort(monitors: readonly ReadMonitor[]): { agreed: boolean; port: number | undefined } {
  const port = monitors[0]?.port;
  const agreed = monitors.every((each) => each.port === port);
  return { agreed, port: agreed ? port : undefined };
}

interface ServerContext {
  readonly listen: Listen | undefined;
  /** The service's. */
  readonly method: Method | undefined;
  readonly monitors: readonly ReadMonitor[];
  readonly findings: Findings;
}

function readServers(node: Located | undefined, context: ServerContext): PlacedServer[] {
  const { findings } = context;
  const map = asOptionalMap(node, 'servers', findings);
  if (map === undefined) return [];
  const servers: PlacedServer[] = [];
  for (const [name, entry] of map.entries) {
    checkName(name, entry.keyOffset, 'server', findings);
    if (name === SORRY_NAME)
      findings.problem(entry.keyOffset, {
        code: 'reserved-name',
        message: 'a server cannot be called sorry: the sorry server is',
        remedy: 'choose another name',
      });
    const { all } = readFields(SERVER, entry.node, 'a server', findings);
    if (all === undefined || entry.node.kind !== 'map') continue;
    if (all.probe_port !== undefined && !sharedPort(context.monitors).agreed)
      findings.problem(entry.node.entries.get('probe_port')!.node.offset, {
        code: 'ambiguous-port',
        message: 'probe_port: the monitors of this service probe different ports',
        remedy: 'remove probe_port, or the ports of the monitors',
      });
    const server = buildServer(name, all, entry.node, context);
    if (server !== undefined) servers.push({ server, offset: entry.keyOffset });
  }
  return servers;
}

function readSorry(node: Located, context: ServerContext): PlacedServer | undefined {
  const { all } = readFields(SORRY, node, 'sorry', context.findings);
  if (all === undefined || node.kind !== 'map') return undefined;
  const server = buildServer(SORRY_NAME, { ...all, weight: 1, probe_port: undefined }, node, context);
  return server && { server, offset: node.offset };
}

interface ServerValues {
  readonly address: OptionalPort;
  readonly method?: Method | undefined;
  readonly weight: number;
  readonly probe_port?: number | undefined;
}

/** Undefined where the service's own listen or method is wrong: nothing can be said of the server then. */
function buildServer(
  name: string,
  values: ServerValues,
  node: LocatedMap,
  context: ServerContext,
): ServerConfig | undefined {
  const method = values.method ?? context.method;
  if (context.listen === undefined || method === undefined) return undefined;
  const { address } = values.address;
  const port = values.address.port ?? context.listen.port;
  checkFit(
    address,
    port,
    method,
    context.listen,
    node.entries.get('address')?.node.offset ?? node.offset,
    context.findings,
  );
  const probePort = values.probe_port ?? sharedPort(context.monitors).port ?? port;
  return { name, address, port, method, weight: values.weight, probePort };
}

function checkFit(
  address: Address,
  port: number,
  method: Method,
  listen: Listen,
  offset: number,
  findings: Findings,
): void {
  if (method !== 'tunnel' && familyOf(address) !== familyOf(listen.address))
    findings.problem(offset, {
      code: 'family-mismatch',
      message: `method ${method} cannot lead from IPv${familyOf(listen.address)} to the IPv${familyOf(address)} address ${address}`,
      remedy: 'use an address of the same family, or method: tunnel',
    });
  if (method !== 'nat' && port !== listen.port)
    findings.problem(offset, {
      code: 'port-mismatch',
      message: `method ${method} does not change ports: ${port} is not the service's port ${listen.port}`,
      remedy: `write ${formatEndpoint(address, listen.port)}, or method: nat`,
    });
}

function checkEndpoints(servers: readonly PlacedServer[], findings: Findings): void {
  const seen = new Map<string, string>();
  for (const { server, offset } of servers) {
    const endpoint = formatEndpoint(server.address, server.port);
    const first = seen.get(endpoint);
    if (first === undefined) seen.set(endpoint, server.name);
    else
      findings.problem(offset, {
        code: 'duplicate-server',
        message: `${quote(server.name)} has the same address and port as ${quote(first)}: ${endpoint}`,
        remedy: 'remove one of them',
      });
  }
}
