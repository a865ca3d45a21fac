// The VIPs of one director as a set: raised and released one by one, so that one that fails stops no other, with what is
// known of each. Guarantee: nothing here throws for what the kernel may refuse; it is noted and recorded once.
import { FairleadError } from '../../director/model/error.ts';
import type { Rtnetlink } from '../../director/native/rtnetlink.ts';
import type { Notices } from './notices.ts';
import { isRaised, nameOf, type Present, raiseVip, readPresent, releaseVip, type Vip } from './vip.ts';

export interface HeldVip extends Vip {
  /** Asked for on its link before it is claimed. */
  readonly probe?: boolean;
}

export interface Failure {
  readonly vip: Vip;
  readonly reason: string;
}

export interface VipStatus {
  address: string;
  interface: string;
  state: 'up' | 'absent' | 'failed';
  detail?: string;
}

export class VipSet {
  readonly #rtnetlink: Rtnetlink;
  readonly #notices: Notices;
  #vips: readonly HeldVip[];
  readonly #up = new Set<string>();
  readonly #failed = new Map<string, Failure>();

  constructor(rtnetlink: Rtnetlink, notices: Notices, vips: readonly HeldVip[]) {
    this.#rtnetlink = rtnetlink;
    this.#notices = notices;
    this.#vips = vips;
  }

  get all(): readonly HeldVip[] {
    return this.#vips;
  }
  get up(): readonly HeldVip[] {
    return this.#vips.filter((vip) => this.#up.has(nameOf(vip)));
  }
  get down(): readonly HeldVip[] {
    return this.#vips.filter((vip) => !this.#up.has(nameOf(vip)));
  }
  get failures(): readonly Failure[] {
    return [...this.#failed.values()];
  }
  get interfaces(): ReadonlySet<string> {
    return new Set(this.#vips.map((vip) => vip.interface));
  }

  /** Other VIPs from now on; what is up stays so. Returns which are new, and which are no longer among them. */
  replace(vips: readonly HeldVip[]): { fresh: readonly HeldVip[]; gone: readonly HeldVip[] } {
    const before = new Set(this.#vips.map(nameOf));
    const now = new Set(vips.map(nameOf));
    const fresh = vips.filter((vip) => !before.has(nameOf(vip)));
    const gone = this.#vips.filter((vip) => !now.has(nameOf(vip)));
    for (const vip of gone) this.#failed.delete(nameOf(vip));
    this.#vips = vips;
    return { fresh, gone };
  }

  /** Sees which are up, whoever raised them. */
  look(): void {
    const present = readPresent(this.#rtnetlink);
    this.#up.clear();
    for (const vip of this.#vips) if (isRaised(this.#rtnetlink, vip, present)) this.#up.add(nameOf(vip));
  }

  raise(vips: readonly Vip[]): void {
    const present = this.#read();
    for (const vip of vips)
      try {
        raiseVip(this.#rtnetlink, vip, present);
        this.#up.add(nameOf(vip));
        this.#failed.delete(nameOf(vip));
        this.#notices.over('vip-failed', vip.address);
      } catch (error) {
        if (!(error instanceof FairleadError)) throw error;
        this.#up.delete(nameOf(vip));
        this.#failed.set(nameOf(vip), { vip, reason: error.message });
        this.#notices.once('vip-failed', vip.address, error.message);
      }
  }

  /** Returns those that are still up. */
  release(vips: readonly Vip[], onReleased: (vip: Vip) => void = () => {}): Failure[] {
    const failures: Failure[] = [];
    const present = this.#read();
    for (const vip of vips)
      try {
        if (releaseVip(this.#rtnetlink, vip, present) === 'released') onReleased(vip);
        this.#notices.over('vip-not-released', vip.address);
        this.#up.delete(nameOf(vip));
        this.#failed.delete(nameOf(vip));
      } catch (error) {
        if (!(error instanceof FairleadError)) throw error;
        failures.push({ vip, reason: error.message });
        this.#notices.once('vip-not-released', vip.address, error.message);
      }
    return failures;
  }

  /** Should it fail, each VIP is asked for by itself, and fails by itself. */
  #read(): Present | undefined {
    try {
      return readPresent(this.#rtnetlink);
    } catch (error) {
      if (error instanceof FairleadError) return undefined;
      throw error;
    }
  }

  status(): VipStatus[] {
    return this.#vips.map((vip) => {
      const { address, interface: name } = vip;
      const failure = this.#failed.get(nameOf(vip));
      if (failure !== undefined) return { address, interface: name, state: 'failed', detail: failure.reason };
      return { address, interface: name, state: this.#up.has(nameOf(vip)) ? 'up' : 'absent' };
    });
  }
}
