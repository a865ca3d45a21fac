import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tcp } from '../../test/support/packet/build.ts';
import type { EngineSnapshot } from '../engine/engine.ts';
import type { ServerSpec } from '../model/service.ts';
import { type Step, serviceOf } from '../model/step.ts';
import { applyPlan } from './apply.ts';
import { describePlan } from './describe.ts';
import type { DesiredService } from './desired.ts';
import { plan } from './plan.ts';
import { arbitraryDesired, engine, service } from './support/services.ts';

/** What is planned from one state to another, in words. */
function steps(before: readonly DesiredService[], after: readonly DesiredService[]): string[] {
  using subject = engine();
  applyPlan(subject, plan(before, subject.snapshot()));
  const snapshot = subject.snapshot();
  return describePlan(plan(after, snapshot), snapshot);
}

describe('a plan', () => {
  it('from nothing adds each service with its servers', () => {
    expect(steps([], [service('www@80', ['rs1@1', 'rs2@2:8080*2']), service('dns@53', [])])).toEqual([
      '+ service www tcp://10.0.0.100:80 wlc',
      '+ server www/rs1 10.1.0.1:80 nat weight 1',
      '+ server www/rs2 10.1.0.2:8080 nat weight 2',
      '+ service dns tcp://10.0.0.100:53 wlc',
    ]);
  });

  it('to nothing removes services whole', () => {
    expect(steps([service('www@80', ['rs1@1'])], [])).toEqual(['- service www (connections: reset)']);
  });

  it('names nothing that is as it should be', () => {
    const same = service('same@81', ['a@1']);
    expect(
      steps([same, service('www@80', ['a@1', 'b@2'])], [service('www@80', ['b@2', 'a@1*3']), same]),
    ).toEqual(['~ server www/a weight 1 -> 3']);
  });

  it('edits what can be edited', () => {
    const persistence = { timeout_s: 360, netmask_bits: 24 };
    expect(
      steps(
        [service('www@80', ['a@1', 'b@2'])],
        [service('www@80', ['a@1*0', 'b@2*5 route'], { scheduler: 'rr', persistence })],
      ),
    ).toEqual([
      '~ service www scheduler wlc -> rr, persistence none -> 360s/24',
      '~ server www/b weight 1 -> 5, method nat -> route',
      '~ server www/a weight 1 -> 0',
    ]);
  });

  it('adds servers before it removes others', () => {
    expect(steps([service('www@80', ['old@1'])], [service('www@80', ['new@2'])])).toEqual([
      '+ server www/new 10.1.0.2:80 nat weight 1',
      '- server www/old (connections: reset)',
    ]);
  });

  it('moves servers one by one, so that the others serve meanwhile', () => {
    expect(steps([service('www@80', ['a@1', 'b@2'])], [service('www@80', ['a@1:8080', 'b@2:8080'])])).toEqual(
      [
        '- server www/a (connections: reset)',
        '+ server www/a 10.1.0.1:8080 nat weight 1',
        '- server www/b (connections: reset)',
        '+ server www/b 10.1.0.2:8080 nat weight 1',
      ],
    );
  });

  it('renames a server without ending its connections', () => {
    expect(steps([service('www@80', ['a@1', 'b@2'])], [service('www@80', ['c@1', 'b@2'])])).toEqual([
      '- server www/a (connections: silent)',
      '+ server www/c 10.1.0.1:80 nat weight 1',
    ]);
  });

  it('keeps an established connection through new names of its server and of its service', () => {
    using subject = engine();
    const ends = { from: '198.51.100.7:4321', to: '10.0.0.100:80' };
    for (const desired of [
      service('www@80', ['a@1']),
      service('www@80', ['b@1']),
      service('web@80', ['c@1']),
    ]) {
      applyPlan(subject, plan([desired], subject.snapshot()));
      if (subject.connections({}, 9).length === 0) subject.inject(tcp({ ...ends, flags: 'S' }));
    }
    const verdict = subject.inject(tcp({ ...ends, flags: 'A' }));
    expect(verdict.outcome).toBe('forward');
    expect(subject.connections({}, 9)).toMatchObject([{ service: 'web', serverName: 'c', packets_in: 2 }]);
  });

  it('exchanges the addresses of two servers without ending their connections', () => {
    expect(steps([service('www@80', ['a@1', 'b@2'])], [service('www@80', ['a@2', 'b@1'])])).toEqual([
      '- server www/a (connections: silent)',
      '- server www/b (connections: silent)',
      '+ server www/a 10.1.0.2:80 nat weight 1',
      '+ server www/b 10.1.0.1:80 nat weight 1',
    ]);
  });

  it('moves a service to another port by removing and adding it', () => {
    expect(steps([service('www@80', ['a@1'])], [service('www@81', ['a@1'])])).toEqual([
      '- service www (connections: reset)',
      '+ service www tcp://10.0.0.100:81 wlc',
      '+ server www/a 10.1.0.1:80 nat weight 1',
    ]);
  });

  it('renames a service without ending the connections of servers that it keeps', () => {
    expect(steps([service('www@80', ['a@1', 'b@2'])], [service('web@80', ['a@1'])])).toEqual([
      '- server www/b (connections: reset)',
      '- service www (connections: silent)',
      '+ service web tcp://10.0.0.100:80 wlc',
      '+ server web/a 10.1.0.1:80 nat weight 1',
    ]);
  });

  it('lets services go before others listen where they did', () => {
    expect(
      steps([service('a@80', []), service('b@81', [])], [service('b@80', []), service('a@81', [])]),
    ).toEqual([
      '- service b (connections: silent)',
      '- service a (connections: silent)',
      '+ service b tcp://10.0.0.100:80 wlc',
      '+ service a tcp://10.0.0.100:81 wlc',
    ]);
  });

  it('takes what is leaving for absent, and so back', () => {
    const desired = [service('www@80', ['a@1'])];
    using subject = engine();
    const present = (presence: 'present' | 'leaving'): EngineSnapshot => {
      const { services, ...rest } = subject.snapshot();
      const leave = <T extends object>(each: T) => ({ ...each, presence });
      return { ...rest, services: services.map((each) => ({ ...each, servers: each.servers.map(leave) })) };
    };
    applyPlan(subject, plan(desired, subject.snapshot()));
    expect(plan(desired, present('present'))).toEqual([]);
    expect(plan(desired, present('leaving')).map((step) => step.kind)).toEqual(['add-server']);
  });

  it('asks for the policy of services that nobody configures any more', () => {
    using subject = engine();
    applyPlan(subject, plan([service('www@80', [])], subject.snapshot()));
    expect(plan([], subject.snapshot(), () => 'reassign')).toEqual([
      { kind: 'remove-service', service: 'www', policy: 'reassign' },
    ]);
  });

  it('stays within a service’s limit of servers while it replaces all of them', () => {
    const many = (from: number, letter: string) =>
      Array.from({ length: 200 }, (_, index) => `${letter}${index}@${index}:${from}`);
    using subject = engine();
    applyPlan(subject, plan([service('www@80', many(1_000, 'a'))], subject.snapshot()));
    const after = [service('www@80', many(2_000, 'b'))];
    const made = plan(after, subject.snapshot());
    expect(made.slice(0, 56).every((step) => step.kind === 'add-server')).toBe(true);
    expect(applyPlan(subject, made)).toMatchObject({ stepsApplied: 400, stepsFailed: 0 });
    expect(plan(after, subject.snapshot())).toEqual([]);
  });
});

describe('between any two states', () => {
  const pair = fc.tuple(arbitraryDesired, arbitraryDesired);

  it('a plan is carried out completely, and then nothing is left to do', () => {
    fc.assert(
      fc.property(pair, ([before, after]) => {
        using subject = engine();
        for (const desired of [before, after]) {
          const report = applyPlan(subject, plan(desired, subject.snapshot()));
          expect(report.services.filter((each) => !each.ok)).toEqual([]);
          expect(plan(desired, subject.snapshot())).toEqual([]);
        }
        const present = subject.snapshot().services.filter((each) => each.presence === 'present');
        expect(new Set(present.map((each) => each.spec))).toEqual(new Set(after.map((each) => each.spec)));
      }),
      { numRuns: 300 },
    );
  });

  it('a plan names only services that differ', () => {
    fc.assert(
      fc.property(pair, ([before, after]) => {
        using subject = engine();
        applyPlan(subject, plan(before, subject.snapshot()));
        const named = new Set(plan(after, subject.snapshot()).map(serviceOf));
        for (const each of after) {
          const earlier = before.find((other) => other.spec.name === each.spec.name);
          if (earlier && state(earlier) === state(each)) expect(named).not.toContain(each.spec.name);
          else expect(named).toContain(each.spec.name);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('a service is never without a server that takes connections, if one serves before and one could after', () => {
    fc.assert(
      fc.property(pair, ([before, after]) => {
        using subject = engine();
        applyPlan(subject, plan(before, subject.snapshot()));
        const made = plan(after, subject.snapshot());
        for (const each of after) {
          const earlier = before.find((other) => other.spec.name === each.spec.name);
          if (!earlier || !promises(earlier, each)) continue;
          const servers = new Map(earlier.servers.map(({ spec }) => [spec.name, spec]));
          for (const step of made.filter((one) => serviceOf(one) === each.spec.name)) {
            follow(servers, step);
            expect([...servers.values()].some((spec) => spec.weight > 0)).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** Both are able to serve on the same port, and some server of the second is not in the place of one of the first. */
function promises(before: DesiredService, after: DesiredService): boolean {
  if (before.spec.listen.port !== after.spec.listen.port) return false;
  const serving = (each: { spec: ServerSpec }) => each.spec.weight > 0;
  const free = ({ spec }: { spec: ServerSpec }) =>
    before.servers.every(
      (other) => (other.spec.name === spec.name) === (other.spec.address === spec.address),
    );
  return before.servers.some(serving) && after.servers.some((each) => serving(each) && free(each));
}

function follow(servers: Map<string, ServerSpec>, step: Step): void {
  if (step.kind === 'add-server' || step.kind === 'edit-server') servers.set(step.server.name, step.server);
  else if (step.kind === 'remove-server') servers.delete(step.server);
}

function state({ spec, servers }: DesiredService): string {
  const sorted = servers.map((each) => each.spec).sort((a, b) => (a.name < b.name ? -1 : 1));
  return JSON.stringify([spec, sorted]);
}
