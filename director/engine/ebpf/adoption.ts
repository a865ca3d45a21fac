// Services and servers read back from tables that an earlier process left. It may have ended between any two writes;
// what packets saw last, the published list of members, decides which servers are present.
import * as layout from './layout.ts';
import type { MemberLists } from './member-lists.ts';
import { readServer, readService, type ServerRecord, type ServiceRecord } from './records.ts';
import type { Tables } from './tables.ts';

export interface ReadBack {
  readonly services: readonly ServiceRecord[];
  readonly servers: readonly ServerRecord[];
}

export function readBack(tables: Tables, lists: MemberLists): ReadBack {
  const services = new Map<number, ServiceRecord>();
  const servers = new Map<number, ServerRecord>();
  for (let id = 0; id < tables.sizes.services; id++) {
    const service = readService(tables.array('services'), id);
    if (service) services.set(id, service);
  }
  for (let id = 0; id < tables.sizes.servers; id++) {
    const server = readServer(tables.array('servers'), id, services);
    if (!server) continue;
    servers.set(id, server);
    server.service.servers.add(server);
  }
  for (const service of services.values()) readMembers(tables, lists, service, servers);
  return { services: [...services.values()], servers: [...servers.values()] };
}

function readMembers(
  tables: Tables,
  lists: MemberLists,
  service: ServiceRecord,
  servers: ReadonlyMap<number, ServerRecord>,
): void {
  const word = tables.array('services').getU64(service.id, layout.SERVICE.members);
  const first = Number(word >> 32n);
  const count = Number(word & 0xffff_ffffn);
  const ids = Array.from({ length: count }, (_, index) => tables.array('members').getU32(first + index, 0));
  service.members = ids.flatMap((id) => {
    const server = servers.get(id);
    return server?.service === service && server.presence === 'present' ? [server] : [];
  });
  service.region = lists.adopt(first, count);
  for (const server of service.servers)
    if (server.presence === 'present' && !service.members.includes(server)) server.presence = 'leaving';
}
