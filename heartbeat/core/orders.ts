// Operators' orders: switchover, hold, release. Guarantees: every order is answered once, a refusal with a stable code.
import { sendBeat } from './beats.ts';
import { cannotTake, handOver, type Refusal } from './handover.ts';
import { record, type Turn } from './state.ts';
import type { OrderKind } from './types.ts';

const WHY: Readonly<Record<Refusal | 'not-active', string>> = {
  'not-active': 'this director is not active; order it on the one that is',
  'no-peer': 'the peer is not heard on any link',
  'peer-on-hold': 'the peer is on hold',
  'peer-unhealthy': "the peer's health is bad",
  'peer-cannot-hear': 'the peer does not hear this director',
  'peer-incomplete': "the peer's connection table is not complete",
  busy: 'a move is under way',
};

export function obey(turn: Turn, id: number, order: OrderKind): void {
  const { s, now } = turn;
  if (order === 'release') {
    endHold(turn, id);
    return;
  }
  if (order === 'hold' && s.handover === undefined && (s.hold || s.role !== 'active')) {
    hold(turn, id);
    return;
  }
  if (order === 'switchover' && s.role !== 'active' && s.handover === undefined) {
    refuse(turn, id, order, 'not-active');
    return;
  }
  const why = cannotTake(s, now);
  // A hold is for work on this director: a peer without a complete table is still better than none.
  if (why !== undefined && !(order === 'hold' && why === 'peer-incomplete')) {
    refuse(turn, id, order, why);
    return;
  }
  handOver(turn, `${order} was ordered`, { id, kind: order });
}

function hold(turn: Turn, id: number): void {
  const { s } = turn;
  if (!s.hold) record(turn, 'hold', 'stands by on order', { epoch: s.epoch });
  s.hold = true;
  turn.effects.push({ kind: 'order-result', id, ok: true, reason: 'stands by until released' });
  sendBeat(turn);
}

function endHold(turn: Turn, id: number): void {
  const { s } = turn;
  if (s.hold) record(turn, 'hold-ended', 'may claim again', { epoch: s.epoch });
  const held = s.hold;
  s.hold = false;
  s.blocked = '';
  turn.effects.push({
    kind: 'order-result',
    id,
    ok: true,
    reason: held ? 'may claim again' : 'was not on hold',
  });
  if (held) sendBeat(turn);
}

function refuse(turn: Turn, id: number, order: OrderKind, code: Refusal | 'not-active'): void {
  record(turn, 'order-refused', `${order}: ${WHY[code]}`, { order, code });
  turn.effects.push({ kind: 'order-result', id, ok: false, code, reason: WHY[code] });
}
