import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decidePeerState, type OwnState } from './merge.ts';
import type { PeerOrder, PeerState } from './state.ts';
import { exampleState, revision } from './support/example.ts';

const name = fc.constantFrom('a', 'b', 'a/b', '__proto__');
const order: fc.Arbitrary<PeerOrder> = fc.record(
  {
    service: name,
    server: name,
    admin: fc.constantFrom('enabled', 'disabled', 'draining'),
    weight: fc.nat(3),
    since: fc.nat(3),
    deadline: fc.nat(3),
    atDeadline: fc.constantFrom('cut', 'keep'),
    drained: fc.nat(3),
    author: name,
  },
  { requiredKeys: ['service', 'server', 'admin', 'since', 'author'] },
);
const orders = fc.uniqueArray(order, {
  selector: ({ service, server }) => JSON.stringify([service, server]),
  maxLength: 4,
});
const role = fc.constantFrom('starting', 'standby', 'active');
const aRevision = fc.tuple(fc.nat(3), fc.constantFrom('x', 'y', '')).map(([at, text]) => revision(at, text));
const own: fc.Arbitrary<OwnState> = fc.record({ epoch: fc.nat(3), role, revision: aRevision, orders });
const theirs: fc.Arbitrary<PeerState> = fc
  .record({ epoch: fc.nat(3), role, revision: aRevision, orders })
  .map((parts) => exampleState({ director: 'lb2', ...parts }));

function adopt(before: OwnState, state: PeerState): OwnState {
  const { adoptRevision, adoptOrders, refused } = decidePeerState(before, state);
  if (refused.length > 0) return before;
  return {
    epoch: state.epoch,
    role: 'standby',
    revision: adoptRevision?.revision ?? before.revision,
    orders: adoptOrders ?? before.orders,
  };
}

const seen = ({ revision: { number, hash }, orders: list }: OwnState) => ({
  number,
  hash,
  orders: list.map((each) => JSON.stringify(each, Object.keys(each).sort())).sort(),
});

test('only an active of at least our epoch is listened to, and then both have the same', () => {
  fc.assert(
    fc.property(own, theirs, (before, state) => {
      const isHeard =
        state.role === 'active' &&
        (before.role === 'active' ? state.epoch > before.epoch : state.epoch >= before.epoch);
      const decision = decidePeerState(before, state);
      expect(decision.refused.length === 0).toBe(isHeard);
      if (!isHeard) {
        expect(Object.keys(decision)).toEqual(['refused']);
        return;
      }
      expect(decision.verdicts).toBe(state.verdicts);
      expect(decision.schedule).toBe(state.schedule);
      const after = adopt(before, state);
      expect(seen(after)).toEqual(seen({ ...state, role: 'standby' }));
      // Once more changes nothing.
      expect(Object.keys(decidePeerState(after, state)).sort()).toEqual(['refused', 'schedule', 'verdicts']);
    }),
  );
});

test('whatever comes in whatever order, the word of the newest claim stands', () => {
  fc.assert(
    fc.property(own, fc.array(theirs, { minLength: 1, maxLength: 6 }), (start, states) => {
      const claims = new Map(states.map((state) => [state.epoch, state]));
      // One active per claim.
      const told = states.map((state) => claims.get(state.epoch)!);
      const end = told.reduce(adopt, start);
      const heard = told.filter(
        (state) =>
          state.role === 'active' &&
          (start.role === 'active' ? state.epoch > start.epoch : state.epoch >= start.epoch),
      );
      const newest = heard.toSorted((a, b) => b.epoch - a.epoch)[0];
      expect(seen(end)).toEqual(newest === undefined ? seen(start) : seen({ ...newest, role: 'standby' }));
    }),
  );
});

const OWN: OwnState = { epoch: 3, role: 'standby', revision: revision(9, 'ours'), orders: [] };

test('a lower number of the active wins, and what it replaces is told', () => {
  const decision = decidePeerState(OWN, exampleState({ epoch: 4, revision: revision(5, 'theirs') }));
  expect(decision.adoptRevision).toEqual({ revision: revision(5, 'theirs'), replaced: OWN.revision });
});

test('the same text by another number is adopted, and replaces nothing', () => {
  const decision = decidePeerState(OWN, exampleState({ revision: revision(5, 'ours') }));
  expect(decision.adoptRevision).toEqual({ revision: revision(5, 'ours'), replaced: undefined });
});

test('a text that is not what its hash says is refused, the rest is not', () => {
  const forged = { ...revision(10, 'theirs'), text: 'somebody else' };
  const decision = decidePeerState(OWN, exampleState({ revision: forged }));
  expect(decision.refused).toEqual(['hash-mismatch']);
  expect(decision.adoptRevision).toBeUndefined();
  expect(decision.adoptOrders).toEqual(exampleState().orders);
});

test('two orders for one server are refused, the rest is not', () => {
  const [first] = exampleState().orders;
  const decision = decidePeerState(OWN, exampleState({ orders: [first!, first!] }));
  expect(decision.refused).toEqual(['duplicate-orders']);
  expect(decision.adoptOrders).toBeUndefined();
  expect(decision.adoptRevision).toBeDefined();
});
