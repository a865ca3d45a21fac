// Raising many VIPs: bit by bit, since beats must go on meanwhile, and each announced as soon as the kernel takes its packets
// in. Guarantees: the first ones are up before raise() returns; stop() leaves nothing to come.
import type { Clock } from '../../director/model/clock.ts';
import type { Rtnetlink } from '../../director/native/rtnetlink.ts';
import type { Announcing } from './announcing.ts';
import { isTakenIn, nameOf, type Vip } from './vip.ts';
import type { VipSet } from './vip-set.ts';

/** Some 10 ms of work. */
const AT_ONCE = 64;
/** How long an IPv6 VIP is waited for; then it is announced all the same. */
const TAKEN_IN_MS = 50;
const STEP_MS = 1;

export interface RaisingOptions {
  readonly rtnetlink: Pick<Rtnetlink, 'routeTo'>;
  readonly vips: Pick<VipSet, 'raise' | 'up'>;
  readonly announcing: Pick<Announcing, 'broadcast'>;
  readonly clock: Clock;
  /** All are up and may be announced by the timetable. */
  readonly onDone: () => void;
}

export class Raising {
  readonly #options: RaisingOptions;
  /** VIPs that are still to be raised. */
  #more: Disposable | undefined;
  /** All are up; some wait to be announced. */
  #late: Disposable | undefined;

  constructor(options: RaisingOptions) {
    this.#options = options;
  }

  /** Whether some are still to be raised. */
  get underWay(): boolean {
    return this.#more !== undefined;
  }

  raise(wanted: readonly Vip[]): void {
    const { vips, clock } = this.#options;
    this.stop();
    const slice = wanted.slice(0, AT_ONCE);
    vips.raise(slice);
    const names = new Set(slice.map(nameOf));
    const raised = vips.up.filter((vip) => names.has(nameOf(vip)));
    this.#announce(raised, wanted.slice(AT_ONCE), clock.monotonic_ms() + TAKEN_IN_MS);
  }

  stop(): void {
    this.#more?.[Symbol.dispose]();
    this.#late?.[Symbol.dispose]();
    this.#more = undefined;
    this.#late = undefined;
  }

  /** Who is told of a VIP sends at once. Then come the `rest`. */
  #announce(raised: readonly Vip[], rest: readonly Vip[], until_ms: number): void {
    const { rtnetlink, announcing, clock, onDone } = this.#options;
    const late = raised.filter((vip) => clock.monotonic_ms() < until_ms && !isTakenIn(rtnetlink, vip));
    if (late.length === 0 && rest.length === 0) {
      onDone();
      return;
    }
    announcing.broadcast(raised.filter((vip) => !late.includes(vip)));
    const later = clock.after(STEP_MS, () =>
      late.length === 0 ? this.raise(rest) : this.#announce(late, rest, until_ms),
    );
    if (rest.length > 0) this.#more = later;
    else this.#late = later;
  }
}
