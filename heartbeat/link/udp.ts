// A link by UDP on one interface: unicast between two addresses, or multicast where none are given. The socket is bound
// to the interface, so that a beat proves that path and no detour around it. Guarantees: follows the interface as it
// goes, comes, loses carrier or address; a flood is read in bounded turns of the loop (libuv reads at most 32 datagrams each).
import dgram from 'node:dgram';
import { type Address, address, familyOf } from '../../director/model/address.ts';
import type { Clock } from '../../director/model/clock.ts';
import { monitorNetwork, type NetworkEvent } from '../../director/native/netlink-monitor.ts';
import { type Link as NetworkInterface, Rtnetlink } from '../../director/native/rtnetlink.ts';
import { openBoundUdpSocket } from '../../director/native/udp-socket.ts';
import { Backoff } from './backoff.ts';
import type { Link, LinkCounters, LinkEvents } from './link.ts';

/** Administratively scoped (RFC 2365); the last number is the heartbeat's port of old. */
export const MULTICAST_GROUP = address('239.255.6.94');
/** Some 50 to 150 frames as the kernel counts them: what was not read in a second is better lost than late. */
const RECEIVE_BUFFER_BYTES = 64 << 10;
/** Whether any IPv4 address is left may be known a little later, when many come and go. */
const ADDRESSES_MS = 100;
/** Of what the kernel tells about all interfaces. */
const MONITOR_BUFFER_BYTES = 256 << 10;

export interface UdpLinkOptions {
  readonly interface: string;
  readonly port: number;
  /** Both or none: none is multicast. */
  readonly own?: Address;
  readonly peer?: Address;
  readonly clock: Clock;
}

/** Opens in the network namespace of the calling thread. Never throws for what may come to be: the link is down then. */
export function openUdpLink(options: UdpLinkOptions, events: LinkEvents): Link {
  return new UdpLink(options, events);
}

interface Opened {
  readonly socket: dgram.Socket;
  readonly interface_index: number;
}

class UdpLink implements Link {
  readonly kind = 'udp';
  readonly name: string;
  readonly #options: UdpLinkOptions;
  readonly #events: LinkEvents;
  readonly #resources = new DisposableStack();
  readonly #rtnetlink: Rtnetlink;
  readonly #backoff: Backoff;
  #opened: Opened | undefined;
  /** Of the interface, when it was looked at last. */
  #index: number | undefined;
  /** Why the last frame did not go out. */
  #refusal: string | undefined;
  #up = false;
  #detail = 'not opened yet';
  #sent = 0;
  #unsent = 0;
  #disposed = false;

  constructor(options: UdpLinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    this.name = `udp ${options.interface}`;
    this.#rtnetlink = this.#resources.use(new Rtnetlink());
    this.#backoff = this.#resources.use(new Backoff(options.clock, () => this.#mend()));
    this.#resources.use(
      monitorNetwork({
        topics: ['link', 'address'],
        onEvent: (event) => this.#notice(event),
        onResync: () => this.#backoff.soon(),
        buffer_bytes: MONITOR_BUFFER_BYTES,
      }),
    );
    this.#resources.defer(() => this.#close());
    [this.#up, this.#detail] = this.#attempt();
    if (!this.#up) this.#backoff.later();
  }

  send(frame: Uint8Array): void {
    const socket = this.#opened?.socket;
    if (socket === undefined) {
      this.#unsent++;
      return;
    }
    const to = this.#options.peer ?? MULTICAST_GROUP;
    socket.send(frame, this.#options.port, to, (error) => {
      if (error) this.#unsent++;
      else this.#sent++;
      if (this.#opened?.socket !== socket) return; // it was closed over that
      if (error) this.#refused(error);
      else if (this.#refusal !== undefined) this.#recovered();
    });
  }

  #refused(error: Error): void {
    // Full queues pass; all else has a cause that lasts until a frame goes out again, perhaps by another socket.
    const code = 'code' in error ? error.code : undefined;
    if (code === 'EAGAIN' || code === 'ENOBUFS') return;
    this.#refusal = `cannot send: ${error.message}`;
    if (this.#up) this.#become(false, this.#refusal);
    this.#backoff.later();
  }

  #recovered(): void {
    this.#refusal = undefined;
    this.#backoff.soon();
  }

  isUp(): boolean {
    return this.#up;
  }

  detail(): string {
    return this.#detail;
  }

  counters(): LinkCounters {
    return { sent: this.#sent, unsent: this.#unsent, garbled: 0 };
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#resources.dispose();
  }

  /** Of a takeover with a thousand VIPs on this interface it must not look at each. */
  #notice(event: NetworkEvent): void {
    const { interface: name, own } = this.#options;
    if (event.topic === 'link' && (event.link.name === name || event.link.index === this.#index))
      this.#backoff.soon();
    if (event.topic !== 'address' || event.address.interface_index !== this.#index) return;
    if (own !== undefined && event.address.address === own) this.#backoff.soon();
    if (own === undefined && event.address.family === 4 && event.gone === this.#up)
      this.#backoff.within(ADDRESSES_MS);
  }

  #mend(): void {
    const [up, detail] = this.#attempt();
    this.#become(up, detail);
    if (!up) this.#backoff.later();
    else this.#backoff.succeeded();
  }

  #become(up: boolean, detail: string): void {
    const changed = up !== this.#up || detail !== this.#detail;
    this.#up = up;
    this.#detail = detail;
    if (changed) this.#events.onState(up, detail);
  }

  /** Makes the socket fit what the interface is like now. */
  #attempt(): [up: boolean, detail: string] {
    try {
      const link = this.#rtnetlink.link(this.#options.interface);
      this.#index = link?.index;
      const obstacle = this.#obstacle(link);
      if (link === undefined || obstacle !== undefined) {
        this.#close();
        this.#refusal = undefined; // whatever it was, this is why
        return [false, obstacle ?? ''];
      }
      if (this.#refusal !== undefined || this.#opened?.interface_index !== link.index) this.#close();
      this.#opened ??= this.#open(link.index);
      return this.#refusal === undefined ? [true, this.#description()] : [false, this.#refusal];
    } catch (error) {
      this.#close();
      return [false, error instanceof Error ? error.message : String(error)];
    }
  }

  #obstacle(link: NetworkInterface | undefined): string | undefined {
    const { interface: name, own } = this.#options;
    if (link === undefined) return `there is no interface ${name}`;
    if (!link.up) return `${name} is down`;
    if (!link.carrier) return `${name} has no carrier`;
    if (link.loopback) return undefined; // all of 127.0.0.0/8 is there without being listed
    const addresses = this.#rtnetlink.addresses({ interface_index: link.index });
    if (own === undefined)
      return addresses.some((one) => one.family === 4) ? undefined : `${name} has no IPv4 address`;
    return addresses.some((one) => one.address === own)
      ? undefined
      : `${name} does not have the address ${own}`;
  }

  #description(): string {
    const { interface: name, own, peer, port } = this.#options;
    const path = own === undefined ? `multicast to ${MULTICAST_GROUP}` : `${own} to ${peer}`;
    return `${path}, port ${port}, on ${name}`;
  }

  #open(interface_index: number): Opened {
    const { interface: interface_name, own, port } = this.#options;
    using descriptor = openBoundUdpSocket({
      interface_name,
      interface_index,
      address: own ?? MULTICAST_GROUP,
      port,
      receiveBuffer_bytes: RECEIVE_BUFFER_BYTES,
    });
    const family = familyOf(own ?? MULTICAST_GROUP);
    const socket = dgram.createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      // Addresses are no names; without asking, a datagram leaves within the call.
      lookup: (host, _options, callback) => callback(null, host, family),
    });
    socket.on('message', (bytes, from) => {
      if (!this.#disposed) this.#events.onFrame(bytes, from.address);
    });
    socket.on('error', (error) => {
      if (this.#opened?.socket !== socket) return;
      this.#close();
      this.#become(false, error.message);
      this.#backoff.later();
    });
    socket.bind({ fd: descriptor.release() }); // at once, since there is nothing left to bind
    return { socket, interface_index };
  }

  #close(): void {
    const opened = this.#opened;
    this.#opened = undefined;
    opened?.socket.close();
  }
}
