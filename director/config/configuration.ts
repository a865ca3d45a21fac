// The configuration after validation: every default filled in, every name resolved, nothing optional that
// the rest would have to guess. parse.ts makes it from YAML; plan.ts and pulse read it.
import type { Address } from '../model/address.ts';
import type { MonitorSpec } from '../model/monitor.ts';
import type { Listen, Method, Persistence, RemovalPolicy, SchedulerName } from '../model/service.ts';
import type { ConnectionState } from '../model/state.ts';

export interface Configuration {
  readonly cluster: string;
  readonly directors: readonly DirectorConfig[];
  /** Undefined: one director, no peer. */
  readonly heartbeat?: HeartbeatConfig;
  readonly virtualIps: readonly VirtualIpConfig[];
  readonly engine: EngineConfig;
  /** Undefined: no peer, or no link over which it could be. */
  readonly sync?: SyncConfig;
  readonly services: readonly ServiceConfig[];
  /** Undefined: nobody is told. */
  readonly notifications?: readonly NotificationConfig[];
  /** Undefined: nothing happens by itself. */
  readonly schedule?: ScheduleConfig;
  readonly console?: { readonly address: Address; readonly port: number };
  /** Room for what is sampled; 0: nothing is kept. */
  readonly history: { readonly size_bytes: number; readonly events: number; readonly audit: number };
}

export interface DirectorConfig {
  readonly name: string;
  readonly address: Address;
  readonly priority: number;
}

export interface HeartbeatConfig {
  readonly interval_ms: number;
  readonly deadtime_ms: number;
  /** As written: relative to the configuration file. */
  readonly keyFile: string;
  readonly links: readonly LinkConfig[];
  readonly witnesses: readonly Address[];
  readonly failback: 'manual' | 'auto';
  /** How long a director listens after its start before it claims the VIPs, when no peer is heard. */
  readonly initdead_ms: number;
  /** Makes sure of a silent peer before the VIPs are claimed. */
  readonly fence?: {
    readonly command: readonly string[];
    readonly timeout_ms: number;
    readonly onFailure: 'refuse' | 'proceed';
  };
}

export type LinkConfig =
  | {
      readonly kind: 'udp';
      readonly interface: string;
      readonly port: number;
      /** Director -> its address on this link; undefined: found out at start. */
      readonly addresses?: Readonly<Record<string, Address>>;
    }
  | { readonly kind: 'serial'; readonly device: string; readonly baud: number };

export interface SyncConfig {
  /** Interface that the directors tell each other connections, orders and revisions over. */
  readonly link: string;
  readonly port: number;
  /** Only the ebpf engine's connections can be told; orders and revisions always. */
  readonly connections: boolean;
}

export interface VirtualIpConfig {
  readonly address: Address;
  readonly prefix_bits: number;
  readonly interface: string;
  readonly role: 'service' | 'nat-gateway';
  /** Ask whether somebody holds it before it is claimed. */
  readonly probe: boolean;
}

export interface EngineConfig {
  readonly kind: 'ebpf' | 'ipvs' | 'memory';
  /** Interfaces that the packet program is attached to. */
  readonly interfaces: readonly string[];
  readonly hook: 'auto' | 'tc' | 'xdp';
  /** Connection slots, templates included. */
  readonly connections_max: number;
  readonly timeouts_ms: Readonly<Partial<Record<ConnectionState, number>>>;
}

export interface ServiceConfig {
  readonly name: string;
  readonly listen: Listen;
  readonly scheduler: SchedulerName;
  readonly persistence?: Persistence;
  /** Policy when a server or the service leaves the configuration, or a server is down and `down` is remove. */
  readonly removal: RemovalPolicy;
  /** What a down verdict does: take the server out, or give it weight 0. */
  readonly down: 'remove' | 'quiesce';
  /** Ramp of the weight when a server comes back; 0: at once. Never at the first start. */
  readonly slowStart_ms: number;
  /** All must pass. Empty: servers are always taken for up. */
  readonly monitors: readonly MonitorSpec[];
  readonly servers: readonly ServerConfig[];
  /** Serves while no other server can. */
  readonly sorry?: ServerConfig;
}

export type Severity = 'critical' | 'warning' | 'notice' | 'recovery';

/** One of those who are told what happens. Files as written: relative to the configuration file. */
export type NotificationConfig = NotificationCommon & NotifyWay;

export interface NotificationCommon {
  readonly on: readonly Severity[];
  /** Only about these; undefined: about everything. */
  readonly services?: readonly string[];
  /** What happens within this time for a common cause is one message. */
  readonly group_ms: number;
  /** What stays critical is told again after this time; undefined: never. */
  readonly remind_ms?: number;
  /** Of one attempt. */
  readonly timeout_ms: number;
}

export type NotifyWay =
  | {
      readonly kind: 'webhook';
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly secretFile?: string;
      readonly caFile?: string;
    }
  | {
      readonly kind: 'email';
      readonly to: readonly string[];
      readonly from: string;
      readonly host: string;
      readonly port: number;
      readonly tls: 'starttls' | 'tls' | 'none';
      readonly user?: string;
      readonly passwordFile?: string;
      readonly caFile?: string;
    }
  | { readonly kind: 'command'; readonly command: readonly string[] };

export interface ScheduleConfig {
  /** Undefined: the machine's. */
  readonly timezone?: string;
  readonly entries: readonly ScheduleEntry[];
}

/** `at`: a cron expression. Servers are named `service/server`. */
export type ScheduleEntry = { readonly name: string; readonly at: string } & ScheduledWork;

export type ScheduledWork =
  | {
      readonly kind: 'maintenance';
      readonly for_ms: number;
      readonly drainBefore_ms: number;
      readonly servers: readonly string[];
    }
  /** Undefined: back to the configured weight. */
  | { readonly kind: 'weight'; readonly server: string; readonly weight?: number }
  | { readonly kind: 'drill'; readonly drill: ScheduledDrill }
  | { readonly kind: 'backup'; readonly keep: number; readonly history: boolean };

/** planned-switchover: the active hands over to its peer. failback: back to the director of the higher priority. */
export const SCHEDULED_DRILLS = ['planned-switchover', 'failback'] as const;
export type ScheduledDrill = (typeof SCHEDULED_DRILLS)[number];

export interface ServerConfig {
  readonly name: string;
  readonly address: Address;
  readonly port: number;
  readonly method: Method;
  /** Configured weight, 0 to 65535. */
  readonly weight: number;
  /** Where probes go, when not to the server's own port. */
  readonly probePort: number;
}
