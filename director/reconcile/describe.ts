// Steps as lines for people, for dry runs and history: `+ service …`, `~ server www/rs1 weight 1 -> 2`, `- server …`.

import type { EngineSnapshot } from '../engine/engine.ts';
import { formatEndpoint } from '../model/address.ts';
import { serverKey } from '../model/orders.ts';
import { formatListen, type ServerSpec, type ServiceSpec } from '../model/service.ts';
import type { Step } from '../model/step.ts';

/** What stood there before an edit; without it only the new values are told. */
export interface Before {
  readonly service?: ServiceSpec;
  readonly server?: ServerSpec;
}

/** One line per step, edits with their old values. */
export function describePlan(steps: readonly Step[], actual: EngineSnapshot): string[] {
  const services = new Map<string, ServiceSpec>();
  const servers = new Map<string, ServerSpec>();
  for (const service of actual.services) {
    if (service.presence !== 'present') continue;
    services.set(service.spec.name, service.spec);
    for (const server of service.servers)
      if (server.presence === 'present')
        servers.set(serverKey(service.spec.name, server.spec.name), server.spec);
  }
  return steps.map((step) => {
    if (step.kind === 'edit-service')
      return describeStep(step, optional('service', services.get(step.service.name)));
    if (step.kind === 'edit-server')
      return describeStep(step, optional('server', servers.get(serverKey(step.service, step.server.name))));
    return describeStep(step);
  });
}

function optional<K extends keyof Before>(key: K, value: Before[K] | undefined): Before {
  return value === undefined ? {} : { [key]: value };
}

export function describeStep(step: Step, before: Before = {}): string {
  switch (step.kind) {
    case 'add-service':
      return `+ service ${step.service.name} ${formatListen(step.service.listen)} ${step.service.scheduler}${persistence(step.service)}`;
    case 'edit-service':
      return `~ service ${step.service.name} ${editedService(step.service, before.service)}`;
    case 'remove-service':
      return `- service ${step.service} (connections: ${step.policy})`;
    case 'add-server':
      return `+ server ${serverKey(step.service, step.server.name)} ${formatEndpoint(step.server.address, step.server.port)} ${step.server.method} weight ${step.server.weight}`;
    case 'edit-server':
      return `~ server ${serverKey(step.service, step.server.name)} ${editedServer(step.server, before.server)}`;
    case 'remove-server':
      return `- server ${serverKey(step.service, step.server)} (connections: ${step.policy})`;
  }
}

function editedService(after: ServiceSpec, before: ServiceSpec | undefined): string {
  return changes([
    ['scheduler', before?.scheduler, after.scheduler],
    ['persistence', before && persistenceText(before), persistenceText(after)],
  ]);
}

function editedServer(after: ServerSpec, before: ServerSpec | undefined): string {
  return changes([
    ['weight', before?.weight, after.weight],
    ['method', before?.method, after.method],
  ]);
}

type Change = readonly [name: string, before: string | number | undefined, after: string | number];

function changes(all: readonly Change[]): string {
  return all
    .filter(([, before, after]) => before !== after)
    .map(([name, before, after]) =>
      before === undefined ? `${name} ${after}` : `${name} ${before} -> ${after}`,
    )
    .join(', ');
}

function persistence(service: ServiceSpec): string {
  return service.persistence === undefined ? '' : ` persistence ${persistenceText(service)}`;
}

function persistenceText(service: ServiceSpec): string {
  const value = service.persistence;
  return value === undefined ? 'none' : `${value.timeout_s}s/${value.netmask_bits}`;
}
