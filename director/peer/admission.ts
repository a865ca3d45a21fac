// Who may hold a connection: the peer's address only, a few that have not shown the key yet, a few that have. Whoever is
// one too many costs the oldest its place, so that connections left half open cannot keep the peer out.
import type net from 'node:net';
import { parseAddress } from '../model/address.ts';
import type { Refusals } from './refusals.ts';

const HANDSHAKES_MAX = 8;
const CONNECTIONS_MAX = 8;

export class Admission {
  readonly #all = new Set<net.Socket>();
  /** By the remote port, as all come from one address; oldest first. */
  readonly #handshakes = new Map<number, net.Socket>();
  readonly #proven = new Map<number, net.Socket>();
  readonly #remote: string | undefined;
  readonly #refusals: Refusals;

  constructor(remoteAddress: string, refusals: Refusals) {
    this.#remote = parseAddress(remoteAddress);
    this.#refusals = refusals;
  }

  /** False: it is closed already. */
  arrived(socket: net.Socket): boolean {
    const { remoteAddress, remotePort } = socket;
    if (
      remoteAddress === undefined ||
      remotePort === undefined ||
      parseAddress(remoteAddress) !== this.#remote
    ) {
      this.#refusals.count('other-address', remoteAddress);
      socket.destroy();
      return false;
    }
    socket.setNoDelay(true);
    this.#all.add(socket);
    this.#handshakes.set(remotePort, socket);
    socket.once('close', () => {
      this.#all.delete(socket);
      for (const table of [this.#handshakes, this.#proven])
        if (table.get(remotePort) === socket) table.delete(remotePort);
    });
    this.#makeRoom(this.#handshakes, HANDSHAKES_MAX, 'too-many-handshakes');
    return true;
  }

  /** The one from this port has shown the key. */
  proven(remotePort: number | undefined): void {
    const socket = this.#handshakes.get(remotePort ?? 0);
    if (socket === undefined || remotePort === undefined) return;
    this.#handshakes.delete(remotePort);
    this.#proven.set(remotePort, socket);
    this.#makeRoom(this.#proven, CONNECTIONS_MAX, 'too-many-connections');
  }

  #makeRoom(table: Map<number, net.Socket>, limit: number, reason: string): void {
    if (table.size <= limit) return;
    const [port, oldest] = table.entries().next().value!;
    this.#refusals.count(reason, oldest.remoteAddress);
    table.delete(port);
    oldest.destroy();
  }

  closeAll(): void {
    for (const socket of this.#all) socket.destroy();
  }
}
