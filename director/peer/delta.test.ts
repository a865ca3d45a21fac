import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Inbox } from './inbox.ts';
import { NOTHING, stateMessageSchema } from './message.ts';
import { Outbox } from './outbox.ts';
import type { PeerState } from './state.ts';
import { exampleState, revision } from './support/example.ts';

const verdicts = fc.uniqueArray(
  fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', '__proto__'),
    health: fc.constantFrom('up', 'down'),
    reason: fc.constantFrom('', 'x'),
    at: fc.nat(2),
  }),
  { selector: ({ key }) => key },
);
const state: fc.Arbitrary<PeerState> = fc
  .record({
    epoch: fc.nat(9),
    verdicts,
    revision: fc.constantFrom(revision(1, 'one'), revision(2, 'two'), revision(3, 'three')),
    orders: fc.constantFrom([], exampleState().orders),
  })
  .map((parts) => exampleState(parts));

/** What may become of a push: it arrives and is acknowledged, only arrives, does not arrive; or an end begins anew. */
const fate = fc.constantFrom('well', 'well', 'no-answer', 'lost', 'sender-anew', 'receiver-anew');

const sorted = (list: PeerState['verdicts']) => list.toSorted((a, b) => (a.key < b.key ? -1 : 1));
const whole = (each: PeerState) => ({ ...each, verdicts: sorted(each.verdicts) });

/** false: the receiving end wants it complete. */
function deliver(outbox: Outbox, inbox: Inbox, pushed: PeerState, what: string): boolean {
  const { message, sent } = outbox.compose(pushed);
  if (what === 'lost') return true;
  const taken = inbox.take(stateMessageSchema.parse(JSON.parse(JSON.stringify(message))));
  if (typeof taken !== 'string') expect(whole(taken)).toEqual(whole(pushed));
  if (what === 'no-answer') return true;
  outbox.peerHas(inbox.have());
  if (typeof taken === 'string') return false;
  outbox.acknowledged(sent);
  expect(outbox.isDelivered(pushed)).toBe(true);
  return true;
}

test('whatever is lost or begins anew, what arrives is whole, and two attempts are enough', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(state, fate), { maxLength: 12 }), (steps) => {
      let lives = 0;
      const begin = (): Outbox => new Outbox((++lives).toString(16).padStart(16, '0'));
      let outbox = begin();
      let inbox = new Inbox();
      for (const [pushed, what] of steps) {
        if (what === 'sender-anew') outbox = begin();
        if (what === 'receiver-anew') inbox = new Inbox();
        expect(deliver(outbox, inbox, pushed, what) || deliver(outbox, inbox, pushed, what)).toBe(true);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('a text is not sent to whom has it, and is kept under its own hash only', () => {
  const outbox = new Outbox('0000000000000001');
  const inbox = new Inbox();
  inbox.ownRevision(exampleState().revision);
  outbox.peerHas(inbox.have());
  const { message } = outbox.compose(exampleState());
  expect(message.revision.text).toBeUndefined();
  expect(inbox.take(message)).toEqual(exampleState());

  const forged = exampleState({ revision: { ...revision(7, 'new'), text: 'forged' } });
  expect(inbox.take(outbox.compose(forged).message)).toEqual(forged);
  expect(inbox.have().texts).not.toContain(forged.revision.hash);
});

test('an older state that comes late is not taken', () => {
  const outbox = new Outbox('0000000000000001');
  const inbox = new Inbox();
  expect(inbox.have()).toEqual(NOTHING);
  const older = outbox.compose(exampleState({ epoch: 1 })).message;
  const newer = outbox.compose(exampleState({ epoch: 2 })).message;
  expect(inbox.take(newer)).toMatchObject({ epoch: 2 });
  expect(inbox.take(older)).toBe('old-serial');
  expect(inbox.take(newer)).toBe('old-serial');
});
