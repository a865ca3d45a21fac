// What changes in this host's network, as it changes: links, addresses, routes, neighbours. The kernel's multicast
// wakes the event loop; nothing is polled.
// Guarantees: a bounded amount of work per wake; when the kernel had to drop messages, or one makes no sense,
// `onResync` is called and the owner must look again at everything; after disposal nothing is called.
import {
  AF_NETLINK,
  bind,
  type Descriptor,
  MSG_TRUNC,
  recvfrom,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_SOCKET,
  SystemError,
  setsockoptInt,
  socket,
} from './libc.ts';
import { isFromKernel, NETLINK_ROUTE, netlinkAddress } from './netlink.ts';
import { messages, type NetlinkMessage } from './netlink-codec.ts';
import { onReadable } from './readable.ts';
import {
  decodeAddress,
  decodeLink,
  decodeNeighbour,
  decodeRoute,
  type InterfaceAddress,
  type Link,
  type Neighbour,
  type Route,
  RTM,
} from './rtnetlink-codec.ts';

/** Bits of the old group mask (linux/rtnetlink.h, RTMGRP_*): 1 << (RTNLGRP - 1). */
const GROUPS = {
  link: 0x1,
  neighbour: 0x4,
  address: 0x10 | 0x100, // IPv4, IPv6
  route: 0x40 | 0x400,
} as const;
export type MonitorTopic = keyof typeof GROUPS;

/** `gone`: it was removed; else it is new or changed. */
export type NetworkEvent =
  | { readonly topic: 'link'; readonly gone: boolean; readonly link: Link }
  | { readonly topic: 'neighbour'; readonly gone: boolean; readonly neighbour: Neighbour }
  | { readonly topic: 'address'; readonly gone: boolean; readonly address: InterfaceAddress }
  | { readonly topic: 'route'; readonly gone: boolean; readonly route: Route };

export interface MonitorOptions {
  readonly topics: readonly MonitorTopic[];
  readonly onEvent: (event: NetworkEvent) => void;
  /** `overflow`: messages were dropped; `malformed`: one could not be read. */
  readonly onResync: (why: 'overflow' | 'malformed') => void;
  /** Asked of the kernel for what waits to be read. */
  readonly buffer_bytes?: number;
}

const BUFFER_BYTES = 2 * 1024 * 1024;
const DATAGRAM_BYTES = 64 * 1024;
const DATAGRAMS_PER_WAKE = 256;

/** Subscribes in the network namespace of the calling thread. Throws SystemError when refused. */
export function monitorNetwork(options: MonitorOptions): Disposable {
  const descriptor = subscribe(options);
  const datagram = new Uint8Array(DATAGRAM_BYTES);
  const sender = new Uint8Array(12);
  let disposed = false;

  /** Returns whether there may be more. */
  function readOne(): boolean {
    let length: number | undefined;
    try {
      length = recvfrom(descriptor.fd, datagram, MSG_TRUNC, sender);
    } catch (error) {
      if (!(error instanceof SystemError && error.is('ENOBUFS'))) throw error;
      options.onResync('overflow');
      return true;
    }
    if (length === undefined) return false;
    if (!isFromKernel(sender)) return true;
    if (length > datagram.length) options.onResync('overflow');
    else deliver(datagram.subarray(0, length));
    return true;
  }

  function deliver(bytes: Uint8Array): void {
    let events: NetworkEvent[];
    try {
      events = [...messages(bytes)].map(decodeEvent).filter((event) => event !== undefined);
    } catch {
      options.onResync('malformed'); // the only error there is; the message is lost, so the state is unknown
      return;
    }
    for (const event of events) if (!disposed) options.onEvent(event);
  }

  const wakes = onReadable(descriptor.fd, () => {
    for (let turn = 0; turn < DATAGRAMS_PER_WAKE && !disposed; turn++) if (!readOne()) return;
  });
  return {
    [Symbol.dispose]() {
      if (disposed) return;
      disposed = true;
      wakes[Symbol.dispose]();
      descriptor[Symbol.dispose]();
    },
  };
}

/** One message as an event; undefined for what is none of ours. Throws `netlink-malformed`. */
export function decodeEvent(message: NetlinkMessage): NetworkEvent | undefined {
  const { type, payload } = message;
  if (type === RTM.NEWLINK || type === RTM.DELLINK) {
    const link = decodeLink(payload);
    return link && { topic: 'link', gone: type === RTM.DELLINK, link };
  }
  if (type === RTM.NEWNEIGH || type === RTM.DELNEIGH) {
    const neighbour = decodeNeighbour(payload);
    return neighbour && { topic: 'neighbour', gone: type === RTM.DELNEIGH, neighbour };
  }
  if (type === RTM.NEWADDR || type === RTM.DELADDR) {
    const address = decodeAddress(payload);
    return address && { topic: 'address', gone: type === RTM.DELADDR, address };
  }
  if (type === RTM.NEWROUTE || type === RTM.DELROUTE) {
    const route = decodeRoute(payload);
    return route && { topic: 'route', gone: type === RTM.DELROUTE, route };
  }
  return undefined;
}

function subscribe(options: MonitorOptions): Descriptor {
  const descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
  try {
    enlarge(descriptor.fd, options.buffer_bytes ?? BUFFER_BYTES);
    bind(descriptor.fd, netlinkAddress(options.topics.reduce((mask, topic) => mask | GROUPS[topic], 0)));
    return descriptor;
  } catch (error) {
    descriptor[Symbol.dispose]();
    throw error;
  }
}

/** Beyond net.core.rmem_max where that is allowed. */
function enlarge(fd: number, bytes: number): void {
  try {
    setsockoptInt(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    setsockoptInt(fd, SOL_SOCKET, SO_RCVBUF, bytes);
  }
}
