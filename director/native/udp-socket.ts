// A UDP socket that is bound to an interface and an address before anybody else touches it, for node:dgram to adopt
// (`bind({ fd })`): Node cannot bind to an interface. Guarantee: bound as asked, or nothing is left open.
import { type Address, addressBytes, familyOf } from '../model/address.ts';
import {
  AF_INET,
  AF_INET6,
  bind,
  type Descriptor,
  SO_RCVBUF,
  SOCK_NONBLOCK,
  SOL_SOCKET,
  setsockopt,
  setsockoptInt,
  socket,
} from './libc.ts';

const SOCK_DGRAM = 2;
const SO_BINDTODEVICE = 25;
const IPPROTO_IP = 0;
const IP_MULTICAST_IF = 32;
const IP_MULTICAST_TTL = 33;
const IP_MULTICAST_LOOP = 34;
const IP_ADD_MEMBERSHIP = 35;

export interface UdpSocketOptions {
  /** Frames come and go here only. */
  readonly interface_name: string;
  readonly interface_index: number;
  /** To bind to: of this host, or an IPv4 multicast group, which is joined then: TTL 1, not heard by ourselves. */
  readonly address: Address;
  readonly port: number;
  /** As the kernel counts them, with its own overhead (socket(7)). */
  readonly receiveBuffer_bytes: number;
}

export function openBoundUdpSocket(options: UdpSocketOptions): Descriptor {
  const { address, port } = options;
  const v4 = familyOf(address) === 4;
  const descriptor = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  try {
    const { fd } = descriptor;
    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, Buffer.from(options.interface_name));
    setsockoptInt(fd, SOL_SOCKET, SO_RCVBUF, options.receiveBuffer_bytes);
    if (v4 && isMulticast(address)) joinGroup(fd, address, options.interface_index);
    bind(fd, socketAddress(address, port, options.interface_index));
    return descriptor;
  } catch (error) {
    descriptor[Symbol.dispose]();
    throw error;
  }
}

/** struct ip_mreqn: the group, no address of ours, the interface (ip(7)). */
function joinGroup(fd: number, group: Address, interface_index: number): void {
  const request = new Uint8Array(12);
  request.set(addressBytes(group).subarray(12));
  new DataView(request.buffer).setInt32(8, interface_index, true);
  setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, request);
  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, request);
  setsockoptInt(fd, IPPROTO_IP, IP_MULTICAST_TTL, 1);
  setsockoptInt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
}

function isMulticast(address: Address): boolean {
  return (addressBytes(address)[12]! & 0xf0) === 0xe0;
}

/** struct sockaddr_in or sockaddr_in6, with the scope that link-local addresses need. */
function socketAddress(address: Address, port: number, scope: number): Uint8Array {
  const wire = addressBytes(address);
  const v4 = familyOf(address) === 4;
  const bytes = new Uint8Array(v4 ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, v4 ? AF_INET : AF_INET6, true);
  view.setUint16(2, port);
  if (v4) bytes.set(wire.subarray(12), 4);
  else {
    bytes.set(wire, 8);
    view.setUint32(24, scope, true);
  }
  return bytes;
}
