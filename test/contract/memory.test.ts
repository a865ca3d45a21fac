import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Engine, EngineSnapshot, PacketPort } from '../../director/engine/engine.ts';
import { createMemoryEngine } from '../../director/engine/memory/memory-engine.ts';
import { address } from '../../director/model/address.ts';
import type { ConnectionEntry } from '../../director/model/connection.ts';
import { isActive } from '../../director/model/state.ts';
import { arbitraryFrame, arbitraryScenario } from '../support/packet/arbitrary.ts';
import { arbitraryPopulation, FLOWS } from '../support/packet/arbitrary-steps.ts';
import { checksumsOk, describeFrame } from '../support/packet/describe.ts';
import { describeScenario, host, runScenario, type Scenario } from '../support/packet/scenario.ts';

// Small enough that scenarios fill it.
const CAPACITY = 6;
const RUNS = { numRuns: 150 };

function engine(capacity = CAPACITY): Engine & PacketPort {
  const tunnelSource = { 4: address('10.1.0.11'), 6: address('fd00:1::11') };
  return createMemoryEngine({ capacity, tunnelSource, mtu: 1500 });
}

/** Checks a claim after every scenario; a failing one is printed readably. */
function holds(claim: (scenario: Scenario) => void): void {
  fc.assert(
    fc.property(arbitraryScenario(), (scenario) => {
      claim(scenario);
    }),
    {
      ...RUNS,
      reporter: (details) => {
        if (!details.failed) return;
        const [scenario] = details.counterexample ?? [[]];
        throw new Error(
          `seed ${details.seed}\n${describeScenario(scenario ?? [])}\n${details.errorInstance}`,
        );
      },
    },
  );
}

const everything = (of: Engine): readonly ConnectionEntry[] => of.connections({}, Number.POSITIVE_INFINITY);

function serversOf(snapshot: EngineSnapshot) {
  return snapshot.services.flatMap(({ spec, servers }) =>
    servers.map((server) => ({ ...server, key: `${spec.name}/${server.spec.name}` })),
  );
}

describe('the memory engine, whatever happens to it', () => {
  it('balances its books: every frame is forwarded, left to the host, or dropped for one reason', () => {
    holds((scenario) => {
      const subject = engine();
      let frames = 0;
      runScenario(subject, scenario, ({ frame, verdict }) => {
        if (frame) frames += 1;
        if (verdict?.outcome === 'forward' || verdict?.outcome === 'reply')
          expect(verdict.frame).toBeDefined();
        const { totals } = subject.snapshot();
        const dropped = Object.values(totals.dropped).reduce((sum, count) => sum + count, 0);
        expect(totals.in).toBe(frames);
        expect(totals.forwarded + totals.local + dropped).toBe(frames);
      });
    });
  });

  it('counts for every server exactly the connections and templates that lead to it', () => {
    holds((scenario) => {
      const subject = engine();
      runScenario(subject, scenario);
      subject.sweep();
      const entries = everything(subject);
      const byServer = Map.groupBy(serversOf(subject.snapshot()), ({ key }) => key);
      for (const [key, servers] of byServer) {
        const own = entries.filter(({ service, serverName }) => `${service}/${serverName}` === key);
        const connections = own.filter(({ kind }) => kind === 'connection');
        const sum = (field: 'active' | 'inactive' | 'templates') =>
          servers.reduce((total, server) => total + server[field], 0);
        expect(sum('active')).toBe(connections.filter(({ state }) => isActive(state)).length);
        expect(sum('inactive')).toBe(connections.filter(({ state }) => !isActive(state)).length);
        expect(sum('templates')).toBe(own.length - connections.length);
      }
    });
  });

  it('never keeps an entry whose server is forgotten, nor a server that has left with nothing', () => {
    holds((scenario) => {
      const subject = engine();
      runScenario(subject, scenario);
      subject.sweep();
      const servers = serversOf(subject.snapshot());
      const known = new Set(servers.map(({ key }) => key));
      for (const { service, serverName } of everything(subject))
        expect(known).toContain(`${service}/${serverName}`);
      for (const { presence, active, inactive, templates } of servers)
        expect(presence === 'present' || active + inactive + templates > 0).toBe(true);
    });
  });

  it('lets templates control no more than there is, and nothing once all connections are flushed', () => {
    holds((scenario) => {
      const subject = engine();
      runScenario(subject, scenario);
      subject.sweep();
      const controls = (of: readonly ConnectionEntry[]) => of.reduce((sum, entry) => sum + entry.controls, 0);
      const connections = subject.connections({ kind: 'connection' }, CAPACITY);
      expect(controls(everything(subject))).toBeLessThanOrEqual(connections.length);
      expect(subject.flush({ what: 'connections' })).toBe(connections.length);
      expect(controls(everything(subject))).toBe(0);
      for (const { active, inactive } of serversOf(subject.snapshot())) expect(active + inactive).toBe(0);
    });
  });

  it('sends out right checksums for frames that came with right ones', () => {
    holds((scenario) => {
      runScenario(engine(), scenario, ({ frame, verdict }) => {
        if (!frame || !verdict?.frame || !checksumsOk(frame)) return;
        if (!checksumsOk(verdict.frame))
          throw new Error(`${describeFrame(frame)} => ${describeFrame(verdict.frame)}`);
      });
    });
  });

  it('never uses more slots than it has, and keeps traffic sums over servers that are gone', () => {
    holds((scenario) => {
      const subject = engine();
      const most = new Map<string, number>();
      runScenario(subject, scenario, () => {
        const { tables, services } = subject.snapshot();
        for (const { used, limit } of tables) expect(used).toBeLessThanOrEqual(limit);
        for (const { spec, traffic } of services) {
          const key = `${spec.listen.protocol} ${spec.listen.address} ${spec.listen.port}`;
          const packets = traffic.packets_in + traffic.packets_out;
          expect(packets).toBeGreaterThanOrEqual(most.get(key) ?? 0);
          most.set(key, packets);
        }
        for (const key of most.keys())
          if (
            !services.some(
              ({ spec: { listen } }) => key === `${listen.protocol} ${listen.address} ${listen.port}`,
            )
          )
            most.delete(key);
      });
    });
  });

  it('does the same again when everything is repeated', () => {
    holds((scenario) => expect(runScenario(engine(), scenario)).toEqual(runScenario(engine(), scenario)));
  });

  it('tells in its events all that its list shows', () => {
    holds((scenario) => {
      const subject = engine();
      runScenario(subject, scenario);
      subject.sweep();
      const alive = new Map<string, number>();
      const key = ({ kind, protocol, client, virtual }: ConnectionEntry) =>
        JSON.stringify([kind, protocol, client, virtual]);
      const { events, lost } = subject.events(Number.POSITIVE_INFINITY);
      expect(lost).toBe(0);
      for (const { change, entry } of events) {
        const count = alive.get(key(entry)) ?? 0;
        if (change === 'state') expect(count).toBe(1);
        else alive.set(key(entry), count + (change === 'created' ? 1 : -1));
      }
      const open = [...alive].filter(([, count]) => count !== 0);
      expect(open.every(([, count]) => count === 1)).toBe(true);
      expect(open.map(([text]) => text).sort()).toEqual(everything(subject).map(key).sort());
    });
  });

  it('changes nothing when it explains, and explains what it then does', () => {
    const arbitrary = fc.tuple(arbitraryScenario(20), fc.constantFrom(...FLOWS));
    fc.assert(
      fc.property(arbitrary, ([scenario, flow]) => {
        const subject = engine(1000);
        runScenario(subject, scenario);
        const before = subject.dump();
        const client = { address: address(host(flow.client)), port: Number(flow.client.split(':').at(-1)) };
        for (const { spec, presence } of subject.snapshot().services) {
          if (presence === 'leaving') continue;
          const { because } = subject.explain({ service: spec.name, client });
          expect(because.length).toBeGreaterThan(1);
        }
        expect(subject.dump()).toBe(before);
      }),
      { numRuns: 50 },
    );
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(
        arbitraryPopulation,
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 200 }), arbitraryFrame())),
        (steps, frames) => {
          const subject = engine();
          subject.apply(steps);
          for (const frame of frames) subject.inject(frame);
          expect(subject.snapshot().totals.in).toBe(frames.length);
        },
      ),
      RUNS,
    );
  });
});
