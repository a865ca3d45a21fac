// The decision loop: what the engine should have follows from the revision, the operators' orders, the verdicts and the
// ramps, and nothing else changes the engine. A change recalculates the services that it touches; every so often all
// are compared with what the engine really has. What the engine refuses is told and tried again.
import type { Configuration, ServiceConfig } from '../config/configuration.ts';
import type { Engine, EngineSnapshot, ServiceSnapshot } from '../engine/engine.ts';
import type { Clock } from '../model/clock.ts';
import { emptyTotals, emptyTraffic } from '../model/counters.ts';
import type { RemovalPolicy, ServiceSpec } from '../model/service.ts';
import { DEFAULT_TIMEOUTS_MS } from '../model/state.ts';
import type { Step, StepOutcome } from '../model/step.ts';
import { applyPlan } from '../reconcile/apply.ts';
import { type DesiredService, desiredServices } from '../reconcile/desired.ts';
import { defaultPolicyOf, plan } from '../reconcile/plan.ts';
import type { JsonValue } from '../store/record.ts';
import { Failures } from './failures.ts';
import type { HealthBoard } from './health-board.ts';
import { Observer } from './observer.ts';
import type { OrderBook } from './order-book.ts';

export interface DirectorOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly configuration: Configuration;
  readonly orders: OrderBook;
  readonly board: HealthBoard;
  readonly record: (kind: string, subject: string, reason: string, evidence?: JsonValue) => void;
  /** Steps were carried out: names and numbers of the engine may be others now. */
  readonly onApplied?: () => void;
}

export type ServiceHealth = 'up' | 'degraded' | 'sorry' | 'down' | 'unknown' | 'empty';

export interface DecisionReport {
  readonly steps: readonly Step[];
  readonly failed: readonly Extract<StepOutcome, { ok: false }>[];
}

const FULL_INTERVAL_MS = 10_000;

export class Director {
  readonly observer: Observer;
  readonly failures = new Failures();
  readonly #options: DirectorOptions;
  #configuration: Configuration;
  #byName: ReadonlyMap<string, ServiceConfig>;
  /** Removal policies of services that have left the configuration, until the engine has let go of them. */
  #policies = new Map<string, RemovalPolicy>();
  /** What was last asked of the engine, service by service. */
  #desired = new Map<string, DesiredService>();
  #healths = new Map<string, ServiceHealth>();
  /** What the engine has: its last snapshot and what has succeeded since. Undefined: ask it. */
  #actual: Map<string, ServiceSnapshot> | undefined;
  #dirty = new Set<string>();
  #scheduled = false;
  #fullAt_ms = Number.NEGATIVE_INFINITY;

  constructor(options: DirectorOptions) {
    this.#options = options;
    this.#configuration = options.configuration;
    this.#byName = index(options.configuration);
    this.observer = new Observer(options.engine, options.clock);
    this.#setTimeouts(options.configuration);
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  service(name: string): ServiceConfig | undefined {
    return this.#byName.get(name);
  }

  desired(service: string): DesiredService | undefined {
    return this.#desired.get(service);
  }

  /** What another configuration would do, without doing it. */
  rehearse(configuration: Configuration): { steps: readonly Step[]; actual: EngineSnapshot } {
    const actual = this.#options.engine.snapshot();
    return {
      steps: plan(this.#desire(configuration.services), actual, (spec) => this.#policyOf(spec)),
      actual,
    };
  }

  /** Takes another configuration and carries it out; `actual` is what the engine has just said. */
  replace(configuration: Configuration, actual?: EngineSnapshot): DecisionReport {
    for (const service of this.#configuration.services) this.#policies.set(service.name, service.removal);
    this.#configuration = configuration;
    this.#byName = index(configuration);
    this.#setTimeouts(configuration);
    for (const name of this.#healths.keys()) if (!this.#byName.has(name)) this.#healths.delete(name);
    return this.decideAll(actual);
  }

  /** Decides about these services in a moment, together with whatever else comes up until then. */
  touch(services: Iterable<string>): void {
    for (const service of services) this.#dirty.add(service);
    if (this.#scheduled || this.#dirty.size === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (this.#dirty.size > 0) this.decide(this.#dirty);
    });
  }

  /** Every interval: what has waited, what moves with time, and now and then everything. */
  tick(): void {
    const now = this.#options.clock.monotonic_ms();
    if (now - this.#fullAt_ms >= FULL_INTERVAL_MS) {
      this.decideAll();
      return;
    }
    this.touch(this.failures.due(now));
    this.touch(this.#options.board.ramping());
  }

  /** Call with each new sample: what the engine has is what it says. */
  resync(snapshot: EngineSnapshot): void {
    this.#actual = presentServices(snapshot);
  }

  decideAll(snapshot: EngineSnapshot = this.#options.engine.snapshot()): DecisionReport {
    this.#dirty = new Set();
    this.#fullAt_ms = this.#options.clock.monotonic_ms();
    this.#actual = presentServices(snapshot);
    this.failures.keepOnly(new Set([...this.#byName.keys(), ...this.#actual.keys()]));
    const desired = this.#desire(this.#configuration.services);
    const report = this.#carryOut(desired, snapshot);
    this.#desired = new Map(desired.map((service) => [service.spec.name, service]));
    for (const name of this.#policies.keys())
      if (this.#byName.has(name) || !this.#actual?.has(name)) this.#policies.delete(name);
    this.#noteHealths(this.#configuration.services);
    return report;
  }

  decide(services: ReadonlySet<string>): DecisionReport {
    this.#dirty = new Set();
    // A service that is to go is found only by comparing everything.
    if ([...services].some((name) => !this.#byName.has(name)) || services.size * 2 > this.#byName.size)
      return this.decideAll();
    const configs = [...services].map((name) => this.#byName.get(name)!);
    const desired = this.#desire(configs, services);
    this.#actual ??= presentServices(this.#options.engine.snapshot());
    const actual = [...services].flatMap((name) => this.#actual?.get(name) ?? []);
    const report = this.#carryOut(desired, { services: actual, totals: emptyTotals(), tables: [] });
    for (const service of desired) this.#desired.set(service.spec.name, service);
    this.#noteHealths(configs);
    return report;
  }

  #desire(services: readonly ServiceConfig[], names?: ReadonlySet<string>): DesiredService[] {
    const { board, orders } = this.#options;
    return desiredServices({
      services,
      orders: orders.forServices(names),
      health: (service, server) => board.health(service.name, server.name),
      ramp: (service, server) => board.ramp(service.name, server.name),
      hasBeenUp: (service, server) => board.hasBeenUp(service.name, server.name),
    });
  }

  #carryOut(desired: readonly DesiredService[], actual: EngineSnapshot): DecisionReport {
    const { clock, engine, record } = this.#options;
    const steps = plan(desired, actual, (spec) => this.#policyOf(spec));
    if (steps.length === 0) {
      for (const { spec } of desired) this.#recovered(spec.name);
      return { steps, failed: [] };
    }
    const report = applyPlan(engine, steps);
    this.observer.invalidate();
    this.#options.onApplied?.();
    const failed = report.services.filter((outcome) => !outcome.ok);
    for (const { service, code, detail } of failed)
      if (this.failures.failed(service, code, detail, clock.now(), clock.monotonic_ms()))
        record('step-failed', service, `the engine refused: ${detail}`, { code });
    for (const outcome of report.services) if (outcome.ok) this.#recovered(outcome.service);
    this.#remember(desired, report.services);
    return { steps, failed };
  }

  #recovered(service: string): void {
    if (this.failures.succeeded(service))
      this.#options.record('step-recovered', service, 'the engine has taken what it refused before');
  }

  /** What succeeded is now there; after a failure the engine is asked again. */
  #remember(desired: readonly DesiredService[], outcomes: readonly StepOutcome[]): void {
    if (outcomes.some((outcome) => !outcome.ok)) {
      this.#actual = undefined;
      return;
    }
    const byName = new Map(desired.map((service) => [service.spec.name, service]));
    for (const { service } of outcomes) {
      const now = byName.get(service);
      if (now === undefined) this.#actual?.delete(service);
      else this.#actual?.set(service, asPresent(now));
    }
  }

  #policyOf(spec: ServiceSpec): RemovalPolicy {
    return this.#policies.get(spec.name) ?? this.#byName.get(spec.name)?.removal ?? defaultPolicyOf(spec);
  }

  #setTimeouts(configuration: Configuration): void {
    this.#options.engine.setTimeouts({ ...DEFAULT_TIMEOUTS_MS, ...configuration.engine.timeouts_ms });
  }

  health(service: string): ServiceHealth {
    return this.#healths.get(service) ?? 'unknown';
  }

  #noteHealths(services: readonly ServiceConfig[]): void {
    for (const service of services) {
      const before = this.#healths.get(service.name);
      const after = this.#healthOf(service);
      this.#healths.set(service.name, after);
      if (before === undefined || before === after) continue;
      this.#options.record(`service-${after}`, service.name, `${HEALTH_SENTENCES[after]} (was ${before})`);
    }
  }

  #healthOf(service: ServiceConfig): ServiceHealth {
    if (service.servers.length === 0 && service.sorry === undefined) return 'empty';
    const healths = service.servers.map((server) => this.#options.board.health(service.name, server.name));
    const serving = (this.#desired.get(service.name)?.servers ?? []).filter(
      (server) => server.spec.weight > 0,
    );
    if (serving.some((server) => server.spec.name !== service.sorry?.name))
      return healths.every((health) => health === 'up') ? 'up' : 'degraded';
    if (service.monitors.length > 0 && healths.includes('unknown')) return 'unknown';
    return serving.length > 0 ? 'sorry' : 'down';
  }
}

export const HEALTH_SENTENCES: Readonly<Record<ServiceHealth, string>> = {
  up: 'every real server is up',
  degraded: 'some real servers are not up',
  sorry: 'only the sorry server takes connections',
  down: 'no real server takes connections',
  unknown: 'no verdict yet',
  empty: 'no real server is configured',
};

function index(configuration: Configuration): Map<string, ServiceConfig> {
  return new Map(configuration.services.map((service) => [service.name, service]));
}

function presentServices(snapshot: EngineSnapshot): Map<string, ServiceSnapshot> {
  return new Map(
    snapshot.services
      .filter((service) => service.presence === 'present')
      .map((service) => [service.spec.name, service]),
  );
}

/** Enough of a snapshot to plan against. */
function asPresent(desired: DesiredService): ServiceSnapshot {
  return {
    spec: desired.spec,
    presence: 'present',
    traffic: emptyTraffic(),
    servers: desired.servers.map(({ spec }) => ({
      spec,
      presence: 'present',
      active: 0,
      inactive: 0,
      templates: 0,
      traffic: emptyTraffic(),
    })),
  };
}
