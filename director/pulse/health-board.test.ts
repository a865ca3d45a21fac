// Whose verdicts count: a standby goes by the active's while they are fresh, an active by its own.
import { beforeEach, expect, it } from 'vitest';
import { ProbeBatch } from '../../monitor/probe-batch.ts';
import { parseConfiguration } from '../config/parse.ts';
import type { Clock } from '../model/clock.ts';
import { HealthBoard } from './health-board.ts';
import { PEER_VERDICTS_FRESH_MS } from './peer-verdicts.ts';

let now_ms: number;
let board: HealthBoard;
let key: string;
let changes: number;
const clock: Clock = {
  now: () => now_ms,
  monotonic_ms: () => now_ms,
  after: () => ({ [Symbol.dispose]() {} }),
};

beforeEach(() => {
  now_ms = 1_000;
  changes = 0;
  board = new HealthBoard(clock, [], () => changes++);
  const parsed = parseConfiguration(
    `cluster: web
directors: { lb1: { address: 10.0.0.11 } }
services:
  www: { listen: tcp://10.0.0.100:80, slow_start: 10s, monitor: { tcp: true }, servers: { rs1: { address: 10.1.0.21 } } }
`,
    'site.yaml',
  );
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  key = board.configure(parsed.configuration, () => false)[0]!.key;
});

const own = (health: 'up' | 'down') => board.hear({ key, health, reason: 'own', at: now_ms, latency_ms: 1 });
const peer = (health: 'up' | 'down') =>
  board.hearPeer([{ key, health, reason: 'connection refused', at: now_ms }]);

it('an active goes by its own verdicts, whatever is told', () => {
  own('up');
  expect(peer('down')).toEqual([]);
  expect(board.health('www', 'rs1')).toBe('up');
});

it('a standby goes by the active’s, keeps its own, and goes by these again at once when it becomes active', () => {
  board.setActive(false);
  own('up');
  expect(peer('down')).toMatchObject([
    { before: 'up', after: 'down', reason: 'by the active: connection refused', probe: 'tcp' },
  ]);
  expect([board.health('www', 'rs1'), board.ownHealth('www', 'rs1')]).toEqual(['down', 'up']);
  expect(changes).toBe(2);
  expect(board.detail('www/rs1').reason).toBe('by the active: connection refused');
  expect(own('up')).toEqual([]);
  expect(board.verdicts()).toMatchObject([{ health: 'up', reason: 'own' }]);
  expect(board.setActive(true)).toMatchObject([{ before: 'down', after: 'up' }]);
  // It was never away: no slow start.
  expect(board.ramp('www', 'rs1')).toBe(1);
});

it('a standby that hears nothing for long goes by its own', () => {
  board.setActive(false);
  own('down');
  peer('up');
  expect(board.health('www', 'rs1')).toBe('up');
  now_ms += PEER_VERDICTS_FRESH_MS - 1;
  expect(board.age()).toEqual([]);
  now_ms += 1;
  expect(board.age()).toMatchObject([{ before: 'up', after: 'down', reason: 'own' }]);
  expect(board.health('www', 'rs1')).toBe('down');
});

it('a standby whose active does not answer any more goes by its own at once, until it is told again', () => {
  board.setActive(false);
  own('down');
  peer('up');
  expect(board.losePeer()).toMatchObject([{ before: 'up', after: 'down', reason: 'own' }]);
  expect(board.losePeer()).toEqual([]);
  expect(peer('up')).toMatchObject([{ before: 'down', after: 'up' }]);
});

it('a server that the active sees come back starts slowly on the standby too', () => {
  board.setActive(false);
  peer('down');
  expect(peer('up')).toMatchObject([{ before: 'down', after: 'up' }]);
  expect(board.ramp('www', 'rs1')).toBeLessThan(1);
});

it('tells the same list until a verdict changes, and counts what is not known', () => {
  expect(board.undecided()).toBe(1);
  own('up');
  expect(board.undecided()).toBe(0);
  const list = board.verdicts();
  own('up');
  peer('down');
  expect(board.verdicts()).toEqual(list);
  own('down');
  expect(board.verdicts()).not.toBe(list);
});

it('the latency of a server is that of its latest probe, and a standby’s verdicts of its own are there to be seen', () => {
  const batch = new ProbeBatch(1);
  const tell = (latency_ms: number, failure?: string) => {
    batch.record(0, { now_ms, latency_ms, slow: false, failure }, 0);
    board.probes.hear([board.checks.get(key)!], { assignment: 1, at: now_ms, ...batch.take(now_ms)! });
  };
  own('up');
  expect([board.latencyOf('www', 'rs1'), board.detail('www/rs1').latency_ms]).toEqual([undefined, 1]);
  tell(7);
  expect([board.latencyOf('www', 'rs1'), board.detail('www/rs1').latency_ms]).toEqual([7, 7]);
  tell(900, 'no answer');
  expect([board.latencyOf('www', 'rs1'), board.detail('www/rs1').latency_ms]).toEqual([undefined, 1]);
  board.setActive(false);
  peer('down');
  expect(board.ownVerdict(key)).toMatchObject({ health: 'up', reason: 'own' });
  expect(board.sharers(key)).toEqual(['www/rs1']);
});
