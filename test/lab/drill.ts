// Kills and revives real servers of a lab and follows what the director makes of it, from its status alone. One outage
// at a time; the record of it is what tally.ts judges by.
import type { ServiceStatus } from '../../director/control/schema.ts';
import { isWhole, type Lab } from './lab.ts';
import type { Outage } from './tally.ts';
import type { ServerName } from './topology.ts';

export type Story =
  | { readonly kind: 'killed' | 'revived'; readonly server: string }
  | { readonly kind: 'detected'; readonly server: string; readonly after_ms: number }
  | { readonly kind: 'redistributed'; readonly server: string; readonly to: readonly string[] }
  | { readonly kind: 'taken-back'; readonly server: string; readonly after_ms: number }
  | { readonly kind: 'full-weight'; readonly server: string; readonly after_ms: number };

export interface Drill {
  /** Oldest first; the last one may be going on. */
  readonly outages: readonly Outage[];
  /** Kills a server that runs, revives one that does not. Not while another one is away. */
  toggle(name: ServerName): Promise<void>;
  /** Looks at the director's view; called regularly by whoever polls it. */
  observe(services: readonly ServiceStatus[], now: number): void;
}

type Open = { -readonly [K in keyof Outage]: Outage[K] };

export function createDrill(lab: Lab, tell: (story: Story) => void): Drill {
  const outages: Open[] = [];
  const last = (): Open | undefined => outages.at(-1);
  return {
    outages,
    async toggle(name) {
      const server = lab.server(name);
      const current = last();
      if (server.isRunning()) {
        if (current && current.full_at === undefined) return;
        outages.push({ server: name, killed_at: Date.now() });
        tell({ kind: 'killed', server: name });
        await server.kill();
        return;
      }
      if (!current || current.server !== name) return;
      await server.revive();
      current.revived_at = Date.now();
      tell({ kind: 'revived', server: name });
    },
    observe(services, now) {
      const outage = last();
      if (!outage) return;
      const { server } = outage;
      const own = services.flatMap((service) => service.servers.filter((one) => one.name === server));
      if (own.length === 0) return;
      if (outage.detected_at === undefined && own.every((one) => one.weight_effective === 0)) {
        outage.detected_at = Math.max(outage.killed_at, ...own.map((one) => one.health_since ?? now));
        tell({ kind: 'detected', server, after_ms: outage.detected_at - outage.killed_at });
        tell({ kind: 'redistributed', server, to: othersTaking(services, server) });
      }
      if (outage.revived_at === undefined) return;
      if (outage.back_at === undefined && own.every((one) => one.weight_effective > 0)) {
        outage.back_at = now;
        tell({ kind: 'taken-back', server, after_ms: now - outage.revived_at });
      }
      if (outage.full_at === undefined && isWhole(services, lab.services.length)) {
        outage.full_at = now;
        tell({ kind: 'full-weight', server, after_ms: now - outage.revived_at });
      }
    },
  };
}

function othersTaking(services: readonly ServiceStatus[], gone: string): string[] {
  const names = services.flatMap((service) =>
    service.servers.filter((one) => one.name !== gone && one.weight_effective > 0).map((one) => one.name),
  );
  return [...new Set(names)].sort();
}
