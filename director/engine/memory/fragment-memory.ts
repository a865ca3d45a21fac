// Which entry the first fragment of a datagram belonged to, for the fragments that come after it without ports
// (docs/packet-path.md 2.3). Limited in time and number; the oldest goes first.
import type { Packet } from './parse.ts';
import type { Connection } from './records.ts';

const LIFETIME_MS = 30_000;
const DATAGRAMS_MAX = 65_536;

export type Direction = 'inbound' | 'outbound';

interface Remembered {
  readonly connection: Connection;
  readonly direction: Direction;
  readonly until_ms: number;
}

export class FragmentMemory {
  readonly #datagrams = new Map<string, Remembered>();

  remember(packet: Packet, connection: Connection, direction: Direction, now_ms: number): void {
    const key = keyOf(packet);
    // Taken out first, so that insertion order stays the order of age.
    this.#datagrams.delete(key);
    this.#datagrams.set(key, { connection, direction, until_ms: now_ms + LIFETIME_MS });
    if (this.#datagrams.size <= DATAGRAMS_MAX) return;
    for (const oldest of this.#datagrams.keys()) {
      this.#datagrams.delete(oldest);
      return;
    }
  }

  recall(packet: Packet, now_ms: number): Remembered | undefined {
    const found = this.#datagrams.get(keyOf(packet));
    return found && now_ms < found.until_ms ? found : undefined;
  }

  sweep(now_ms: number): void {
    for (const [key, { until_ms }] of this.#datagrams) if (now_ms >= until_ms) this.#datagrams.delete(key);
  }
}

function keyOf(packet: Packet): string {
  return `${packet.source} ${packet.destination} ${packet.id} ${packet.protocolNumber}`;
}
