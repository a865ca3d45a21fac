// Carries out what the core decides about the VIPs, and hands the outcome back to it as an input. Guarantees: the lease,
// the claim on disk and the addresses change in the order of the effects.
import type { Clock } from '../director/model/clock.ts';
import type { Effect, Input } from './core/types.ts';
import type { Claim, EpochStore } from './epoch-store.ts';
import { runFence } from './fence.ts';
import type { HeartbeatSettings } from './protocol.ts';
import type { Holding } from './takeover/holding.ts';

export type HandEffect = Exclude<Effect, { readonly kind: 'send' | 'record' | 'order-result' }>;

export interface HandsOptions {
  readonly settings: () => HeartbeatSettings;
  readonly holding: Holding;
  readonly epochs: EpochStore;
  /** What a successor of this process has to know to be understood at once. */
  readonly peerBootId: () => number;
  readonly clock: Clock;
  readonly onInput: (input: Input) => void;
  readonly onReleased: () => void;
}

export class Hands {
  readonly #options: HandsOptions;
  /** As written for a successor, while one is held. */
  #claim: Claim | undefined;

  constructor(options: HandsOptions) {
    this.#options = options;
  }

  /** The peer may have restarted since the claim was written down. To be called every second. */
  keepClaim(): void {
    const peerBootId = this.#options.peerBootId();
    if (this.#claim === undefined || this.#claim.peerBootId === peerBootId) return;
    this.#claim = { ...this.#claim, peerBootId };
    this.#options.epochs.writeClaim(this.#claim);
  }

  carryOut(effect: HandEffect): void {
    const { settings, holding, epochs, clock } = this.#options;
    switch (effect.kind) {
      case 'renew-lease':
        holding.renewLease(effect.from_ms + settings().deadtime_ms - clock.monotonic_ms());
        return;
      case 'raise':
        this.#raise(effect.epoch);
        return;
      case 'release':
        this.#release();
        return;
      case 'announce':
        holding.announceAgain();
        return;
      case 'store-epoch':
        epochs.store(effect.epoch);
        return;
      case 'fence':
        this.#fence();
        return;
      case 'probe-vips':
        void this.#probe();
        return;
    }
  }

  /** Without asking the core: the process ends, and nothing of it is to stay in the kernel. */
  leave(): void {
    this.#options.epochs.forgetClaim();
    this.#options.holding.remove();
  }

  #raise(epoch: number): void {
    const { epochs, holding, peerBootId, onInput } = this.#options;
    this.#claim = { epoch, peerBootId: peerBootId() };
    epochs.writeClaim(this.#claim);
    const { ok, reason } = holding.raise();
    onInput({ kind: 'raised', ok, reason });
  }

  #release(): void {
    const { epochs, holding, onInput, onReleased } = this.#options;
    this.#claim = undefined;
    epochs.forgetClaim();
    const { ok, reason } = holding.release();
    onReleased();
    onInput({ kind: 'released', ok, reason });
  }

  #fence(): void {
    const { settings, clock, onInput } = this.#options;
    const { fence, node, peer } = settings();
    if (fence === undefined) {
      onInput({ kind: 'fenced', ok: true, reason: 'no command is set' });
      return;
    }
    const onOutcome = ({ ok, reason }: { ok: boolean; reason: string }) =>
      onInput({ kind: 'fenced', ok, reason });
    runFence({ ...fence, node, peer, clock, onOutcome });
  }

  async #probe(): Promise<void> {
    const holder = await this.#options.holding.probe();
    this.#options.onInput({ kind: 'vips-probed', ...(holder === undefined ? {} : { holder }) });
  }
}
