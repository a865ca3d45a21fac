// What must fit between the parts of a configuration: addresses that meet, services that exclude each other, a pair
// that needs a heartbeat. Works on what could be read, so that it also speaks when other parts are wrong.

import { formatListen } from '../model/service.ts';
import type { DirectorConfig, EngineConfig, HeartbeatConfig, VirtualIpConfig } from './configuration.ts';
import type { Findings } from './problem.ts';
import { quote } from './quote.ts';
import type { ReadService } from './services.ts';
import type { LocatedMap } from './tree.ts';

export interface Placed<T> {
  readonly value: T;
  readonly offset: number;
}

export interface Parts {
  readonly root: LocatedMap;
  readonly directors: readonly Placed<DirectorConfig>[];
  readonly heartbeat: HeartbeatConfig | undefined;
  readonly virtualIps: readonly Placed<VirtualIpConfig>[];
  readonly services: readonly ReadService[];
  readonly engine: EngineConfig | undefined;
}

export function crossCheck(parts: Parts, findings: Findings): void {
  checkDirectors(parts, findings);
  checkVirtualIps(parts, findings);
  checkListens(parts, findings);
  checkServers(parts, findings);
  if (parts.engine?.kind === 'ebpf' && parts.engine.interfaces.length === 0 && parts.services.length > 0)
    findings.warning(parts.root.entries.get('engine')?.keyOffset ?? 0, {
      code: 'no-interfaces',
      message: 'the engine has no interface to take packets from',
      remedy: 'add engine.interfaces, or virtual_ips with their interfaces',
    });
}

function checkDirectors({ root, directors }: Parts, findings: Findings): void {
  const heartbeat = root.entries.get('heartbeat');
  const pair = directors.length > 1;
  if (pair && heartbeat === undefined)
    findings.problem(root.entries.get('directors')!.keyOffset, {
      code: 'no-heartbeat',
      message: 'two directors need the key `heartbeat`',
      remedy: 'add heartbeat with key_file and links, or leave one director',
    });
  if (directors.length === 1 && heartbeat !== undefined)
    findings.warning(heartbeat.keyOffset, {
      code: 'no-peer',
      message: 'heartbeat: there is no second director that could hear it',
    });
  const [first, second] = directors;
  if (first !== undefined && second !== undefined && first.value.address === second.value.address)
    findings.problem(second.offset, {
      code: 'duplicate-address',
      message: `both directors have the address ${second.value.address}`,
      remedy: 'give each its own; the shared ones go to virtual_ips',
    });
}

/** What a lease in the kernel has room for (heartbeat/takeover). */
const PAIRS_VIRTUAL_IPS_MAX = 1_024;

function checkVirtualIps({ root, directors, virtualIps, services }: Parts, findings: Findings): void {
  if (directors.length > 1 && virtualIps.length > PAIRS_VIRTUAL_IPS_MAX)
    findings.problem(root.entries.get('virtual_ips')!.keyOffset, {
      code: 'too-many-virtual-ips',
      message: `a pair can hold at most ${PAIRS_VIRTUAL_IPS_MAX} virtual IPs, not ${virtualIps.length}`,
    });
  const used = new Set(services.map((service) => service.listen?.address));
  const known = services.every((service) => service.listen !== undefined);
  const seen = new Set<string>();
  for (const { value, offset } of virtualIps) {
    const { address } = value;
    if (seen.has(address))
      findings.problem(offset, {
        code: 'duplicate-address',
        message: `the virtual IP ${address} is already in the list`,
        remedy: 'remove one of them',
      });
    seen.add(address);
    const owner = directors.find((director) => director.value.address === address);
    if (owner !== undefined)
      findings.problem(offset, {
        code: 'duplicate-address',
        message: `the virtual IP ${address} is the own address of director ${owner.value.name}`,
        remedy: 'a virtual IP moves between the directors: choose an address that neither has',
      });
    if (known && value.role === 'service' && !used.has(address))
      findings.warning(offset, {
        code: 'unused-virtual-ip',
        message: `no service listens on the virtual IP ${address}`,
        remedy: 'remove it, or write role: nat-gateway if real servers route through it',
      });
  }
}

function checkListens({ virtualIps, services }: Parts, findings: Findings): void {
  const virtual = new Set(virtualIps.map((each) => each.value.address));
  const seen = new Map<string, string>();
  for (const { name, listen, listenOffset } of services) {
    if (listen === undefined) continue;
    const text = formatListen(listen);
    const first = seen.get(text);
    if (first !== undefined)
      findings.problem(listenOffset, {
        code: 'duplicate-listen',
        message: `service ${quote(first)} already listens on ${text}`,
        remedy: 'give one of them another address or port',
      });
    else seen.set(text, name);
    if (!virtual.has(listen.address))
      findings.warning(listenOffset, {
        code: 'no-virtual-ip',
        message: `${listen.address} is not among virtual_ips: no director will bring it up`,
        remedy: 'add it to virtual_ips, unless packets for it are routed here',
      });
  }
}

/** A server that is a virtual IP would send packets round in a circle. */
function checkServers({ virtualIps, services }: Parts, findings: Findings): void {
  const virtual = new Set(virtualIps.map((each) => each.value.address));
  for (const service of services)
    for (const { server, offset } of service.servers)
      if (server.method !== 'local' && virtual.has(server.address))
        findings.problem(offset, {
          code: 'server-is-virtual',
          message: `${quote(server.name)}: ${server.address} is a virtual IP, not a real server`,
          remedy: 'write the server’s own address, or method: local for this host',
        });
}
