// What this director knows of itself and its surroundings, as inputs for the core: its health, and whether a witness
// answers. Only changes are told.
import type { Clock } from '../director/model/clock.ts';
import type { Input } from './core/types.ts';
import { ownHealth } from './own-health.ts';
import type { HeartbeatSettings, ToHeartbeat } from './protocol.ts';
import { addressOf } from './settings.ts';
import { type Witnesses, watchWitnesses } from './witnesses.ts';

export interface SensesOptions {
  readonly settings: HeartbeatSettings;
  /** For the pings: whose answers are ours. */
  readonly identifier: number;
  readonly clock: Clock;
  readonly onInput: (input: Input) => void;
  readonly complain: (what: string) => void;
}

export class Senses implements Disposable {
  readonly #options: SensesOptions;
  readonly #began_ms: number;
  #witnesses: Witnesses | undefined;
  #pulse: Extract<ToHeartbeat, { kind: 'health' }> | undefined;
  #pulseAt_ms = 0;
  #linksDown: readonly string[] = [];
  #toldHealth = '';
  #toldWitness: boolean | undefined;

  constructor(options: SensesOptions) {
    this.#options = options;
    this.#began_ms = options.clock.monotonic_ms();
    this.change(options.settings);
  }

  change(settings: HeartbeatSettings): void {
    const { clock, identifier, complain } = this.#options;
    this.#witnesses?.[Symbol.dispose]();
    this.#toldWitness = undefined;
    this.#witnesses =
      settings.witnesses.length === 0
        ? undefined
        : watchWitnesses({
            addresses: settings.witnesses.map(addressOf),
            deadtime_ms: settings.deadtime_ms,
            identifier,
            clock,
            complain,
          });
  }

  /** Before each tick: what may change a takeover within a beat. */
  sense(): void {
    const { clock, onInput } = this.#options;
    const reachable = this.#witnesses?.reachable(clock.monotonic_ms());
    if (reachable === undefined || reachable === this.#toldWitness) return;
    this.#toldWitness = reachable;
    onInput({ kind: 'witness', reachable });
  }

  hearPulse(message: Extract<ToHeartbeat, { kind: 'health' }>): void {
    this.#pulse = message;
    this.#pulseAt_ms = this.#options.clock.monotonic_ms();
    this.#tellHealth();
  }

  /** Interfaces of VIPs that have no carrier or are missing. */
  look(linksDown: readonly string[]): void {
    this.#linksDown = linksDown;
    this.#tellHealth();
  }

  [Symbol.dispose](): void {
    this.#witnesses?.[Symbol.dispose]();
  }

  #tellHealth(): void {
    const pulse = this.#pulse && { ...this.#pulse, at_ms: this.#pulseAt_ms };
    const facts = { pulse, linksDown: this.#linksDown, began_ms: this.#began_ms };
    const { health, reason } = ownHealth(facts, this.#options.clock.monotonic_ms());
    if (this.#toldHealth === `${health} ${reason}`) return;
    this.#toldHealth = `${health} ${reason}`;
    this.#options.onInput({ kind: 'health', health, reason });
  }
}
