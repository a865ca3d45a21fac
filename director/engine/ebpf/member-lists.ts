// Room for the lists of a service's members inside one array of server numbers. A list is written where nobody
// reads and then published by one store, so the packet program sees the old one or the new one. Room that was
// given up rests until the next turn, since a CPU may still be reading it.
import { FairleadError } from '../../model/error.ts';

export interface Region {
  readonly first: number;
  /** A power of two. */
  readonly room: number;
}

const EMPTY: Region = { first: 0, room: 0 };

export class MemberLists {
  readonly #limit: number;
  readonly #free = new Map<number, number[]>();
  #resting: Region[] = [];
  #next = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Room for `count` numbers. Throws when there is none; a limit of servers keeps that from happening. */
  take(count: number): Region {
    if (count === 0) return EMPTY;
    const room = roomFor(count);
    const first = this.#free.get(room)?.pop() ?? this.#extend(room);
    return { first, room };
  }

  give(region: Region): void {
    if (region.room > 0) this.#resting.push(region);
  }

  /** What has rested may be used again. */
  turn(): void {
    for (const { first, room } of this.#resting) {
      const list = this.#free.get(room);
      if (list) list.push(first);
      else this.#free.set(room, [first]);
    }
    this.#resting = [];
  }

  /** Marks a list that an earlier process left; later ones go behind it. */
  adopt(first: number, count: number): Region {
    if (count === 0) return EMPTY;
    const region = { first, room: roomFor(count) };
    this.#next = Math.max(this.#next, first + region.room);
    return region;
  }

  #extend(room: number): number {
    const first = this.#next;
    if (first + room > this.#limit)
      throw new FairleadError('member-lists-full', 'There is no room for another list of real servers.', {
        remedy: 'Restart fairlead: its lists are laid out anew then, no connection is lost.',
      });
    this.#next = first + room;
    return first;
  }
}

function roomFor(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}
