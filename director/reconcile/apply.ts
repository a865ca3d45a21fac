// Carries a plan out and says per service what became of it. An ordinary plan is one call of the engine; services
// that exchange their listen addresses need a second one, since the first must have let go of both.
import type { Engine } from '../engine/engine.ts';
import { FairleadError } from '../model/error.ts';
import { type Step, type StepOutcome, serviceOf } from '../model/step.ts';

export interface ApplyReport {
  /** One outcome per service that the plan names, in the plan's order. */
  readonly services: readonly StepOutcome[];
  readonly stepsApplied: number;
  readonly stepsFailed: number;
}

export function applyPlan(engine: Engine, steps: readonly Step[]): ApplyReport {
  const outcomes = new Map<string, StepOutcome>();
  for (const wave of waves(steps)) {
    const due = wave.filter((step) => outcomes.get(serviceOf(step))?.ok !== false);
    if (due.length > 0) for (const outcome of applyWave(engine, due)) outcomes.set(outcome.service, outcome);
  }
  const failed = steps.filter((step) => outcomes.get(serviceOf(step))?.ok !== true).length;
  return { services: [...outcomes.values()], stepsApplied: steps.length - failed, stepsFailed: failed };
}

/** An engine that fails as a whole fails for every service named; whoever plans again starts from its snapshot. */
function applyWave(engine: Engine, steps: readonly Step[]): readonly StepOutcome[] {
  try {
    return engine.apply(steps);
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    return [...new Set(steps.map(serviceOf))].map((service) => ({
      service,
      ok: false,
      code: 'engine-failed',
      detail: error.message,
    }));
  }
}

/** Cuts the plan where a service comes up again after others: inside a wave, each service's steps stand together. */
function waves(steps: readonly Step[]): Step[][] {
  const result: Step[][] = [];
  let wave: Step[] = [];
  let closed = new Set<string>();
  let current: string | undefined;
  for (const step of steps) {
    const service = serviceOf(step);
    if (service !== current && closed.has(service)) {
      result.push(wave);
      wave = [];
      closed = new Set();
    }
    closed.add(service);
    current = service;
    wave.push(step);
  }
  if (wave.length > 0) result.push(wave);
  return result;
}
