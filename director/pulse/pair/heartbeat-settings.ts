// What the heartbeat is told to do, out of the configuration: names resolved, paths absolute. Pure.
import path from 'node:path';
import type { HeartbeatSettings } from '../../../heartbeat/protocol.ts';
import { nameOf } from '../../../heartbeat/takeover/vip.ts';
import type { Configuration, VirtualIpConfig } from '../../config/configuration.ts';
import { type InterfaceAddresses, linkEnds, peerOf } from './addresses.ts';

export interface SettingsContext {
  readonly node: string;
  /** The configuration file's: the key's path is relative to it. */
  readonly folder: string;
  readonly stateFolder: string;
  /** VIPs of earlier configurations, which may still be up. */
  readonly former: readonly VirtualIpConfig[];
  readonly addressesOf: InterfaceAddresses;
}

/** Undefined: not a pair. */
export function heartbeatSettings(
  configuration: Configuration,
  context: SettingsContext,
): HeartbeatSettings | undefined {
  const { heartbeat, virtualIps } = configuration;
  const peer = peerOf(configuration, context.node);
  const own = configuration.directors.find((director) => director.name === context.node);
  if (heartbeat === undefined || peer === undefined || own === undefined) return undefined;
  const present = new Set(virtualIps.map(nameOf));
  return {
    cluster: configuration.cluster,
    node: context.node,
    peer,
    priority: own.priority,
    interval_ms: heartbeat.interval_ms,
    deadtime_ms: heartbeat.deadtime_ms,
    initdead_ms: heartbeat.initdead_ms,
    failback: heartbeat.failback,
    keyFile: path.resolve(context.folder, heartbeat.keyFile),
    stateFolder: path.resolve(context.stateFolder),
    links: heartbeat.links.map((link) =>
      link.kind === 'serial'
        ? link
        : {
            kind: 'udp',
            interface: link.interface,
            port: link.port,
            ...linkEnds(configuration, context.node, link, context.addressesOf),
          },
    ),
    vips: virtualIps.map(toSettings),
    formerVips: context.former.filter((vip) => !present.has(nameOf(vip))).map(toSettings),
    witnesses: [...heartbeat.witnesses],
    ...(heartbeat.fence === undefined
      ? {}
      : { fence: { ...heartbeat.fence, command: [...heartbeat.fence.command] } }),
  };
}

function toSettings({ address, prefix_bits, interface: name, probe }: VirtualIpConfig) {
  return { address, prefix_bits, interface: name, probe };
}
