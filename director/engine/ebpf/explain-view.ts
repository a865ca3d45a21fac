// What the engine can say of itself when asked why (../explain.ts).
import { outerHeaderBytes } from '../../model/address.ts';
import type { ServerSnapshot } from '../engine.ts';
import type { ExplainView } from '../explain.ts';
import type { Entries } from './entries.ts';
import type { HopRecords } from './hop-records.ts';
import type { ServerRecord } from './records.ts';
import type { Registry } from './registry.ts';

export interface ExplainParts {
  readonly registry: Registry;
  readonly entries: Entries;
  readonly hops: HopRecords;
  readonly now_ns: bigint;
  readonly snapshot: (server: ServerRecord) => ServerSnapshot;
}

/** Where the way is not known yet. */
const ETHERNET_MTU = 1_500;

export function explainView({ registry, entries, hops, now_ns, snapshot }: ExplainParts): ExplainView {
  return {
    service: (name) => {
      const service = registry.present(name);
      return (
        service && {
          spec: service.spec,
          position: registry.position(service),
          members: service.members.map(snapshot),
        }
      );
    },
    connection: (service, { address, port }) =>
      entries
        .matching({ kind: 'connection', service, client: address }, now_ns)
        .find((entry) => entry.client.port === port),
    template: (service, client) =>
      entries.matching({ kind: 'template', service, client }, now_ns).next().value ?? undefined,
    server: (service, name) => {
      for (const server of registry.present(service)?.servers ?? [])
        if (server.spec.name === name) return snapshot(server);
      return undefined;
    },
    tunnelRoom_bytes: (address) => {
      const hop = hops.hop(address);
      return (hop?.kind === 'link' ? hop.mtu : ETHERNET_MTU) - outerHeaderBytes(address);
    },
  };
}
