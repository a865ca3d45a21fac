import { describe, expect, it } from 'vitest';
import { CONNECTION_STATES, DEFAULT_TIMEOUTS_MS } from '../model/state.ts';
import { isExpired, isOver, remainingTime } from './expiry.ts';

const connection = (state: (typeof CONNECTION_STATES)[number]) =>
  ({ kind: 'connection', seen_ms: 1000, state }) as const;
const template = (controls: number) =>
  ({ kind: 'template', seen_ms: 1000, timeout_ms: 500, controls }) as const;

describe('a connection', () => {
  it.each(CONNECTION_STATES)('expires when the lifetime of its state is over, not before (%s)', (state) => {
    const end_ms = 1000 + DEFAULT_TIMEOUTS_MS[state];
    expect(isExpired(connection(state), DEFAULT_TIMEOUTS_MS, end_ms - 1)).toBe(false);
    expect(isExpired(connection(state), DEFAULT_TIMEOUTS_MS, end_ms)).toBe(true);
    expect(remainingTime(connection(state), DEFAULT_TIMEOUTS_MS, end_ms - 1)).toBe(1);
    expect(remainingTime(connection(state), DEFAULT_TIMEOUTS_MS, end_ms + 99)).toBe(0);
  });
});

describe('a template', () => {
  it('lives by its own timeout, and on while it controls a connection', () => {
    expect(isExpired(template(0), DEFAULT_TIMEOUTS_MS, 1499)).toBe(false);
    expect(isExpired(template(0), DEFAULT_TIMEOUTS_MS, 1500)).toBe(true);
    expect(isExpired(template(1), DEFAULT_TIMEOUTS_MS, 9999)).toBe(false);
    expect(remainingTime(template(1), DEFAULT_TIMEOUTS_MS, 9999)).toBe(0);
  });
});

describe('a connection that is over', () => {
  it('is one whose client needs its port no longer', () => {
    const over = (seenBothWays: boolean) => CONNECTION_STATES.filter((state) => isOver(state, seenBothWays));
    expect(over(true)).toEqual(['TIME_WAIT', 'CLOSE', 'LAST_ACK']);
    expect(over(false)).toEqual(['FIN_WAIT', 'TIME_WAIT', 'CLOSE', 'LAST_ACK']);
  });
});
