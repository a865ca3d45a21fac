import { describe, expect, it } from 'vitest';
import type { Engine } from '../engine/engine.ts';
import { FairleadError } from '../model/error.ts';
import type { Step } from '../model/step.ts';
import { applyPlan } from './apply.ts';
import { plan } from './plan.ts';
import { engine, server, service } from './support/services.ts';

/** A real engine that tells how it was called. */
function listened(): { subject: Engine; calls: (readonly Step[])[] } {
  const subject = engine();
  const calls: (readonly Step[])[] = [];
  const apply = subject.apply.bind(subject);
  subject.apply = (steps) => {
    calls.push(steps);
    return apply(steps);
  };
  return { subject, calls };
}

describe('applyPlan', () => {
  it('calls the engine once and reports every service', () => {
    const { subject, calls } = listened();
    const made = plan([service('a@80', ['x@1', 'y@2']), service('b@81', ['x@1'])], subject.snapshot());
    expect(applyPlan(subject, made)).toEqual({
      services: [
        { service: 'a', ok: true },
        { service: 'b', ok: true },
      ],
      stepsApplied: 5,
      stepsFailed: 0,
    });
    expect(calls).toEqual([made]);
  });

  it('does not call the engine for nothing', () => {
    const { subject, calls } = listened();
    expect(applyPlan(subject, [])).toEqual({ services: [], stepsApplied: 0, stepsFailed: 0 });
    expect(calls).toEqual([]);
  });

  it('lets go of all listens first where services exchange them', () => {
    const { subject, calls } = listened();
    applyPlan(subject, plan([service('a@80', ['x@1']), service('b@81', ['x@1'])], subject.snapshot()));
    const after = [service('a@81', ['x@1']), service('b@80', ['x@1'])];
    expect(applyPlan(subject, plan(after, subject.snapshot()))).toMatchObject({ stepsFailed: 0 });
    expect(plan(after, subject.snapshot())).toEqual([]);
    expect(calls).toHaveLength(3);
  });

  it('reports a service that fails and carries out the others', () => {
    const { subject } = listened();
    const steps: Step[] = [
      { kind: 'add-server', service: 'none', server: server('x@1') },
      ...plan([service('a@80', ['x@1'])], subject.snapshot()),
    ];
    expect(applyPlan(subject, steps)).toMatchObject({
      services: [
        { service: 'none', ok: false, code: 'missing' },
        { service: 'a', ok: true },
      ],
      stepsApplied: 2,
      stepsFailed: 1,
    });
  });

  it('does not go on with a service whose first steps failed', () => {
    const { subject, calls } = listened();
    const steps: Step[] = [
      { kind: 'remove-service', service: 'a', policy: 'reset' },
      { kind: 'remove-service', service: 'b', policy: 'reset' },
      { kind: 'add-service', service: service('a@80', []).spec },
    ];
    expect(applyPlan(subject, steps)).toMatchObject({ stepsApplied: 0, stepsFailed: 3 });
    expect(calls).toHaveLength(1);
  });

  it('reports an engine that fails as a whole for every service named', () => {
    const { subject } = listened();
    subject.apply = () => {
      throw new FairleadError('map-gone', 'the map has gone');
    };
    expect(applyPlan(subject, plan([service('a@80', []), service('b@81', [])], subject.snapshot()))).toEqual({
      services: [
        { service: 'a', ok: false, code: 'engine-failed', detail: 'the map has gone' },
        { service: 'b', ok: false, code: 'engine-failed', detail: 'the map has gone' },
      ],
      stepsApplied: 0,
      stepsFailed: 2,
    });
  });
});
