// Connection states and lifetimes. The eleven TCP states and their timeouts are those of the kernel's
// IPVS (net/netfilter/ipvs/ip_vs_proto_tcp.c, ip_vs_proto_udp.c); numbers are the ones its sync protocol carries.

export const CONNECTION_STATES = [
  'NONE',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'SYNACK',
  'UDP',
  'TEMPLATE',
] as const;
export type ConnectionState = (typeof CONNECTION_STATES)[number];

/** Lifetimes after the last packet, by state. A template's lifetime is its service's persistence timeout instead. */
export const DEFAULT_TIMEOUTS_MS: Readonly<Record<ConnectionState, number>> = {
  NONE: 2_000,
  ESTABLISHED: 900_000,
  SYN_SENT: 120_000,
  SYN_RECV: 60_000,
  FIN_WAIT: 120_000,
  TIME_WAIT: 120_000,
  CLOSE: 10_000,
  CLOSE_WAIT: 60_000,
  LAST_ACK: 30_000,
  LISTEN: 120_000,
  SYNACK: 120_000,
  UDP: 300_000,
  TEMPLATE: 360_000,
};

/** Only these count as active; every other entry of a server counts as inactive. */
export function isActive(state: ConnectionState): boolean {
  return state === 'ESTABLISHED' || state === 'UDP';
}
