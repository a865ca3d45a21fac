// The links as one: a beat goes out on all of them, what comes in is judged by the guard. Guarantees: a link that fails
// or floods delays no other; nothing is handed on that the guard has not passed.
import type { Clock } from '../director/model/clock.ts';
import type { Beat, Heard } from './core/types.ts';
import { Guard } from './link/guard.ts';
import { readKeyFile } from './link/keys.ts';
import type { Link } from './link/link.ts';
import { openSerialLink } from './link/serial.ts';
import { openUdpLink } from './link/udp.ts';
import type { HeartbeatSettings, LinkSettings, LinkStatus } from './protocol.ts';
import { addressOf } from './settings.ts';

export interface WiresOptions {
  readonly settings: HeartbeatSettings;
  readonly bootId: number;
  /** The peer's boot that a predecessor of this process knew, so that the first beat is acted upon at once. */
  readonly peerBootId: number;
  readonly clock: Clock;
  readonly onBeat: (link: number, beat: Beat) => void;
  readonly onLink: (link: number, up: boolean, reason: string) => void;
}

/** Throws FairleadError when the key file cannot be used. */
export class Wires implements Disposable {
  readonly #options: WiresOptions;
  readonly #guard: Guard;
  #settings: HeartbeatSettings;
  #links: readonly Link[];

  constructor(options: WiresOptions) {
    const { settings, bootId, peerBootId } = options;
    this.#options = options;
    this.#settings = settings;
    this.#guard = new Guard({
      cluster: settings.cluster,
      node: settings.node,
      peer: settings.peer,
      keyring: readKeyFile(settings.keyFile).forPurpose('beat'),
      bootId,
      peerBootId,
      links: settings.links.length,
    });
    this.#links = settings.links.map((link, index) => this.#open(link, index));
  }

  /** Links that stay as they are go on; keys are read anew. Cluster and names never change while the process runs. */
  change(settings: HeartbeatSettings): void {
    this.#guard.change({
      keyring: readKeyFile(settings.keyFile).forPurpose('beat'),
      links: settings.links.length,
    });
    const stays = (link: LinkSettings | undefined, index: number): boolean =>
      JSON.stringify(link) === JSON.stringify(this.#settings.links[index]);
    const former = this.#links;
    // First what goes: a link that moves in the list needs its port or line again.
    for (const [index, link] of former.entries())
      if (!stays(settings.links[index], index)) link[Symbol.dispose]();
    this.#links = settings.links.map((link, index) =>
      stays(link, index) ? former[index]! : this.#open(link, index),
    );
    this.#settings = settings;
    this.tellLinks();
  }

  get peerBootId(): number {
    return this.#guard.peerBootId;
  }

  heard(now_ms: number): readonly (Heard | undefined)[] {
    return this.#guard.heard(now_ms);
  }

  /** Every link as it stands now, through onLink. */
  tellLinks(): void {
    for (const [index, link] of this.#links.entries())
      this.#options.onLink(index, link.isUp(), link.detail());
  }

  send(beat: Beat): void {
    for (const [index, frames] of this.#guard.seal(beat).entries())
      for (const frame of frames) this.#links[index]?.send(frame);
  }

  status(now_ms: number): LinkStatus[] {
    const reports = this.#guard.status(now_ms);
    return this.#links.map((link, index) => {
      const { garbled } = link.counters();
      const report = reports[index]!;
      return {
        name: link.name,
        kind: link.kind,
        up: link.isUp(),
        detail: link.detail(),
        ...report,
        rejected: { ...report.rejected, ...(garbled > 0 && { garbled }) },
      };
    });
  }

  [Symbol.dispose](): void {
    for (const link of this.#links) link[Symbol.dispose]();
  }

  #open(link: LinkSettings, index: number): Link {
    const { clock, onLink } = this.#options;
    const events = {
      onFrame: (bytes: Uint8Array, from: string) => this.#hear(index, bytes, from),
      onState: (up: boolean, reason: string) => onLink(index, up, reason),
    };
    if (link.kind === 'serial')
      return openSerialLink({ device: link.device, baud: link.baud, clock }, events);
    const { own, peer } = link;
    const ends = own !== undefined && peer !== undefined && { own: addressOf(own), peer: addressOf(peer) };
    return openUdpLink({ interface: link.interface, port: link.port, ...ends, clock }, events);
  }

  #hear(index: number, bytes: Uint8Array, from: string): void {
    const judged = this.#guard.judge(index, bytes, from, this.#options.clock.monotonic_ms());
    if (typeof judged !== 'string') this.#options.onBeat(index, judged);
  }
}
