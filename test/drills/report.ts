// What one run of a drill has shown: plain data, kept as a line of JSON.
import type { Losses, Lost } from './traffic/types.ts';

export interface ConnectionsReport {
  readonly of: number;
  readonly lost: number;
  readonly kinds: Losses;
  /** Longest time from a question to its echo. */
  readonly stall_ms: number;
}

export interface DrillReport {
  readonly drill: string;
  /** Wall clock, ISO 8601. */
  readonly at: string;
  readonly ok: boolean;
  /** Every reason why not. */
  readonly complaints: readonly string[];
  readonly settings: {
    readonly interval_ms: number;
    readonly deadtime_ms: number;
    readonly failback: string;
    readonly serial: boolean;
    readonly connections: number;
  };
  readonly active: string;
  readonly standby: string;
  /** Who answered for the VIPs last. */
  readonly owner_after: string;
  /** Seen by new connections of the worst service, and by service: longest gap between successes, less what is usual. */
  readonly outage_ms: number;
  readonly outage_by_service_ms: Readonly<Record<string, number>>;
  /** When that gap began and ended, from the fault on. */
  readonly outage_at_ms?: readonly [number, number];
  readonly limit_ms: number;
  readonly theirs?: string;
  /** The same before the fault: what the observation itself costs. */
  readonly noise_ms: number;
  readonly established: ConnectionsReport;
  /** Opened during the run, so that some were a packet old when the fault came. */
  readonly young: ConnectionsReport;
  /** Lost of those that began between the fault and the takeover, not counted above. */
  readonly orphans_lost: number;
  readonly lost_examples: readonly Lost[];
  readonly fresh: {
    readonly made: number;
    readonly failed: number;
    readonly kinds: Losses;
    /** Succeeded after SLOW_MS or more: the first packet was lost and sent again. */
    readonly slow: number;
    readonly slow_by_service: Readonly<Record<string, number>>;
  };
  readonly udp: {
    readonly flows: number;
    readonly sent: number;
    readonly lost: number;
    readonly gap_ms: number;
  };
  /** On the wire: how long any VIP had two owners, and how many times. */
  readonly two_owners_ms: number;
  readonly two_owners_times: number;
  /** Who answered for which VIP, in milliseconds from the fault. */
  readonly owners: readonly OwnerSpan[];
  readonly announcements: number;
  /** The client's neighbour cache names the owner at the end. */
  readonly client_follows: boolean;
  /** From the fault on, as far as it got that way. */
  readonly phases_ms: Readonly<Record<string, number>>;
  readonly story: readonly { readonly at_ms: number; readonly who: string; readonly what: string }[];
  /** How late the one that tries new connections was at worst: no outage is known better than that. */
  readonly client_late_ms: number;
  /** The same for everybody who measures. */
  readonly late_ms: number;
}

export interface OwnerSpan {
  readonly vip: string;
  readonly owner: string;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly answers: number;
}
