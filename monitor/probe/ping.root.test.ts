import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { address, addressBytes } from '../../director/model/address.ts';
import {
  AF_INET,
  bind,
  recvfrom,
  SOCK_NONBLOCK,
  SOCK_RAW,
  sendto,
  socket,
} from '../../director/native/libc.ts';
import { inNamespace } from '../../director/native/netns.ts';
import { createNamespaces, type Namespace, type Namespaces, sysctl } from '../../test/support/netns.ts';
import { context } from '../support/servers.ts';
import { createPing } from './ping.ts';
import type { ProbeOutcome } from './probe.ts';

const IPPROTO_ICMP = 1;
const IP_HEADER_BYTES = 20;

let namespaces: Namespaces;
let place: Namespace;
const ping = createPing();

beforeAll(() => {
  namespaces = createNamespaces('ping', ['host']);
  place = namespaces.get('host');
});
afterAll(() => {
  ping[Symbol.dispose]();
  namespaces[Symbol.dispose]();
});

/** A probe's start does not wait, so its sockets are opened inside. */
function ask(host: string, timeout_ms = 2000): Promise<ProbeOutcome> {
  return inNamespace(place, () =>
    ping({ address: address(host), port: 0 }, { kind: 'ping' }, context(timeout_ms)),
  );
}

describe('the ping probe', () => {
  it('passes when the echo comes back, on IPv4 and IPv6', async () => {
    for (const host of ['127.0.0.1', '::1'])
      expect(await ask(host)).toMatchObject({
        ok: true,
        reason: expect.stringMatching(/^echo reply in \d+ ms$/),
      });
  });

  it('is told of the echo when it comes, not at the next timer', async () => {
    expect(await ask('127.0.0.1', 60_000)).toMatchObject({ ok: true });
  });

  it('tells many pings at once apart', async () => {
    const hosts = Array.from({ length: 500 }, (_, index) =>
      index % 2 ? '::1' : `127.0.0.${1 + (index % 250)}`,
    );
    const outcomes = await Promise.all(hosts.map((host) => ask(host)));
    expect(outcomes.filter((outcome) => !outcome.ok)).toEqual([]);
  });

  it('fails at once when there is no way to the server', async () => {
    for (const host of ['192.0.2.1', 'fd00::1'])
      expect(await ask(host)).toMatchObject({
        ok: false,
        reason: 'no route to the server (network unreachable)',
      });
  });

  it('fails when nobody answers, and takes no forged reply for one', async () => {
    sysctl(place, 'net.ipv4.icmp_echo_ignore_all', 1);
    const opened = inNamespace(place, () => [open(), open()] as const);
    using wire = opened[0];
    using stranger = opened[1];
    bind(stranger.fd, ipv4('127.0.0.2'));
    const wrong = ask('127.0.0.1', 300);
    const right = asReply(await nextRequest(wire.fd));
    const forge = (change: (packet: Buffer) => void): Uint8Array => {
      const packet = Buffer.from(right);
      change(packet);
      return asReply(packet);
    };
    const to = ipv4('127.0.0.1');
    sendto(
      wire.fd,
      forge((packet) => packet.writeUInt8(packet[15]! ^ 1, 15)),
      0,
      to,
    );
    sendto(
      wire.fd,
      forge((packet) => packet.writeUInt8(packet[4]! ^ 1, 4)),
      0,
      to,
    );
    sendto(
      wire.fd,
      forge((packet) => packet.writeUInt8(packet[7]! ^ 1, 7)),
      0,
      to,
    );
    sendto(wire.fd, right.subarray(0, 12), 0, to);
    sendto(stranger.fd, right, 0, to);
    expect(await wrong).toMatchObject({ ok: false, reason: 'no echo reply within 300 ms' });

    const answered = ask('127.0.0.1');
    sendto(wire.fd, asReply(await nextRequest(wire.fd)), 0, to);
    expect(await answered).toMatchObject({ ok: true });
  });
});

async function nextRequest(fd: number): Promise<Buffer> {
  const packet = Buffer.alloc(2048);
  await vi.waitUntil(() => (recvfrom(fd, packet) ?? 0) > 0 && packet[IP_HEADER_BYTES] === 8);
  return packet.subarray(IP_HEADER_BYTES, IP_HEADER_BYTES + 16);
}

function open() {
  return socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMP);
}

/** struct sockaddr_in. */
function ipv4(text: string): Uint8Array {
  return Uint8Array.of(AF_INET, 0, 0, 0, ...addressBytes(address(text)).subarray(12), ...Array(8).fill(0));
}

function asReply(packet: Uint8Array): Buffer {
  const reply = Buffer.from(packet);
  reply[0] = 0;
  reply.writeUInt16BE(0, 2);
  let sum = 0;
  for (let index = 0; index < reply.length; index += 2) sum += reply.readUInt16BE(index);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  reply.writeUInt16BE(~sum & 0xffff, 2);
  return reply;
}
