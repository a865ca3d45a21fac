// What the reference model can say of itself when asked why (../explain.ts).
import { outerHeaderBytes } from '../../model/address.ts';
import type { ServerSnapshot } from '../engine.ts';
import type { ExplainView } from '../explain.ts';
import type { ServerRecord } from './records.ts';
import type { EngineState } from './state.ts';

export function explainView(state: EngineState): ExplainView {
  const { registry, table, ways } = state;
  return {
    service: (name) => {
      const service = registry.present(name);
      return (
        service && {
          spec: service.spec,
          position: service.position,
          members: service.members.map(serverSnapshot),
        }
      );
    },
    connection: (service, { address, port }) => {
      for (const entry of table.connections()) {
        const isClients = entry.client.port === port && entry.client.address === address;
        if (isClients && entry.owner.service.spec.name === service && !state.isExpired(entry))
          return state.describe(entry);
      }
      return undefined;
    },
    template: (service, client) => {
      const group = registry.present(service)?.id;
      const template = group === undefined ? undefined : table.template(group, client);
      return template && !state.isExpired(template) ? state.describe(template) : undefined;
    },
    server: (service, name) => {
      const found = [...(registry.present(service)?.servers ?? [])].find(({ spec }) => spec.name === name);
      return found && serverSnapshot(found);
    },
    tunnelRoom_bytes: (address) => ways.mtu - outerHeaderBytes(address),
  };
}

export function serverSnapshot(server: ServerRecord): ServerSnapshot {
  const { spec, presence, active, inactive, templates } = server;
  const counts = { active, inactive, templates, traffic: { ...server.traffic } };
  return presence === 'present'
    ? { spec, presence, ...counts }
    : { spec, presence, policy: server.policy, ...counts };
}
