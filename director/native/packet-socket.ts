// Whole Ethernet frames on one interface, by AF_PACKET (packet(7)): for announcements and for listening to ARP and
// neighbour discovery. Guarantees: never waits; only frames of the interface and ethertype that were asked for are
// received, nothing from before it was opened; frames that are too short or too long to be sent are refused.
import { FairleadError } from '../model/error.ts';
import {
  AF_PACKET,
  attachFilter,
  bind,
  type Descriptor,
  MSG_TRUNC,
  recvfrom,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SystemError,
  sendto,
  socket,
} from './libc.ts';
import { onReadable } from './readable.ts';

export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
const ETHERNET_HEADER_BYTES = 14;
/** Enough for a jumbo frame with tags; longer ones are received cut off and left out. */
const FRAME_MAX_BYTES = 9_238;
const FRAMES_PER_WAKE = 64;
const PACKET_OUTGOING = 4;

export interface PacketSocket extends Disposable {
  /** Returns false when the interface's queue is full now. Throws SystemError, ENETDOWN for one that is down. */
  send(frame: Uint8Array): boolean;
  /** The next frame that came in, or undefined. Frames that this host sends itself are left out. */
  receive(): Uint8Array | undefined;
  /** Calls back for each frame that comes in, until the result is disposed. */
  onFrame(callback: (frame: Uint8Array) => void): Disposable;
}

/**
 * Opens in the calling thread's network namespace. Without `ethertype` it can only send. `filter`: a classic BPF program,
 * 8 bytes an instruction, that sees frames before this process does.
 */
export function openPacketSocket(
  interface_index: number,
  ethertype?: number,
  filter?: Uint8Array,
): PacketSocket {
  // Protocol 0 first: a socket that is opened with a protocol receives from every interface until it is bound.
  const descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
  try {
    if (filter !== undefined) attachFilter(descriptor.fd, filter);
    bind(descriptor.fd, linkLayerAddress(interface_index, ethertype ?? 0));
  } catch (error) {
    descriptor[Symbol.dispose]();
    throw error;
  }
  return new Opened(descriptor);
}

class Opened implements PacketSocket {
  readonly #descriptor: Descriptor;
  readonly #buffer = new Uint8Array(FRAME_MAX_BYTES);
  readonly #sender = new Uint8Array(20);
  readonly #listeners = new Set<Disposable>();

  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
  }

  send(frame: Uint8Array): boolean {
    if (frame.length < ETHERNET_HEADER_BYTES || frame.length > FRAME_MAX_BYTES)
      throw new FairleadError('frame-length', `A frame of ${frame.length} bytes cannot be sent.`);
    return sendto(this.#descriptor.fd, frame) !== undefined;
  }

  receive(): Uint8Array | undefined {
    for (let turn = 0; turn < FRAMES_PER_WAKE; turn++) {
      const length = this.#next();
      if (length === undefined) return undefined;
      if (length <= this.#buffer.length && this.#sender[10] !== PACKET_OUTGOING)
        return this.#buffer.slice(0, length);
    }
    return undefined;
  }

  #next(): number | undefined {
    try {
      return recvfrom(this.#descriptor.fd, this.#buffer, MSG_TRUNC, this.#sender);
    } catch (error) {
      // Told once when the interface goes down; frames come again when it is up.
      if (error instanceof SystemError && error.is('ENETDOWN')) return undefined;
      throw error;
    }
  }

  onFrame(callback: (frame: Uint8Array) => void): Disposable {
    let stopped = false;
    const wakes = onReadable(this.#descriptor.fd, () => {
      for (let turn = 0; turn < FRAMES_PER_WAKE && !stopped; turn++) {
        const frame = this.receive();
        if (frame === undefined) return;
        callback(frame);
      }
    });
    const listener = {
      [Symbol.dispose]: () => {
        if (stopped) return;
        stopped = true;
        this.#listeners.delete(listener);
        wakes[Symbol.dispose]();
      },
    };
    this.#listeners.add(listener);
    return listener;
  }

  [Symbol.dispose](): void {
    for (const listener of this.#listeners) listener[Symbol.dispose]();
    this.#descriptor[Symbol.dispose]();
  }
}

/** struct sockaddr_ll; the protocol alone is in network byte order. */
function linkLayerAddress(interface_index: number, ethertype: number): Uint8Array {
  const address = new Uint8Array(20);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ethertype, false);
  view.setInt32(4, interface_index, true);
  return address;
}
