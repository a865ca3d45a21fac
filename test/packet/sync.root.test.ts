// Two sets of tables, one after the other's events: whatever happens to the one, the other holds the same entries and
// counts. And whatever bytes are put into the inbox, the books balance.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EbpfEngine } from '../../director/engine/ebpf/ebpf-engine.ts';
import { INBOX_RECORDS, INSTALL } from '../../director/engine/ebpf/install-layout.ts';
import { CONTROL, EVENTS } from '../../director/engine/ebpf/layout.ts';
import { type SyncPort, syncPortOn } from '../../director/engine/ebpf/sync-port.ts';
import type { Engine, PacketPort } from '../../director/engine/engine.ts';
import { address } from '../../director/model/address.ts';
import { arbitraryScenario } from '../support/packet/arbitrary.ts';
import { describeScenario, runScenario, type Scenario } from '../support/packet/scenario.ts';
import { auditTables } from '../support/packet-books.ts';
import { PacketEngines } from '../support/packet-engine.ts';
import { passEvents, passTable, resultAt, type Side } from '../support/sync-relay.ts';

const RUNS = Number(process.env.FAIRLEAD_RUNS ?? (process.env.FAIRLEAD_GUEST === '1' ? 10 : 40));
const WAYS = { mtu: 1500, tunnelSource: { 4: address('10.1.0.11'), 6: address('fd00:1::11') } };
/** The table of the one that is told has more room, so that nothing is refused. */
const CAPACITY = { 6: 12, 200: 201 } as const;
const START_MS = 1_000;

type Director = EbpfEngine & PacketPort & { readonly side: Side };

let engines: PacketEngines | undefined;
beforeAll(() => {
  engines = new PacketEngines('xdp');
});
afterAll(() => engines?.[Symbol.dispose]());

function open(capacity: number): Director {
  const engine: Engine & PacketPort = engines!.create({ capacity, ...WAYS });
  if (!(engine instanceof EbpfEngine)) throw new TypeError('not the ebpf engine');
  const { tables } = engine;
  tables.array('control').setU32(0, CONTROL.events_on, EVENTS.own);
  const port = syncPortOn(tables, { testClock: true });
  port.drain(Number.POSITIVE_INFINITY, () => {});
  engine.setClock(START_MS);
  return Object.assign(engine, { side: { port, tables } });
}

/** The dump without what no event tells: who was counted where, and what packets counted up since. */
function told(engine: Engine, whole = false): string[] {
  return engine
    .dump()
    .split('\n')
    .filter((line) => !line.startsWith('totals'))
    .map((line) => line.replace(/^( *serv.*) conns=\S+ packets=\S+ bytes=\S+/, '$1'))
    .map((line) => (whole ? line : line.replace(/ expires=\d+| packets=\S+ bytes=\S+/g, '')));
}

/** What the peer would be told at this point, and that it holds what we hold. */
function compare(ours: Director, peer: Director, whole: boolean): void {
  passEvents(ours.side, peer.side);
  expect(told(peer)).toEqual(told(ours));
  if (!whole) return;
  passTable(ours.side, peer.side);
  for (const engine of [ours, peer]) engine.sweep();
  passEvents(ours.side, peer.side);
  expect(told(peer, true)).toEqual(told(ours, true));
  expect(auditTables(peer.tables)).toEqual([]);
  expect(auditTables(ours.tables)).toEqual([]);
}

/** The peer has the same services, time and lifetimes, and nothing but our word of connections. */
function follow(ours: Director, peer: Director, scenario: Scenario): void {
  let now_ms = START_MS;
  let done = 0;
  runScenario(ours, scenario, ({ action }) => {
    if (action.do === 'apply') peer.apply(action.steps);
    if (action.do === 'timeouts') peer.setTimeouts(action.timeouts_ms);
    if (action.do === 'advance') now_ms += action.by_ms;
    if (action.do === 'advance') peer.setClock(now_ms);
    if (action.do === 'sweep') peer.sweep();
    const next = scenario[++done]?.do;
    // lifetimes that packets renewed are told from time to time; here, before time passes
    compare(ours, peer, next === 'advance' || next === 'timeouts' || next === undefined);
  });
}

describe('an engine that is told of another one’s changes', () => {
  it.each([6, 200] as const)(
    'holds the same entries and counts, with %i slots',
    (capacity) => {
      const run = (scenario: Scenario) => {
        using ours = open(capacity);
        using peer = open(CAPACITY[capacity]);
        follow(ours, peer, scenario);
      };
      fc.assert(fc.property(arbitraryScenario(), run), {
        numRuns: RUNS,
        reporter: (details) => {
          if (!details.failed) return;
          const [scenario] = details.counterexample ?? [[]];
          throw new Error(
            `seed ${details.seed}\n${describeScenario(scenario ?? [])}\n${details.errorInstance}`,
          );
        },
      });
    },
    120_000,
  );
});

/** xorshift32 (Marsaglia 2003), from 0 to 1. */
function numbersFrom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

describe('an inbox with any bytes', () => {
  /** Records that made sense once, a few fields of the first ones changed, and of the others many. */
  function disturb({ inbox }: SyncPort, random: () => number): void {
    const some = (size: number) => (random() < 0.7 ? Math.floor(random() * 4) : Math.floor(random() * size));
    for (let index = 0; index < INBOX_RECORDS; index++) {
      for (let turns = index < 64 ? 2 : 40; turns > 0; turns--)
        inbox.setU32(index, Math.floor(random() * (INSTALL.size / 4)) * 4, some(2 ** 32));
      inbox.setU8(index, INSTALL.what, some(256));
      if (random() < 0.5) inbox.setU32(index, INSTALL.flags, Math.floor(random() * 32));
    }
  }

  it('leaves tables whose books balance', () => {
    using ours = open(200);
    using peer = open(24);
    const results = new Set<string>();
    const run = (scenario: Scenario, seed: number) => {
      runScenario(ours, scenario, ({ action }) => {
        if (action.do === 'apply') peer.apply(action.steps);
      });
      const random = numbersFrom(seed);
      for (let round = 0; round < 10; round++) {
        passEvents(ours.side, peer.side);
        passTable(ours.side, peer.side);
        disturb(peer.side.port, random);
        peer.side.port.install(INBOX_RECORDS);
        for (let index = 0; index < INBOX_RECORDS; index++) results.add(resultAt(peer.side.port, index));
        expect(auditTables(peer.tables)).toEqual([]);
      }
    };
    fc.assert(fc.property(arbitraryScenario(10), fc.integer(), run), { numRuns: RUNS });
    for (const result of ['created', 'updated', 'closed', 'absent', 'unknown_server', 'invalid'])
      expect(results).toContain(result);
  }, 120_000);
});
