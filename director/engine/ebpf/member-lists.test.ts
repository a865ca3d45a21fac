import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairleadError } from '../../model/error.ts';
import { MemberLists, type Region } from './member-lists.ts';

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof FairleadError) return error.code;
    throw error;
  }
}

describe('room for lists of members', () => {
  it('is a power of two that the list fits in', () => {
    const lists = new MemberLists(64);
    expect([1, 2, 3, 4, 5, 16].map((count) => lists.take(count).room)).toEqual([1, 2, 4, 4, 8, 16]);
  });

  it('is none for an empty list, which can be given back like any other', () => {
    const lists = new MemberLists(1);
    const empty = lists.take(0);
    expect(empty.room).toBe(0);
    lists.give(empty);
    lists.turn();
    expect(lists.take(1)).toEqual({ first: 0, room: 1 });
  });

  it('is not written over before the next turn, since a CPU may still be reading the old list', () => {
    const lists = new MemberLists(64);
    const old = lists.take(4);
    lists.give(old);
    expect(lists.take(4).first).not.toBe(old.first);
    lists.turn();
    expect(lists.take(3)).toEqual(old);
  });

  it('begins behind the lists that an earlier process left', () => {
    const lists = new MemberLists(64);
    expect(lists.adopt(8, 3)).toEqual({ first: 8, room: 4 });
    expect(lists.adopt(2, 2)).toEqual({ first: 2, room: 2 });
    expect(lists.adopt(0, 0).room).toBe(0);
    expect(lists.take(1).first).toBe(12);
  });

  it('may be used up to the last number, and then says so', () => {
    const lists = new MemberLists(8);
    expect(lists.take(8)).toEqual({ first: 0, room: 8 });
    expect(codeOf(() => lists.take(1))).toBe('member-lists-full');
  });

  it('is still there after a list found none', () => {
    const lists = new MemberLists(8);
    lists.take(4);
    expect(codeOf(() => lists.take(5))).toBe('member-lists-full');
    expect(lists.take(4)).toEqual({ first: 4, room: 4 });
  });

  it('never overlaps with other room in use', () => {
    const action = fc.oneof(
      fc.record({ do: fc.constant('take' as const), count: fc.nat(20) }),
      fc.record({ do: fc.constant('give' as const), count: fc.nat(20) }),
      fc.record({ do: fc.constant('turn' as const), count: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const lists = new MemberLists(4096);
        const held: Region[] = [];
        for (const { do: what, count } of actions) {
          if (what === 'turn') lists.turn();
          if (what === 'give')
            lists.give(held.splice(count % Math.max(1, held.length), 1)[0] ?? { first: 0, room: 0 });
          if (what === 'take') held.push(lists.take(count));
          const taken = held.flatMap(({ first, room }) =>
            Array.from({ length: room }, (_, index) => first + index),
          );
          expect(new Set(taken).size).toBe(taken.length);
        }
      }),
    );
  });
});
