// The virtual IPs of a director that has no peer: raised as soon as it runs, announced, looked after, and raised again
// when somebody takes one away. They stay up when this process ends, so that a restart interrupts nobody; release()
// takes them down. (Of a pair, the heartbeat holds them.)
import { Announcer, startAnnouncing } from '../../heartbeat/takeover/announce.ts';
import { isRaised, nameOf, raiseVip, releaseVip, type Vip } from '../../heartbeat/takeover/vip.ts';
import type { Configuration, VirtualIpConfig } from '../config/configuration.ts';
import type { VirtualIpStatus } from '../control/schema.ts';
import type { Clock } from '../model/clock.ts';
import { FairleadError } from '../model/error.ts';
import { Rtnetlink } from '../native/rtnetlink.ts';
import type { RecordEvent } from './record-event.ts';

export interface VirtualIps extends Disposable {
  /** Raises what is new, releases what is gone. */
  set(configuration: Configuration): void;
  /** Puts right what others have changed. Called every few seconds. */
  check(): void;
  status(): readonly VirtualIpStatus[];
  release(): void;
}

export interface VirtualIpsOptions {
  readonly clock: Clock;
  readonly record: RecordEvent;
  /** What an earlier run of this instance may have left up. */
  readonly former: readonly VirtualIpConfig[];
}

interface Held {
  readonly vip: VirtualIpConfig;
  state: 'up' | 'absent' | 'failed';
  detail: string | undefined;
}

export function openVirtualIps(options: VirtualIpsOptions): VirtualIps {
  return new HeldVirtualIps(options);
}

class HeldVirtualIps implements VirtualIps {
  readonly #options: VirtualIpsOptions;
  #rtnetlink: Rtnetlink | undefined;
  #announcer: Announcer | undefined;
  #announcing: Disposable | undefined;
  #held: Map<string, Held>;

  constructor(options: VirtualIpsOptions) {
    this.#options = options;
    this.#held = new Map(
      options.former.map((vip) => [nameOf(vip), { vip, state: 'absent', detail: undefined }]),
    );
  }

  set(configuration: Configuration): void {
    const next = new Map<string, Held>();
    for (const vip of configuration.virtualIps)
      next.set(nameOf(vip), this.#held.get(nameOf(vip)) ?? { vip, state: 'absent', detail: undefined });
    const gone = [...this.#held.values()].filter(({ vip }) => !next.has(nameOf(vip)));
    const fresh = [...next.values()].filter((each) => each.state === 'absent');
    this.#held = next;
    for (const each of fresh) this.#raise(each, 'vip-raised');
    for (const each of gone) this.#release(each);
    if (gone.length + fresh.length > 0) this.#announce();
  }

  check(): void {
    if (this.#held.size === 0) return;
    let changed = false;
    for (const each of this.#held.values()) {
      if (each.state === 'up' && isRaised(this.#open(), each.vip)) continue;
      const before = each.state;
      this.#raise(each, before === 'up' ? 'vip-restored' : 'vip-raised');
      changed ||= each.state === 'up';
    }
    if (changed) this.#announce();
  }

  status(): readonly VirtualIpStatus[] {
    return [...this.#held.values()].map(({ vip, state, detail }) => ({
      address: `${vip.address}/${vip.prefix_bits}`,
      interface: vip.interface,
      role: vip.role,
      state,
      ...(detail === undefined ? {} : { detail }),
    }));
  }

  release(): void {
    this.#announcing?.[Symbol.dispose]();
    this.#announcing = undefined;
    for (const each of this.#held.values()) this.#release(each);
  }

  [Symbol.dispose](): void {
    this.#announcing?.[Symbol.dispose]();
    this.#announcer?.[Symbol.dispose]();
    this.#rtnetlink?.[Symbol.dispose]();
  }

  /** Opened only where there is an address to hold: without one no privilege is needed. */
  #open(): Rtnetlink {
    this.#rtnetlink ??= new Rtnetlink();
    return this.#rtnetlink;
  }

  #raise(each: Held, event: string): void {
    const subject = `${each.vip.address}/${each.vip.prefix_bits}`;
    try {
      const outcome = raiseVip(this.#open(), each.vip);
      each.state = 'up';
      each.detail = undefined;
      this.#options.record(
        event,
        subject,
        outcome === 'raised' ? `raised on ${each.vip.interface}` : `was already up on ${each.vip.interface}`,
      );
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error;
      // Told once, not at every attempt.
      if (each.detail !== error.message)
        this.#options.record('vip-failed', subject, error.message, { code: error.code });
      each.state = 'failed';
      each.detail = error.remedy === undefined ? error.message : `${error.message} ${error.remedy}`;
    }
  }

  #release(each: Held): void {
    const subject = `${each.vip.address}/${each.vip.prefix_bits}`;
    try {
      if (releaseVip(this.#open(), each.vip) === 'released')
        this.#options.record('vip-released', subject, `released from ${each.vip.interface}`);
      each.state = 'absent';
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error;
      this.#options.record('vip-failed', subject, error.message, { code: error.code });
    }
  }

  /** From the beginning, for all that are up: neighbours that know already lose nothing. */
  #announce(): void {
    this.#announcing?.[Symbol.dispose]();
    const vips: Vip[] = [...this.#held.values()]
      .filter((each) => each.state === 'up')
      .map((each) => each.vip);
    if (vips.length === 0) return;
    this.#announcer ??= new Announcer(this.#open());
    this.#announcing = startAnnouncing({ announcer: this.#announcer, vips, clock: this.#options.clock });
  }
}
