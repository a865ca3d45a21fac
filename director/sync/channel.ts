// The UDP socket to the peer: signs what goes out, hands over what is authentic. Guarantees: what is not authentic is counted
// by reason and ends here; an address that is missing, or comes and goes, means waiting and not the end.
import { createSocket, type Socket } from 'node:dgram';
import type { Keyring } from '../../heartbeat/link/keys.ts';
import type { Clock } from '../model/clock.ts';
import { DATAGRAM_BYTES_MAX, HEADER_BYTES, KEY_AT, MAC_BYTES, MAGIC } from './core/datagram.ts';

const RETRY_LEAST_MS = 100;
const RETRY_MAX_MS = 2_000;
/** As much as the kernel allows (net.core.rmem_max). */
const BUFFER_BYTES = 8 << 20;

const PASSING = new Set([
  ...['ECONNREFUSED', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN'],
  ...['EMSGSIZE', 'ENOBUFS', 'EPERM', 'EAGAIN'],
]);

export interface End {
  readonly address: string;
  readonly port: number;
}

export interface ChannelSettings {
  readonly own: End;
  readonly remote: End;
  readonly keyring: Keyring;
  readonly clock: Clock;
  /** An authentic datagram; the bytes are the receiver's. */
  readonly receive: (bytes: Uint8Array) => void;
  /** Stands between network and socket in tests: whether a datagram passes. */
  readonly passes?: () => boolean;
}

export class Channel implements Disposable {
  readonly rejected: Record<string, number> = {};
  readonly #settings: ChannelSettings;
  #socket: Socket | undefined;
  #ready = false;
  #retry: Disposable | undefined;
  #retry_ms = RETRY_LEAST_MS;
  #disposed = false;
  /** Why there is no socket; undefined: there is one. */
  problem: string | undefined = 'not open yet';

  constructor(settings: ChannelSettings) {
    this.#settings = settings;
    this.#open();
  }

  /** `length` bytes, behind which there is room for the MAC. */
  send(bytes: Uint8Array, length: number): void {
    if (!this.#socket || !this.#ready) {
      this.#count('not-sent');
      return;
    }
    const { keyring, passes } = this.#settings;
    bytes[KEY_AT] = keyring.keyId;
    bytes.set(keyring.sign(bytes.subarray(0, length)), length);
    if (passes && !passes()) return;
    // A refusal (nobody listens there, no route) is what silence is: the session notices.
    this.#socket.send(bytes, 0, length + MAC_BYTES, this.#sent);
  }

  readonly #sent = (error: Error | null): void => {
    if (error) this.#count('not-sent');
  };

  readonly #arrived = (bytes: Uint8Array): void => {
    const { length } = bytes;
    if (length < HEADER_BYTES + MAC_BYTES) this.#count('too-short');
    else if (length > DATAGRAM_BYTES_MAX) this.#count('too-long');
    else if (((bytes[0]! << 8) | bytes[1]!) !== MAGIC) this.#count('magic');
    else this.#judge(bytes, length - MAC_BYTES);
  };

  #judge(bytes: Uint8Array, signed: number): void {
    const { keyring, receive } = this.#settings;
    const verdict = keyring.verify(bytes.subarray(0, signed), bytes[KEY_AT]!, bytes.subarray(signed));
    if (verdict === 'authentic') receive(bytes);
    else this.#count(verdict);
  }

  #open(): void {
    if (this.#disposed) return;
    const { own, remote } = this.#settings;
    const socket = createSocket({ type: own.address.includes(':') ? 'udp6' : 'udp4' });
    this.#socket = socket;
    socket.on('message', this.#arrived);
    socket.on('error', (error) => this.#fault(socket, error));
    socket.on('connect', () => {
      this.#ready = true;
      this.#retry_ms = RETRY_LEAST_MS;
      this.problem = undefined;
    });
    try {
      socket.bind({ ...own, exclusive: true }, () => {
        if (this.#socket !== socket) return;
        setBuffers(socket);
        // From then on the kernel drops what comes from anybody else.
        socket.connect(remote.port, remote.address);
      });
    } catch (error) {
      this.#fail(socket, error instanceof Error ? error.message : String(error));
    }
  }

  /** What the network says of a datagram (icmp(7): nobody listens, no way) is no fault of the socket. */
  #fault(socket: Socket, error: Error): void {
    if (this.#ready && 'code' in error && PASSING.has(String(error.code))) this.#count('not-sent');
    else this.#fail(socket, error.message);
  }

  #fail(socket: Socket, why: string): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#ready = false;
    this.problem = why;
    closeQuietly(socket);
    this.#retry?.[Symbol.dispose]();
    this.#retry = this.#settings.clock.after(this.#retry_ms, () => this.#open());
    this.#retry_ms = Math.min(RETRY_MAX_MS, this.#retry_ms * 2);
  }

  #count(why: string): void {
    this.rejected[why] = (this.rejected[why] ?? 0) + 1;
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#retry?.[Symbol.dispose]();
    if (this.#socket) closeQuietly(this.#socket);
    this.#socket = undefined;
  }
}

function setBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(BUFFER_BYTES);
    socket.setSendBufferSize(BUFFER_BYTES);
  } catch {
    // the kernel's default then
  }
}

function closeQuietly(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // It was never open.
  }
}
