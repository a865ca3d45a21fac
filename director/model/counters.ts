// What is counted. The engine's books balance: in = forwarded + local + the sum of all drops, exactly.

/** Why a packet was not forwarded. The order is the index of the engine's counter table; append only. */
export const DROP_REASONS = [
  'malformed', // IP header or lengths that cannot be
  'malformed-transport', // TCP or UDP header cut off or impossible
  'no-server', // every weight is 0, or the service has no server
  'table-full', // no free connection slot
  'index-full', // both buckets of the key are full
  'server-removed', // removed with policy silent
  'server-reset', // removed with policy reset: answered with a reset or unreachable
  'fragment-unknown', // later fragment whose first was never seen
  'too-big', // larger than the way to the server: answered with packet-too-big
  'no-route', // the server's next hop is not known and cannot be asked for
  'icmp-unmatched', // ICMP error for a virtual service that quotes no known connection
  'rewrite-failed', // the kernel refused to change the packet
  'tuple-conflict', // nat: the server already sees this client address and port from another virtual service
  'ttl-expired', // answered with time-exceeded
  'lost-race', // another CPU has the entry in hand, or freed it meanwhile; the client repeats
  'unsynced', // TCP in mid-stream without an entry, which may be on its way from the peer
  'unguarded', // no connection begins that the peer would not know of
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

export interface TrafficCounters {
  connections: number;
  packets_in: number;
  packets_out: number;
  /** IP bytes, without link headers. */
  bytes_in: number;
  bytes_out: number;
}

export interface EngineTotals {
  in: number;
  forwarded: number;
  local: number;
  dropped: Record<DropReason, number>;
}

export function emptyTraffic(): TrafficCounters {
  return { connections: 0, packets_in: 0, packets_out: 0, bytes_in: 0, bytes_out: 0 };
}

export function addTraffic(sum: TrafficCounters, part: TrafficCounters): void {
  sum.connections += part.connections;
  sum.packets_in += part.packets_in;
  sum.packets_out += part.packets_out;
  sum.bytes_in += part.bytes_in;
  sum.bytes_out += part.bytes_out;
}

export function emptyTotals(): EngineTotals {
  return {
    in: 0,
    forwarded: 0,
    local: 0,
    dropped: Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>,
  };
}
