// What the heartbeat does to the network, behind one interface: VIPs up and down, announced, guarded by the lease, put
// back when somebody took them, and other claimants heard. Guarantees: one VIP that cannot be raised stops no other; a
// release lets go of the lease first; nothing here throws for what a network can do, it is recorded instead. Works in the
// network namespace that the calling thread is in when it is opened and checked.
import { type Address, type Family, familyOf } from '../../director/model/address.ts';
import type { Clock } from '../../director/model/clock.ts';
import { FairleadError } from '../../director/model/error.ts';
import { type Link, Rtnetlink } from '../../director/native/rtnetlink.ts';
import { Announcing } from './announcing.ts';
import { type ClaimWatch, probeVips, watchClaims } from './claims.ts';
import { type Lease, openLease } from './lease.ts';
import type { LeaseCounters } from './lease-record.ts';
import { Notices, type Record } from './notices.ts';
import { Raising } from './raising.ts';
import { listVips, nameOf, type Vip } from './vip.ts';
import { type Failure, type HeldVip, VipSet, type VipStatus } from './vip-set.ts';

export interface HoldingOptions {
  readonly vips: readonly HeldVip[];
  readonly clock: Clock;
  /** In a BPF file system. */
  readonly leaseFolder: string;
  /** Somebody else says that a VIP is his, while it is held here; at most ten times a second for each claimant. */
  readonly onClaim: (vip: Address, mac: string) => void;
  readonly record: Record;
}

export interface Outcome {
  readonly ok: boolean;
  /** One sentence for people. */
  readonly reason: string;
  readonly failed: readonly Failure[];
}

export interface HoldingStatus {
  readonly vips: VipStatus[];
  readonly lease: { state: 'held' | 'none' | 'unguarded'; detail: string; age_ms?: number };
  /** Frames sent to announce. */
  readonly announcements: number;
  /** Claims of others that were reported. */
  readonly claimants: number;
}

const PROBE_TIMEOUT_MS = 200;
/** Put back in one round: some 10 ms of work. */
const PUT_BACK_AT_ONCE = 64;
const GATEWAYS_EVERY_MS = 30_000;

export function openHolding(options: HoldingOptions): Holding {
  return new Holding(options);
}

export class Holding implements Disposable {
  readonly #options: HoldingOptions;
  readonly #rtnetlink = new Rtnetlink();
  readonly #announcing: Announcing;
  readonly #lease: Lease;
  readonly #notices: Notices;
  readonly #vips: VipSet;
  readonly #raising: Raising;
  /** `unknown`: what an earlier process left may still be up, and may be held again. */
  #state: 'unknown' | 'held' | 'released' = 'unknown';
  #watch: ClaimWatch | undefined;
  #linksSeen = new Map<string, string>();
  #linksDown: readonly string[] = [];
  #guardProblem = '';
  #gatewaysAt_ms = Number.NEGATIVE_INFINITY;
  #claimants = 0;

  constructor(options: HoldingOptions) {
    this.#options = options;
    this.#notices = new Notices(options.record);
    this.#announcing = new Announcing(this.#rtnetlink, options.clock, this.#notices);
    this.#vips = new VipSet(this.#rtnetlink, this.#notices, options.vips);
    this.#raising = new Raising({
      rtnetlink: this.#rtnetlink,
      vips: this.#vips,
      announcing: this.#announcing,
      clock: options.clock,
      onDone: () => this.announceAgain(),
    });
    this.#lease = openLease({ pinFolder: options.leaseFolder });
    if (this.#lease.state === 'unguarded')
      this.#notices.once(
        'lease-unguarded',
        'lease',
        `a dead director is not silenced: ${this.#lease.detail}`,
      );
    this.#lease.setVips(options.vips);
    this.check();
  }

  /**
   * The lease must have been renewed just before, or the announcements stay in this host. Of very many VIPs the later ones
   * follow bit by bit, since beats must go on meanwhile; what hinders those is recorded, and seen in status().
   */
  raise(): Outcome {
    this.#state = 'held';
    this.#raising.raise(this.#vips.all);
    const { all, failures } = this.#vips;
    const ok = failures.length < all.length || all.length === 0;
    return { ok, reason: summary('up', all.length, failures), failed: failures };
  }

  /** Silent first, then the addresses go. */
  release(): Outcome {
    this.#state = 'released';
    this.#raising.stop();
    this.#announcing.stop();
    this.#lease.letGo();
    const { all } = this.#vips;
    const failed = this.#vips.release(all);
    return { ok: failed.length === 0, reason: summary('down', all.length, failed), failed };
  }

  /** From the beginning of the timetable, if the VIPs are held. */
  announceAgain(): void {
    if (this.#state === 'held') this.#announcing.restart(this.#vips.up);
  }

  /** Costs microseconds, never throws. */
  renewLease(valid_ms: number): void {
    this.#lease.renew(valid_ms);
  }
  leaseRemaining_ms(): number {
    return this.#lease.remaining_ms();
  }
  leaseCounters(): LeaseCounters {
    return this.#lease.counters();
  }

  /** Other VIPs from now on. While held, new ones come up and are announced; those that are gone are released. */
  replaceVips(vips: readonly HeldVip[]): void {
    const { fresh, gone } = this.#vips.replace(vips);
    const isMoving = (vip: Vip) => fresh.some((one) => one.address === vip.address);
    this.#lease.setVips([...vips, ...gone]);
    this.#guarded('guard the new VIPs', () => this.#ensureLease(this.#rtnetlink.links()));
    if (this.#state !== 'unknown') this.#vips.release(gone.filter(isMoving));
    if (this.#state === 'held') this.#raising.raise(this.#vips.down);
    if (this.#state !== 'unknown') this.#vips.release(gone.filter((vip) => !isMoving(vip)));
    this.#lease.setVips(vips);
    this.#linksSeen.clear();
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
    this.check();
  }

  /**
   * To be called about every second: puts back what somebody took away, the lease's program among it; releases what is up
   * although it is not held; follows interfaces. Returns those of the VIPs that are missing or without carrier.
   */
  check(): readonly string[] {
    this.#guarded('look at the network', () => {
      const links = this.#rtnetlink.links();
      this.#ensureLease(links);
      this.#vips.look();
      if (this.#state === 'held') this.#putBack();
      if (this.#state === 'released') this.#removeStrays();
      this.#followLinks(links);
      this.#findGateways();
    });
    return this.#linksDown;
  }

  /** Releases what a crashed predecessor left up: the VIPs, those of former settings, and all that bear our mark. */
  cleanLeftovers(former: readonly Vip[] = []): Outcome {
    this.#state = 'released';
    this.#lease.letGo();
    const found = new Map<string, Vip>();
    const marked = this.#guarded('list leftovers', () => listVips(this.#rtnetlink)) ?? [];
    for (const vip of [...marked, ...former, ...this.#vips.all]) found.set(nameOf(vip), vip);
    const released: string[] = [];
    const failed = this.#vips.release([...found.values()], (vip) => released.push(nameOf(vip)));
    if (released.length > 0)
      this.#options.record(
        'leftovers-released',
        'vips',
        `an earlier process had left ${released.length} VIPs up`,
        { vips: released.join(' ') },
      );
    return { ok: failed.length === 0, reason: summary('down', found.size, failed), failed };
  }

  /** Who holds one of the VIPs that are to be asked for, or undefined. */
  async probe(timeout_ms = PROBE_TIMEOUT_MS): Promise<string | undefined> {
    const vips = this.#vips.all.filter((vip) => vip.probe === true);
    const links = this.#guarded('probe VIPs', () => this.#rtnetlink.links());
    if (vips.length === 0 || links === undefined) return undefined;
    const [holder] = await probeVips({ links, vips, clock: this.#options.clock, timeout_ms });
    return holder && `${holder.mac} (${holder.address})`;
  }

  status(): HoldingStatus {
    const age_ms = this.#lease.age_ms();
    const unguarded = this.#lease.state === 'unguarded' || this.#guardProblem !== '';
    const held = age_ms !== undefined;
    return {
      vips: this.#vips.status(),
      lease: {
        state: unguarded ? 'unguarded' : held ? 'held' : 'none',
        detail: this.#lease.detail || this.#guardProblem,
        ...(held ? { age_ms } : {}),
      },
      announcements: this.#announcing.sent,
      claimants: this.#claimants,
    };
  }

  /** Takes the lease's program and tables out of the kernel, for a host that stops being a director. VIPs go first. */
  remove(): void {
    this.release();
    this.#guarded('remove the lease', () => this.#lease.remove());
  }

  /** VIPs stay as they are, and so does the lease, for as long as it is young. */
  [Symbol.dispose](): void {
    this.#raising.stop();
    this.#watch?.[Symbol.dispose]();
    this.#announcing[Symbol.dispose]();
    this.#lease[Symbol.dispose]();
    this.#rtnetlink[Symbol.dispose]();
  }

  #putBack(): void {
    const { down, failures } = this.#vips;
    if (down.length === 0 || this.#raising.underWay) return;
    const failed = new Set(failures.map(({ vip }) => nameOf(vip)));
    const isKnown = (vip: Vip) => failed.has(nameOf(vip));
    const missing = [...down.filter((vip) => !isKnown(vip)), ...down.filter(isKnown)].slice(
      0,
      PUT_BACK_AT_ONCE,
    );
    this.#vips.raise(missing);
    const { up } = this.#vips;
    const back = missing.filter((vip) => up.includes(vip));
    for (const vip of back) {
      const why = isKnown(vip) ? 'what hindered it is gone' : 'somebody had removed it';
      this.#options.record('vip-put-back', vip.address, `${why}; it is up again`, {});
    }
    if (back.length > 0) this.announceAgain();
  }

  #removeStrays(): void {
    this.#vips.release(this.#vips.up, (vip) =>
      this.#options.record('vip-released', vip.address, 'it was up although it is not held here', {}),
    );
  }

  #ensureLease(links: readonly Link[]): void {
    const { attached, failures } = this.#lease.ensure(links);
    for (const name of attached)
      if (this.#linksSeen.has(name))
        this.#options.record('lease-put-back', name, 'the lease’s filter was missing there', {});
    this.#guardProblem = failures.map((one) => `${one.interface}: ${one.reason}`).join('; ');
    for (const name of this.#vips.interfaces) {
      const failure = failures.find((one) => one.interface === name);
      if (failure === undefined) this.#notices.over('lease-not-attached', name);
      else this.#notices.once('lease-not-attached', name, failure.reason);
    }
  }

  /** Another link address or a carrier that is back: neighbours and switches have to be told. */
  #followLinks(links: readonly Link[]): void {
    const names = this.#vips.interfaces;
    const ours = new Map(links.filter((link) => names.has(link.name)).map((link) => [link.name, link]));
    this.#linksDown = [...names].filter((name) => ours.get(name)?.carrier !== true);
    const seen = new Map(
      [...ours].map(([name, { index, mac, carrier, up }]) => [name, `${index} ${mac} ${carrier && up}`]),
    );
    const changed = [...names].filter((name) => seen.get(name) !== this.#linksSeen.get(name));
    if (changed.length === 0) return;
    const returned = changed.filter((name) => this.#linksSeen.has(name) && ours.get(name)?.carrier === true);
    this.#linksSeen = seen;
    this.#listen(links);
    if (returned.length > 0) this.announceAgain();
  }

  #listen(links: readonly Link[]): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = watchClaims({
      links,
      vips: this.#vips.all,
      clock: this.#options.clock,
      onClaim: (vip, mac) => {
        if (this.#state !== 'held') return; // the owner’s
        this.#claimants++;
        this.#options.onClaim(vip, mac);
      },
    });
    for (const { interface: name, reason } of this.#watch.failures)
      this.#notices.once('claims-not-heard', name, reason);
  }

  #findGateways(): void {
    const now_ms = this.#options.clock.monotonic_ms();
    if (now_ms - this.#gatewaysAt_ms < GATEWAYS_EVERY_MS) return;
    this.#gatewaysAt_ms = now_ms;
    this.#announcing.announcer.findGateways(
      new Set<Family>(this.#vips.all.map((vip) => familyOf(vip.address))),
    );
  }

  /** Undefined when it could not be done, which is recorded. */
  #guarded<T>(what: string, action: () => T): T | undefined {
    try {
      const result = action();
      this.#notices.over('network-refused', what);
      return result;
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error;
      this.#notices.once('network-refused', what, error.message);
      return undefined;
    }
  }
}

function summary(wanted: 'up' | 'down', count: number, failed: readonly Failure[]): string {
  if (failed.length === 0) return `${count} VIPs are ${wanted}`;
  return `${failed.length} of ${count} VIPs are not ${wanted}: ${failed[0]!.reason}`;
}
