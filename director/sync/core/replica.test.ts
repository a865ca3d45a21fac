// The pair of replicas under loss, restarts and overflow: in the end both tables are equal, and nothing that the authority has
// is lost.
import { describe, expect, it } from 'vitest';
import { type Ends, ESTABLISHED } from './support/memory-table.ts';
import { type Faults, Pair } from './support/pair.ts';

const BAD: Faults = { loss: 0.2, duplicates: 0.1, delay_ms: 40 };
const FIN_WAIT = 4;

function ends(number: number): Ends {
  return {
    client: 0x0a01_0000 + (number >>> 8),
    client_port: 1 + (number & 0xff),
    server: 0x0a02_0001 + (number % 5),
  };
}

/** Opens, moves and closes connections on the active side, by the pair's own chance. */
function churn(pair: Pair, state: { next: number; open: number[] }, perStep: number): () => void {
  return () => {
    const { table } = pair.a;
    if (!pair.a.running) return;
    for (let count = 0; count < perStep; count++) {
      const dice = pair.random();
      if (dice < 0.5 || state.open.length === 0) {
        table.open(ends(state.next), ESTABLISHED);
        state.open.push(state.next++);
      } else {
        const [one] = state.open.splice(Math.floor(pair.random() * state.open.length), 1);
        if (dice < 0.8) table.close(ends(one!));
        else table.setState(ends(one!), FIN_WAIT);
      }
    }
  };
}

const equal = (pair: Pair) => () =>
  pair.a.replica.isComplete &&
  pair.b.replica.isComplete &&
  JSON.stringify(pair.a.table.dump()) === JSON.stringify(pair.b.table.dump());

describe('two tables', () => {
  it('become equal when one side joins with nothing', () => {
    const pair = new Pair(1);
    for (let number = 0; number < 3_000; number++) pair.a.table.open(ends(number));
    expect(pair.runUntil(equal(pair), 10_000)).toBe(true);
    expect(pair.b.table.index.size).toBe(3_000);
  });

  it('tell each change once it happens', () => {
    const pair = new Pair(2);
    pair.runUntil(equal(pair), 10_000);
    pair.a.table.open(ends(1));
    pair.run(20);
    expect(pair.b.table.dump()).toEqual(pair.a.table.dump());
    pair.a.table.close(ends(1));
    pair.run(20);
    expect(pair.b.table.index.size).toBe(0);
  });

  it.each([11, 12, 13, 14, 15, 16])('are equal after churn on a bad wire (seed %i)', (seed) => {
    const pair = new Pair(seed);
    pair.faults = BAD;
    const state = { next: 0, open: [] as number[] };
    pair.run(4_000, churn(pair, state, 4));
    expect(pair.runUntil(equal(pair), 20_000)).toBe(true);
    expect(pair.a.table.index.size).toBeGreaterThan(100);
  });

  it.each([21, 22, 23])('are equal after the standby was away and began anew (seed %i)', (seed) => {
    const pair = new Pair(seed);
    pair.faults = BAD;
    const state = { next: 0, open: [] as number[] };
    pair.run(2_000, churn(pair, state, 4));
    pair.b.running = false;
    pair.run(2_500, churn(pair, state, 4));
    pair.b.start();
    pair.run(1_000, churn(pair, state, 4));
    pair.b.crash();
    pair.run(100, churn(pair, state, 4));
    pair.b.start();
    pair.run(1_000, churn(pair, state, 4));
    expect(pair.runUntil(equal(pair), 20_000)).toBe(true);
  });

  it.each([31, 32, 33])('are equal after the active process began anew on its table (seed %i)', (seed) => {
    const pair = new Pair(seed);
    pair.faults = BAD;
    const state = { next: 0, open: [] as number[] };
    pair.run(2_000, churn(pair, state, 4));
    pair.a.running = false;
    // its table goes on without it
    const step = churn(pair, state, 4);
    pair.run(1_500, () => {
      pair.a.running = true;
      step();
      pair.a.running = false;
    });
    pair.a.table.drain(1 << 20, () => {});
    const before = pair.a.table.dump();
    pair.a.start();
    expect(pair.runUntil(equal(pair), 20_000)).toBe(true);
    expect(pair.a.table.dump()).toEqual(before);
  });

  it('are equal after the wire was cut for longer than the history holds', () => {
    const pair = new Pair(41);
    const state = { next: 0, open: [] as number[] };
    pair.run(1_000, churn(pair, state, 4));
    pair.cut = true;
    pair.run(3_000, churn(pair, state, 4));
    pair.cut = false;
    pair.run(500, churn(pair, state, 4));
    expect(pair.runUntil(equal(pair), 20_000)).toBe(true);
  });

  it('are equal after events were lost in the kernel', () => {
    const pair = new Pair(51, 4_096, 64);
    pair.runUntil(equal(pair), 10_000);
    for (let number = 0; number < 1_000; number++) pair.a.table.open(ends(number));
    expect(pair.a.table.lost()).toBeGreaterThan(0);
    expect(pair.runUntil(equal(pair), 20_000)).toBe(true);
    expect(pair.b.table.index.size).toBe(1_000);
  });

  it('keep what the standby had made by itself, and give it to the active', () => {
    const pair = new Pair(61);
    pair.b.table.open(ends(1));
    pair.a.table.open(ends(2));
    expect(pair.runUntil(equal(pair), 10_000)).toBe(true);
    expect(pair.a.table.index.size).toBe(2);
  });
});

describe('a table that takes long to tell', () => {
  it('is told to its end though the peer is asked again and again', () => {
    const pair = new Pair(65, 60_000);
    pair.faults = { loss: 0, duplicates: 0, delay_ms: 600 };
    for (let number = 0; number < 50_000; number++) pair.b.table.open(ends(number));
    expect(pair.runUntil(() => pair.a.replica.isComplete, 30_000)).toBe(true);
    expect(pair.a.table.index.size).toBe(50_000);
    expect(pair.b.replica.outgoing.counts.bulk).toBe(50_000);
  });
});

describe('authority', () => {
  it('keeps an entry that the standby has ended, or leads elsewhere', () => {
    const pair = new Pair(71);
    pair.a.table.open(ends(1));
    pair.runUntil(equal(pair), 10_000);
    pair.b.table.close(ends(1));
    pair.b.table.open({ ...ends(1), server: 0x0a02_0099 });
    pair.run(100);
    const [entry] = pair.a.table.dump();
    expect(entry).toContain(String(0x0a02_0002));
    expect(pair.runUntil(equal(pair), 20_000)).toBe(true);
    expect(pair.b.table.dump()).toEqual([entry]);
  });

  it('passes to the standby with all that has come, gaps or not', () => {
    const pair = new Pair(81);
    pair.runUntil(equal(pair), 10_000);
    pair.faults = { loss: 0.5, duplicates: 0, delay_ms: 1 };
    for (let number = 0; number < 500; number++) {
      pair.a.table.open(ends(number));
      if (number % 20 === 0) pair.a.turn();
    }
    pair.a.running = false;
    pair.run(10);
    const before = pair.b.table.index.size;
    pair.b.setRole(true, 2);
    expect(pair.b.table.index.size).toBeGreaterThanOrEqual(before);
  });
});

describe('lifetimes', () => {
  it('last on the standby for entries that only see packets', () => {
    const pair = new Pair(91);
    pair.a.table.open(ends(1));
    pair.runUntil(equal(pair), 10_000);
    // UDP-like: packets every minute, for longer than one lifetime
    for (let minute = 0; minute < 20; minute++)
      pair.run(60_000, () => {
        if (pair.now % 60_000 < 5) pair.a.table.see(ends(1));
        if (pair.now % 1_000 < 5) for (const side of [pair.a, pair.b]) side.table.sweep();
      });
    expect(pair.b.table.index.size).toBe(1);
    expect(pair.b.events).not.toContain('sync-gap');
  });

  it('end on both sides when no packet comes', () => {
    const pair = new Pair(92);
    pair.a.table.open(ends(1));
    pair.runUntil(equal(pair), 10_000);
    pair.run(910_000, () => {
      if (pair.now % 1_000 < 5) for (const side of [pair.a, pair.b]) side.table.sweep();
    });
    expect([pair.a.table.index.size, pair.b.table.index.size]).toEqual([0, 0]);
  });
});

describe('flush', () => {
  it('is answered once the peer has everything', () => {
    const pair = new Pair(101);
    pair.runUntil(equal(pair), 10_000);
    pair.a.table.open(ends(1));
    const answers: boolean[] = [];
    pair.a.replica.flush(pair.now, 1_000, ({ ok }) => answers.push(ok));
    expect(answers).toEqual([]);
    pair.run(50);
    expect(answers).toEqual([true]);
    expect(pair.b.table.index.size).toBe(1);
  });

  it('fails when there is no peer', () => {
    const pair = new Pair(102);
    pair.b.running = false;
    const answers: boolean[] = [];
    pair.a.replica.flush(pair.now, 1_000, ({ ok }) => answers.push(ok));
    expect(answers).toEqual([false]);
  });
});

describe('two that were active at once', () => {
  it.each([111, 112, 113])('hold what both had made, as the higher claim has it (seed %i)', (seed) => {
    const pair = new Pair(seed);
    pair.faults = BAD;
    const state = { next: 0, open: [] as number[] };
    pair.run(2_000, churn(pair, state, 4));
    pair.runUntil(equal(pair), 20_000);
    pair.cut = true;
    pair.run(1_500);
    pair.b.setRole(true, 2);
    for (let number = 0; number < 200; number++) {
      pair.a.table.open({ client: 0x0b00_0000, client_port: number, server: 1 });
      pair.b.table.open({ client: 0x0c00_0000, client_port: number, server: 2 });
      // the same client at both, led to different servers
      pair.a.table.open({ client: 0x0d00_0000, client_port: number, server: 1 });
      pair.b.table.open({ client: 0x0d00_0000, client_port: number, server: 2 });
      pair.run(5);
    }
    const ofBoth = pair.b.table.index.size;
    pair.cut = false;
    pair.run(300);
    pair.a.setRole(false, 1);
    expect(pair.runUntil(equal(pair), 30_000)).toBe(true);
    expect(pair.b.table.index.size).toBe(ofBoth + 200);
    for (const line of pair.a.table.dump())
      if (line.includes(String(0x0d00_0000))) expect(line).toContain('.2 ');
  });

  it('swap roles without a loss, back and forth', () => {
    const pair = new Pair(121);
    pair.faults = BAD;
    const state = { next: 0, open: [] as number[] };
    const both = churn(pair, state, 3);
    for (let epoch = 2; epoch < 8; epoch++) {
      const active = epoch % 2 === 0 ? pair.b : pair.a;
      const other = active === pair.a ? pair.b : pair.a;
      active.setRole(true, epoch);
      pair.run(50);
      other.setRole(false, epoch);
      // whoever is active makes new ones
      pair.run(1_000, () => (active === pair.a ? both() : active.table.open(ends(100_000 + state.next++))));
    }
    expect(pair.runUntil(equal(pair), 30_000)).toBe(true);
    for (const number of state.open) expect(pair.a.table.left(ends(number))).toBe(true);
  });
});

describe('digests', () => {
  it('find nothing to repair while connections come, go and expire on a good wire', () => {
    const pair = new Pair(131);
    const state = { next: 0, open: [] as number[] };
    pair.runUntil(equal(pair), 10_000);
    const repairs = pair.b.replica.incoming.counts.repaired_entries;
    const step = churn(pair, state, 2);
    pair.run(200_000, () => {
      if (pair.now % 100 < 5) {
        step();
        for (const side of [pair.a, pair.b]) side.table.sweep();
      }
    });
    expect(pair.b.replica.incoming.counts.compared).toBeGreaterThan(50);
    expect(pair.b.replica.incoming.counts.repaired_entries).toBe(repairs);
  });

  it('find an entry that one side has lost by itself', () => {
    const pair = new Pair(132);
    for (let number = 0; number < 500; number++) pair.a.table.open(ends(number));
    pair.runUntil(equal(pair), 10_000);
    for (let number = 0; number < 50; number++) pair.b.table.close(ends(number));
    expect(pair.b.table.index.size).toBe(450);
    expect(pair.runUntil(equal(pair), 30_000)).toBe(true);
    expect(pair.a.table.index.size).toBe(500);
  });

  it('remove from the standby what the active does not have', () => {
    const pair = new Pair(133);
    pair.a.table.open(ends(1));
    pair.runUntil(equal(pair), 10_000);
    pair.cut = true;
    pair.run(20);
    pair.a.replica.session.outbound.abandon();
    pair.a.table.close(ends(1));
    pair.a.table.drain(10, () => {});
    pair.cut = false;
    expect(pair.runUntil(() => pair.b.table.index.size === 0, 30_000)).toBe(true);
  });
});

describe('a peer that reads nothing', () => {
  it('is passed over when the history is full, and gets the table anew', () => {
    const pair = new Pair(141, 40_000);
    pair.runUntil(equal(pair), 10_000);
    let number = 0;
    // batches are lost, signs of life are not
    pair.passes = (length) => length < 110;
    pair.run(25_000, () => {
      for (let count = 0; count < 4; count++) pair.a.table.open(ends(number++));
    });
    expect(pair.a.replica.session.outbound.abandoned).toBeGreaterThan(0);
    expect(pair.a.replica.session.outbound.kept).toBeLessThanOrEqual(4_096);
    pair.passes = () => true;
    expect(pair.runUntil(equal(pair), 30_000)).toBe(true);
    expect(pair.b.table.index.size).toBe(number);
  });
});
