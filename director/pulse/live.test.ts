import { beforeEach, describe, expect, it } from 'vitest';
import { turnedClock } from '../../monitor/support/turned-clock.ts';
import { FairleadError } from '../model/error.ts';
import { LiveFeed } from './live.ts';
import { liveReport, serverNamed, serviceNamed } from './support/live-reports.ts';

let clock: ReturnType<typeof turnedClock>;
let reports: number;
let active: number;
let health: 'up' | 'down';
let broken: boolean;
let watchers: Set<() => void>;
let feed: LiveFeed;

beforeEach(() => {
  clock = turnedClock();
  reports = 0;
  active = 0;
  health = 'up';
  broken = false;
  watchers = new Set();
  feed = new LiveFeed({
    clock,
    report() {
      if (broken) throw new FairleadError('engine-gone', 'The engine cannot be read.');
      reports++;
      return liveReport([serviceNamed('www', [serverNamed('rs1', { active, health })])]);
    },
    watch(onChange) {
      watchers.add(onChange);
      return { [Symbol.dispose]: () => void watchers.delete(onChange) };
    },
  });
});

function follow(): Disposable & { readonly heard: Uint8Array[]; kinds(): string[] } {
  const heard: Uint8Array[] = [];
  const followed = feed.follow((encoded) => heard.push(encoded));
  return {
    heard,
    kinds: () => heard.map((each) => JSON.parse(Buffer.from(each).toString()).kind),
    [Symbol.dispose]: () => followed[Symbol.dispose](),
  };
}

const happens = (): void => {
  for (const watcher of watchers) watcher();
};

describe('the live feed', () => {
  it('computes nothing while nobody follows', () => {
    feed.tick();
    const one = follow();
    one[Symbol.dispose]();
    feed.tick();
    happens();
    clock.turn(10_000);
    expect([reports, watchers.size]).toEqual([1, 0]);
  });

  it('makes one report a second and gives all the same bytes, also to those who came in between', () => {
    using one = follow();
    using two = follow();
    expect(reports).toBe(1);
    active = 5;
    feed.tick();
    using three = follow();
    active = 6;
    feed.tick();
    expect(reports).toBe(3);
    expect([one.kinds(), two.kinds(), three.kinds()]).toEqual([
      ['full', 'tick', 'tick'],
      ['full', 'tick', 'tick'],
      ['full', 'tick'],
    ]);
    expect(one.heard[2]).toBe(two.heard[2]);
    expect(one.heard[2]).toBe(three.heard[1]);
    expect(JSON.parse(Buffer.from(three.heard[0]!).toString()).services[0].servers[0].active).toBe(5);
  });

  it('tells what happens well before the next second, many things together, and no numbers then', () => {
    using one = follow();
    clock.turn(500);
    active = 5;
    health = 'down';
    for (let turn = 0; turn < 100; turn++) happens();
    clock.turn(150);
    expect(reports).toBe(2);
    expect(JSON.parse(Buffer.from(one.heard[1]!).toString())).toMatchObject({
      ...{ kind: 'tick', servers: {}, changed_servers: [{ name: 'rs1', health: 'down', active: 5 }] },
    });
    clock.turn(10_000);
    expect(reports).toBe(2);
  });

  it('bounds how often it tells what happens', () => {
    using _ = follow();
    for (let turn = 0; turn < 100; turn++) {
      happens();
      clock.turn(10);
    }
    expect(reports).toBeLessThanOrEqual(11);
  });

  it('goes on when the engine could not be read', () => {
    using one = follow();
    broken = true;
    happens();
    clock.turn(200);
    expect(() => feed.tick()).toThrow(FairleadError);
    broken = false;
    active = 3;
    feed.tick();
    expect(one.kinds()).toEqual(['full', 'tick']);
    happens();
    clock.turn(200);
    expect(one.kinds()).toEqual(['full', 'tick', 'tick']);
  });
});
