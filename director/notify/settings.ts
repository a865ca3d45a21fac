// From a configuration to what the decision needs of it, and to the senders of its targets. A target keeps its identity as
// long as messages go the same way, whatever else is changed about it.
import { createHash } from 'node:crypto';
import type { Configuration, NotificationConfig } from '../config/configuration.ts';
import type { Settings } from './core/types.ts';
import { createSender, nameOf } from './senders/kinds.ts';
import type { Send } from './senders/sender.ts';

export interface Way {
  readonly key: string;
  /** Place in the configuration, from 1. */
  readonly number: number;
  readonly name: string;
  readonly config: NotificationConfig;
  readonly send: Send;
}

export function waysOf(configuration: Configuration): Way[] {
  const seen = new Map<string, number>();
  return (configuration.notifications ?? []).map((config, index) => {
    const identity = keyOf(config);
    const before = seen.get(identity) ?? 0;
    seen.set(identity, before + 1);
    const key = before === 0 ? identity : `${identity} ${before + 1}`;
    return { key, number: index + 1, name: nameOf(config), config, send: createSender(config) };
  });
}

/** Addresses may be secret, and keys are kept on disk. */
function keyOf(config: NotificationConfig): string {
  const { on: _, services: __, group_ms: ___, remind_ms: ____, timeout_ms: _____, ...way } = config;
  const { kind } = way;
  return `${kind} ${createHash('sha256').update(JSON.stringify(way)).digest('hex').slice(0, 16)}`;
}

export function settingsOf(configuration: Configuration, node: string, ways: readonly Way[]): Settings {
  const peer = configuration.directors.find((director) => director.name !== node)?.name;
  return {
    node,
    cluster: configuration.cluster,
    ...(peer === undefined ? {} : { peer }),
    services: configuration.services.map(({ name, servers }) => ({
      name,
      servers: servers.map((server) => ({ name: server.name, address: server.address })),
    })),
    targets: ways.map(({ key, config: { on, services, group_ms, remind_ms } }) => ({
      ...{ key, on, group_ms },
      ...(services === undefined ? {} : { services }),
      ...(remind_ms === undefined ? {} : { remind_ms }),
    })),
  };
}
