import { describe, expect, it } from 'vitest';
import { CONNECTION_STATES, type ConnectionState } from '../model/state.ts';
import {
  nextTcpState,
  TCP_DIRECTIONS,
  TCP_EVENTS,
  TCP_FLAG,
  TCP_STATE_ROW,
  type TcpDirection,
  tcpEvent,
  tcpStateTable,
} from './tcp-state.ts';

const { SYN, ACK, FIN, RST, PSH, URG } = TCP_FLAG;

/** The states that a conversation goes through, from NONE. */
function walk(...packets: [direction: TcpDirection, flags: number][]): ConnectionState[] {
  let state: ConnectionState = 'NONE';
  return packets.map(([direction, flags]) => {
    state = nextTcpState(state, direction, flags);
    return state;
  });
}

describe('a connection seen both ways', () => {
  it('is established by the handshake and ends in TIME_WAIT when the client closes first', () => {
    expect(
      walk(
        ['INPUT', SYN],
        ['OUTPUT', SYN | ACK],
        ['INPUT', ACK],
        ['INPUT', PSH | ACK],
        ['INPUT', FIN | ACK],
        ['OUTPUT', ACK],
        ['OUTPUT', FIN | ACK],
        ['INPUT', ACK],
      ),
    ).toEqual([
      'SYN_RECV',
      'SYN_RECV',
      'ESTABLISHED',
      'ESTABLISHED',
      'CLOSE_WAIT',
      'CLOSE_WAIT',
      'TIME_WAIT',
      'TIME_WAIT',
    ]);
  });

  it('ends in TIME_WAIT when the server closes first', () => {
    expect(
      walk(
        ['INPUT', SYN],
        ['OUTPUT', SYN | ACK],
        ['INPUT', ACK],
        ['OUTPUT', FIN | ACK],
        ['INPUT', FIN | ACK],
      ),
    ).toEqual(['SYN_RECV', 'SYN_RECV', 'ESTABLISHED', 'FIN_WAIT', 'TIME_WAIT']);
  });

  it('is closed by a reset of either side', () => {
    expect(walk(['INPUT', SYN], ['OUTPUT', RST | ACK])).toEqual(['SYN_RECV', 'CLOSE']);
    expect(walk(['INPUT', SYN], ['INPUT', ACK], ['INPUT', RST])).toEqual([
      'SYN_RECV',
      'ESTABLISHED',
      'CLOSE',
    ]);
  });
});

describe('a connection of which only the client is seen', () => {
  it('goes to FIN_WAIT with the client’s FIN', () => {
    expect(
      walk(['INPUT_ONLY', SYN], ['INPUT_ONLY', ACK], ['INPUT_ONLY', FIN | ACK], ['INPUT_ONLY', ACK]),
    ).toEqual(['SYN_RECV', 'ESTABLISHED', 'FIN_WAIT', 'FIN_WAIT']);
  });
});

describe('events', () => {
  it('are the first of RST, SYN, FIN, ACK', () => {
    expect(tcpEvent(RST | SYN | FIN | ACK)).toBe('rst');
    expect(tcpEvent(SYN | FIN | ACK)).toBe('syn');
    expect(tcpEvent(FIN | ACK)).toBe('fin');
    expect(tcpEvent(ACK | PSH | URG)).toBe('ack');
    expect(tcpEvent(PSH | URG)).toBeUndefined();
  });

  it('close the connection when there is none', () => {
    for (const direction of TCP_DIRECTIONS)
      for (const state of CONNECTION_STATES) expect(nextTcpState(state, direction, 0)).toBe('CLOSE');
  });
});

describe('the flat table', () => {
  const flags = { syn: SYN, fin: FIN, ack: ACK, rst: RST };

  it('says the same as the function, for every direction, event and TCP state', () => {
    const table = tcpStateTable();
    expect(table.length).toBe(3 * 4 * TCP_STATE_ROW);
    for (const [d, direction] of TCP_DIRECTIONS.entries())
      for (const [e, event] of TCP_EVENTS.entries())
        for (const [s, state] of CONNECTION_STATES.slice(0, 11).entries())
          expect(CONNECTION_STATES[table[(d * 4 + e) * TCP_STATE_ROW + s]!]).toBe(
            nextTcpState(state, direction, flags[event]),
          );
  });

  it('is a copy that a caller may spoil', () => {
    tcpStateTable().fill(255);
    expect(nextTcpState('NONE', 'INPUT', SYN)).toBe('SYN_RECV');
  });

  it('has the corners of the kernel’s table', () => {
    expect(nextTcpState('SYN_RECV', 'INPUT', RST)).toBe('SYN_RECV');
    expect(nextTcpState('SYNACK', 'INPUT_ONLY', RST)).toBe('CLOSE');
    expect(nextTcpState('LISTEN', 'OUTPUT', ACK)).toBe('ESTABLISHED');
    expect(nextTcpState('TIME_WAIT', 'OUTPUT', RST)).toBe('TIME_WAIT');
    expect(nextTcpState('LAST_ACK', 'INPUT', ACK)).toBe('CLOSE');
  });
});
