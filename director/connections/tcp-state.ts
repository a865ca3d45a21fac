// The TCP state machine of a director that sees both halves of a connection, or only the client's.
// Facts from net/netfilter/ipvs/ip_vs_proto_tcp.c (tcp_states); the tables are read by every engine.
import { CONNECTION_STATES, type ConnectionState } from '../model/state.ts';

/** Whose packet it is: client to server, server to client, or client to server with the answers unseen. */
export const TCP_DIRECTIONS = ['INPUT', 'OUTPUT', 'INPUT_ONLY'] as const;
export type TcpDirection = (typeof TCP_DIRECTIONS)[number];

/** The flags that move a connection; a packet that carries none of them closes it. */
export const TCP_EVENTS = ['syn', 'fin', 'ack', 'rst'] as const;
export type TcpEvent = (typeof TCP_EVENTS)[number];

export const TCP_FLAG = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32 } as const;

/** States per row of the flat table; those beyond the eleven of TCP are padding. */
export const TCP_STATE_ROW = 16;

const SHORT: Readonly<Record<string, ConnectionState>> = {
  NO: 'NONE',
  ES: 'ESTABLISHED',
  SS: 'SYN_SENT',
  SR: 'SYN_RECV',
  FW: 'FIN_WAIT',
  TW: 'TIME_WAIT',
  CL: 'CLOSE',
  CW: 'CLOSE_WAIT',
  LA: 'LAST_ACK',
  LI: 'LISTEN',
  SA: 'SYNACK',
};

/** The next state by event (row) and present state (column), columns in the order of CONNECTION_STATES. */
const NEXT: Readonly<Record<TcpDirection, Readonly<Record<TcpEvent, string>>>> = {
  INPUT: {
    // . NO ES SS SR FW TW CL CW LA LI SA
    syn: 'SR ES ES SR SR SR SR SR SR SR SR',
    fin: 'CL CW SS TW TW TW CL CW LA LI TW',
    ack: 'CL ES SS ES FW TW CL CW CL LI ES',
    rst: 'CL CL CL SR CL CL CL CL LA LI SR',
  },
  OUTPUT: {
    syn: 'SS ES SS SR SS SS SS SS SS LI SR',
    fin: 'TW FW SS TW FW TW CL TW LA LI TW',
    ack: 'ES ES SS ES FW TW CL CW LA ES ES',
    rst: 'CL CL SS CL CL TW CL CL CL CL CL',
  },
  INPUT_ONLY: {
    syn: 'SR ES ES SR SR SR SR SR SR SR SR',
    fin: 'CL FW SS TW FW TW CL CW LA LI TW',
    ack: 'CL ES SS ES FW TW CL CW CL LI ES',
    rst: 'CL CL CL SR CL CL CL CL LA LI CL',
  },
};

const FLAT = buildTable();

/** The event of a packet: the first of RST, SYN, FIN, ACK that is set. */
export function tcpEvent(flags: number): TcpEvent | undefined {
  if (flags & TCP_FLAG.RST) return 'rst';
  if (flags & TCP_FLAG.SYN) return 'syn';
  if (flags & TCP_FLAG.FIN) return 'fin';
  return flags & TCP_FLAG.ACK ? 'ack' : undefined;
}

/** The state after a packet with these flags; one that carries no event closes the connection. */
export function nextTcpState(
  state: ConnectionState,
  direction: TcpDirection,
  flags: number,
): ConnectionState {
  const event = tcpEvent(flags);
  if (event === undefined) return 'CLOSE';
  const row = TCP_DIRECTIONS.indexOf(direction) * TCP_EVENTS.length + TCP_EVENTS.indexOf(event);
  return CONNECTION_STATES[FLAT[row * TCP_STATE_ROW + CONNECTION_STATES.indexOf(state)]!]!;
}

/** 3 directions x 4 events x 16 states as numbers, in the orders above: the form that the packet program loads. */
export function tcpStateTable(): Uint8Array {
  return FLAT.slice();
}

function buildTable(): Uint8Array {
  const table = new Uint8Array(TCP_DIRECTIONS.length * TCP_EVENTS.length * TCP_STATE_ROW);
  let row = 0;
  for (const direction of TCP_DIRECTIONS) {
    for (const event of TCP_EVENTS) {
      for (const [column, short] of NEXT[direction][event].split(' ').entries())
        table[row * TCP_STATE_ROW + column] = CONNECTION_STATES.indexOf(SHORT[short]!);
      row += 1;
    }
  }
  return table;
}
