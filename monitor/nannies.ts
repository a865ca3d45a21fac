// The nannies of one monitor process: starts probes as the schedule says, judges their outcomes, reports changes.
// Guarantees: a nanny whose check stays assigned keeps its health and its place in the schedule; dismissed nannies'
// probes are aborted and report nothing more; a probe that does not end by itself is given up.
import type { Clock } from '../director/model/clock.ts';
import type { Verdict } from '../director/model/monitor.ts';
import { beginHealth, type HealthState, isUndecided, step } from './core/health.ts';
import { Histogram } from './core/histogram.ts';
import { type Entry, Schedule } from './core/schedule.ts';
import { type ProbeTable, runProbe } from './probe/kinds.ts';
import type { ProbeOutcome } from './probe/probe.ts';
import { ProbeBatch } from './probe-batch.ts';
import type { Check, ToldProbes } from './protocol.ts';
import type { MonitorStats } from './stats.ts';

export interface NanniesOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly probes: ProbeTable;
  readonly inFlight_max: number;
  /** Called at most once per turn of the event loop. */
  readonly report: (verdicts: Verdict[], complete: boolean) => void;
  /** Outcomes one by one; called by tellProbes(), and at once where somebody asked for one. */
  readonly reportProbes?: (probes: ToldProbes) => void;
}

interface Nanny {
  check: Check;
  /** In the assignment. */
  place: number;
  readonly dismissal: AbortController;
  health: HealthState;
  verdict: Verdict;
  /** Start of the probe under way; undefined between probes. */
  begun_ms: number | undefined;
  /** Somebody waits for the next outcome, so it is told even if it changes nothing. */
  asked: boolean;
}

/** Starts per turn of the event loop: answers that have arrived are not kept waiting by a crowd of starts. */
const STARTS_PER_TURN = 64;
/** A probe's own deadline is its timeout, for exec after as long a wait again; beyond both and this it is stuck. */
const STUCK_AFTER_MS = 2_000;

export class Nannies implements Disposable {
  readonly #options: NanniesOptions;
  readonly #schedule: Schedule<Nanny>;
  readonly #byKey = new Map<string, Entry<Nanny>>();
  readonly #lateness = new Histogram();
  readonly #changed = new Map<string, Verdict>();
  /** Outcomes that were not told yet; undefined where nobody wants them. */
  #untold: { readonly assignment: number; readonly batch: ProbeBatch } | undefined;
  #complete = false;
  #answers = false;
  #flush: Disposable | undefined;
  #wake: { readonly at_ms: number; readonly timer: Disposable } | undefined;
  #probes = 0;
  #failures = 0;
  #inconclusive = 0;

  constructor(options: NanniesOptions) {
    this.#options = options;
    this.#schedule = new Schedule({ inFlight_max: options.inFlight_max, random: options.random });
  }

  /** Every nanny there shall be. Answers with a complete report. `assignment`: tell probes under this number. */
  assign(checks: readonly Check[], assignment?: number): void {
    this.tellProbes(); // by their places until now
    this.#untold =
      assignment === undefined ? undefined : { assignment, batch: new ProbeBatch(checks.length) };
    const wanted = new Set<string>();
    for (const [place, check] of checks.entries()) {
      wanted.add(check.key);
      const entry = this.#byKey.get(check.key);
      if (entry === undefined) this.#byKey.set(check.key, this.#engage(check, place));
      else {
        entry.item.check = check; // same key, same target and monitor; only the service's name may differ
        entry.item.place = place;
      }
    }
    for (const [key, entry] of this.#byKey) if (!wanted.has(key)) this.#dismiss(entry);
    this.reportAll();
    this.#arm();
  }

  /** A complete report soon, with the latest reasons and latencies. */
  reportAll(): void {
    this.#complete = true;
    this.#reportSoon();
  }

  probeNow(key: string): void {
    const entry = this.#byKey.get(key);
    if (entry === undefined) return;
    entry.item.asked = true;
    this.#schedule.hurry(entry, this.#now());
    this.#arm();
  }

  /** Outcomes since the last call; call it about once a second. */
  tellProbes(): void {
    if (this.#untold === undefined) return;
    const { assignment, batch } = this.#untold;
    const columns = batch.take(this.#now());
    if (columns !== undefined)
      this.#options.reportProbes?.({ assignment, at: this.#options.clock.now(), ...columns });
  }

  /** Statistics; those of lateness begin anew. Also gives up stuck probes, so call it about once a second. */
  takeStats(): Omit<MonitorStats, 'cpu_ms'> {
    this.#giveUpStuck();
    const stats = {
      probes: this.#probes,
      failures: this.#failures,
      inconclusive: this.#inconclusive,
      lateness_p50_ms: this.#lateness.quantile(0.5),
      lateness_p99_ms: this.#lateness.quantile(0.99),
      inFlight: this.#schedule.inFlight,
    };
    this.#lateness.clear();
    return stats;
  }

  [Symbol.dispose](): void {
    for (const entry of this.#byKey.values()) this.#dismiss(entry);
    this.#wake?.timer[Symbol.dispose]();
    this.#wake = undefined;
    this.#flush?.[Symbol.dispose]();
  }

  #now(): number {
    return this.#options.clock.monotonic_ms();
  }

  #engage(check: Check, place: number): Entry<Nanny> {
    const now_ms = this.#now();
    const health = check.health ?? 'unknown';
    const interval_ms = health === 'unknown' ? check.monitor.fast_interval_ms : check.monitor.interval_ms;
    const { key } = check;
    const nanny: Nanny = {
      check,
      place,
      dismissal: new AbortController(),
      health: beginHealth(now_ms, health),
      verdict: {
        key,
        health,
        reason: 'not probed yet',
        latency_ms: undefined,
        at: this.#options.clock.now(),
      },
      begun_ms: undefined,
      asked: false,
    };
    return this.#schedule.add(nanny, { interval_ms, jitter: check.monitor.jitter }, now_ms);
  }

  #dismiss(entry: Entry<Nanny>): void {
    const { check, dismissal } = entry.item;
    this.#byKey.delete(check.key);
    this.#changed.delete(check.key);
    this.#schedule.remove(entry);
    this.#release(entry);
    dismissal.abort();
  }

  /** Starts what is due, then sleeps until the next is. */
  #turn(): void {
    for (let started = 0; started < STARTS_PER_TURN; started++) {
      const start = this.#schedule.take(this.#now());
      if (start === undefined) break;
      this.#lateness.record(start.late_ms);
      this.#begin(start.entry);
    }
    this.#arm();
  }

  #begin(entry: Entry<Nanny>): void {
    const nanny = entry.item;
    const begun_ms = this.#now();
    nanny.begun_ms = begun_ms;
    const { target, monitor, service } = nanny.check;
    const context = { timeout_ms: monitor.timeout_ms, signal: nanny.dismissal.signal, service };
    void runProbe(this.#options.probes, target, monitor.probe, context).then((outcome) => {
      // Given up or dismissed meanwhile: this outcome belongs to nobody.
      if (nanny.begun_ms === begun_ms) this.#conclude(entry, outcome);
    });
  }

  #conclude(entry: Entry<Nanny>, outcome: ProbeOutcome): void {
    const nanny = entry.item;
    this.#probes++;
    if (outcome.inconclusive) this.#inconclusive++;
    else {
      if (!outcome.ok) this.#failures++;
      const result = step(nanny.health, outcome.ok, nanny.check.monitor, this.#now());
      nanny.health = result.state;
      this.#note(nanny, outcome);
      this.#remember(nanny, outcome, result.change !== undefined);
    }
    this.#release(entry);
    this.#arm();
  }

  #note({ check, place, health }: Nanny, { ok, reason, latency_ms }: ProbeOutcome): void {
    const slow = latency_ms * 2 > check.monitor.timeout_ms;
    this.#untold?.batch.record(
      place,
      { now_ms: this.#now(), latency_ms, slow, failure: ok ? undefined : reason },
      health.against,
    );
  }

  #remember(nanny: Nanny, outcome: ProbeOutcome, changed: boolean): void {
    const { key } = nanny.check;
    const { health } = nanny.health;
    const { reason, latency_ms } = outcome;
    nanny.verdict = { key, health, reason, latency_ms, at: this.#options.clock.now() };
    if (!changed && !nanny.asked) return;
    if (nanny.asked) this.#answers = true;
    nanny.asked = false;
    this.#changed.set(key, nanny.verdict);
    this.#reportSoon();
  }

  /** Ends the probe under way, if any, as far as the schedule is concerned. */
  #release(entry: Entry<Nanny>): void {
    const nanny = entry.item;
    if (nanny.begun_ms === undefined) return;
    nanny.begun_ms = undefined;
    const { fast_interval_ms, interval_ms } = nanny.check.monitor;
    this.#schedule.finished(entry, isUndecided(nanny.health) ? fast_interval_ms : interval_ms, this.#now());
  }

  #giveUpStuck(): void {
    const now_ms = this.#now();
    for (const entry of this.#byKey.values()) {
      const { begun_ms, check } = entry.item;
      if (begun_ms === undefined) continue;
      const latency_ms = now_ms - begun_ms;
      if (latency_ms < 2 * check.monitor.timeout_ms + STUCK_AFTER_MS) continue;
      this.#conclude(entry, { ok: false, reason: 'the probe did not end', latency_ms });
    }
  }

  #reportSoon(): void {
    this.#flush ??= this.#options.clock.after(0, () => {
      this.#flush = undefined;
      const complete = this.#complete;
      const verdicts = complete
        ? Array.from(this.#byKey.values(), (entry) => entry.item.verdict)
        : [...this.#changed.values()];
      this.#complete = false;
      this.#changed.clear();
      this.#options.report(verdicts, complete);
      if (this.#answers) this.tellProbes();
      this.#answers = false;
    });
  }

  /** Sets the timer to the next start unless it is set to go off by then anyway. */
  #arm(): void {
    const next_ms = this.#schedule.next_ms();
    if (next_ms === undefined || (this.#wake !== undefined && this.#wake.at_ms <= next_ms)) return;
    this.#wake?.timer[Symbol.dispose]();
    const timer = this.#options.clock.after(Math.max(0, next_ms - this.#now()), () => {
      this.#wake = undefined;
      this.#turn();
    });
    this.#wake = { at_ms: next_ms, timer };
  }
}
