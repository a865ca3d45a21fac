// Which frames the lease program silences, frame by frame, in whatever kernel this runs on.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { address, addressBytes } from '../../director/model/address.ts';
import { getPinned, testRun } from '../../director/native/libbpf.ts';
import { close } from '../../director/native/libc.ts';
import { readBpfObject } from '../../test/support/btf.ts';
import { ethernet, icmp, tcp } from '../../test/support/packet/build.ts';
import { concat } from '../../test/support/packet/bytes.ts';
import { LEASE_OBJECT_PATH, type Lease, openLease } from './lease.ts';
import { LEASE } from './lease-record.ts';

const PASSED = 0xffff_ffff; // TC_ACT_UNSPEC: later filters have their say
const SILENCED = 2; // TC_ACT_SHOT
const pinFolder = `/sys/fs/bpf/fairlead-test-program-${process.pid}`;
const VIP = '10.0.0.100';
const VIP6 = 'fd00::100';
const [OWN, OTHER, NOBODY] = ['10.0.0.11', '10.0.0.1', '0.0.0.0'];
const [OWN6, OTHER6, NOBODY6, ALL_NODES] = ['fd00::11', 'fd00::1', '::', 'ff02::1'];

let lease: Lease;
const programs = { in: -1, out: -1 };

beforeAll(() => {
  lease = openLease({ pinFolder });
  expect(lease.detail).toBe('');
  lease.setVips([VIP, VIP6].map((one) => ({ address: address(one), prefix_bits: 24, interface: 'eth0' })));
  programs.in = getPinned(`${pinFolder}/lease_in`)!;
  programs.out = getPinned(`${pinFolder}/lease_out`)!;
});
afterAll(() => {
  for (const fd of Object.values(programs)) if (fd >= 0) close(fd);
  lease?.remove();
  lease?.[Symbol.dispose]();
});

type Direction = 'in' | 'out';
const run = (direction: Direction, data: Uint8Array) => testRun(programs[direction], { data }).value;

function arp(operation: number, sender: string, target: string): Uint8Array {
  const ipv4 = (text: string) => addressBytes(address(text)).subarray(12);
  const mac = Uint8Array.of(2, 0, 0, 0, 0, 9);
  const fixed = Uint8Array.of(0, 1, 8, 0, 6, 4, 0, operation);
  return ethernet(0x0806, concat(fixed, mac, ipv4(sender), mac, ipv4(target)), { padding: 18 });
}

function discovery(type: number, from: string, to: string, target?: string): Uint8Array {
  const payload = target === undefined ? new Uint8Array(0) : addressBytes(address(target));
  return icmp({ from, to, type, payload, ttl: 255 });
}

function tagged(frame: Uint8Array, ethertype = 0x8100): Uint8Array {
  return concat(
    frame.subarray(0, 12),
    Uint8Array.of(ethertype >> 8, ethertype & 0xff, 0, 10),
    frame.subarray(12),
  );
}

const GATED: readonly (readonly [string, Direction, Uint8Array])[] = [
  ['a question for the VIP', 'in', arp(1, OTHER, VIP)],
  ['a question for the VIP in a VLAN', 'in', tagged(arp(1, OTHER, VIP))],
  ['a probe for the VIP', 'in', arp(1, NOBODY, VIP)],
  ['an answer to the VIP', 'in', arp(2, OTHER, VIP)],
  ['an answer for the VIP', 'out', arp(2, VIP, OTHER)],
  ['an announcement as request', 'out', arp(1, VIP, VIP)],
  ['an announcement as reply in a VLAN', 'out', tagged(arp(2, VIP, VIP), 0x88a8)],
  ['a question that comes from the VIP', 'out', arp(1, VIP, OTHER)],
  ['a multicast solicitation for the VIP', 'in', discovery(135, OTHER6, 'ff02::1:ff00:100', VIP6)],
  ['a unicast solicitation for the VIP', 'in', discovery(135, OTHER6, VIP6, VIP6)],
  ['duplicate detection of the VIP', 'in', discovery(135, NOBODY6, 'ff02::1:ff00:100', VIP6)],
  ['a solicitation in a VLAN', 'in', tagged(discovery(135, OTHER6, VIP6, VIP6))],
  ['an advertisement of the VIP', 'out', discovery(136, VIP6, ALL_NODES, VIP6)],
  ['an advertisement of the VIP by another address', 'out', discovery(136, OWN6, OTHER6, VIP6)],
  ['a solicitation that comes from the VIP', 'out', discovery(135, VIP6, OTHER6, OTHER6)],
  ['a router solicitation that comes from the VIP', 'out', discovery(133, VIP6, 'ff02::2')],
  ['a router advertisement that comes from the VIP', 'out', discovery(134, VIP6, ALL_NODES)],
];

const FREE: readonly (readonly [string, Direction, Uint8Array])[] = [
  ['a question for an own address', 'in', arp(1, OTHER, OWN)],
  ['an announcement of the new owner', 'in', arp(1, VIP, VIP)],
  ['an announcement of the new owner as reply', 'in', arp(2, VIP, VIP)],
  ['a question of the new owner', 'in', arp(1, VIP, OWN)],
  ['an answer of the new owner', 'in', arp(2, VIP, NOBODY)],
  ['an answer of an own address', 'out', arp(2, OWN, OTHER)],
  ['an own question for the VIP', 'out', arp(1, OWN, VIP)],
  ['an own probe for the VIP', 'out', arp(1, NOBODY, VIP)],
  ['an answer to the VIP’s owner', 'out', arp(2, OWN, VIP)],
  ['a solicitation for an own address', 'in', discovery(135, OTHER6, OWN6, OWN6)],
  ['an advertisement of the new owner', 'in', discovery(136, VIP6, ALL_NODES, VIP6)],
  ['a solicitation of the new owner', 'in', discovery(135, VIP6, OWN6, OWN6)],
  ['an own advertisement', 'out', discovery(136, OWN6, OTHER6, OWN6)],
  ['an own solicitation for the VIP', 'out', discovery(135, OWN6, VIP6, VIP6)],
  ['own duplicate detection of the VIP', 'out', discovery(135, NOBODY6, 'ff02::1:ff00:100', VIP6)],
  ['a ping to the VIP', 'in', discovery(128, OTHER6, VIP6)],
  ['a ping’s answer from the VIP', 'out', discovery(129, VIP6, OTHER6)],
  ['a connection to the VIP', 'in', tcp({ from: `${OTHER}:4000`, to: `${VIP}:80`, flags: 'S' })],
  ['a connection’s answer', 'out', tcp({ from: `[${VIP6}]:80`, to: `[${OTHER6}]:4000`, flags: 'SA' })],
  ['two VLAN tags', 'in', tagged(tagged(arp(1, OTHER, VIP)))],
];

describe('the lease program', () => {
  it.each(GATED)('passes while the lease is young, and silences then: %s (%s)', (_name, direction, frame) => {
    lease.renew(60_000);
    const before = lease.counters();
    expect(run(direction, frame)).toBe(PASSED);
    expect(lease.counters()).toEqual({ ...before, passed: before.passed + 1 });
    lease.letGo();
    expect(run(direction, frame)).toBe(SILENCED);
    const sum = ({ silenced }: typeof before) => Object.values(silenced).reduce((a, b) => a + b);
    expect(sum(lease.counters())).toBe(sum(before) + 1);
  });

  it.each(FREE)('never silences %s (%s)', (_name, direction, frame) => {
    lease.letGo();
    expect(run(direction, frame)).toBe(PASSED);
    lease.renew(60_000);
    expect(run(direction, frame)).toBe(PASSED);
  });

  it('counts by reason, and the claims of others', () => {
    lease.letGo();
    const before = lease.counters();
    run('in', arp(1, OTHER, VIP));
    run('out', arp(2, VIP, OTHER));
    run('in', discovery(135, OTHER6, VIP6, VIP6));
    run('out', discovery(136, VIP6, OTHER6, VIP6));
    run('in', arp(2, VIP, VIP));
    run('in', discovery(136, VIP6, ALL_NODES, VIP6));
    const { silenced, claims } = lease.counters();
    expect(claims).toBe(before.claims + 2);
    for (const reason of ['arp_in', 'arp_out', 'nd_in', 'nd_out'] as const)
      expect(silenced[reason]).toBe(before.silenced[reason] + 1);
  });

  it('ends by itself when time is over', async () => {
    lease.renew(60_000);
    expect(run('in', arp(1, OTHER, VIP))).toBe(PASSED);
    lease.renew(20);
    await expect.poll(() => run('in', arp(1, OTHER, VIP)), { interval: 5 }).toBe(SILENCED);
    expect(lease.remaining_ms()).toBe(0);
    expect(lease.age_ms()).toBeUndefined();
  });

  it('takes a nonsensical time for none', () => {
    for (const valid_ms of [Number.NaN, Number.POSITIVE_INFINITY, -5]) {
      lease.renew(valid_ms);
      expect(run('in', arp(1, OTHER, VIP))).toBe(SILENCED);
    }
  });

  it('passes what is cut off or random, unless it is a question or claim that concerns a VIP', () => {
    lease.letGo();
    // the kernel’s test runs refuse what has not even an IP header
    for (const [, direction, frame] of GATED)
      for (let length = frame[12] === 0x86 ? 54 : 15; length < frame.length; length++) {
        const whole = length >= (frame[12] === 0x81 || frame[12] === 0x88 ? 46 : 42);
        expect(whole ? [PASSED, SILENCED] : [PASSED]).toContain(run(direction, frame.slice(0, length)));
      }
    const head = fc.constantFrom(...[...GATED, ...FREE].map(([, , frame]) => frame.slice(0, 20)));
    const noise = fc.uint8Array({ minLength: 40, maxLength: 200 });
    fc.assert(
      fc.property(head, noise, fc.constantFrom<Direction>('in', 'out'), (start, rest, direction) => {
        expect(run(direction, concat(start, rest))).toBe(PASSED);
      }),
      { numRuns: 300 },
    );
  });

  it('has the record that lease-record.ts describes', () => {
    const { size, members } = readBpfObject(LEASE_OBJECT_PATH).record('lease');
    expect({ size, ...members }).toMatchObject({
      size: LEASE.size,
      until_ns: LEASE.until_ns,
      renewed_ns: LEASE.renewed_ns,
      layout: LEASE.layout,
      passed: LEASE.passed,
      silenced: LEASE.silenced,
      claims: LEASE.claims,
      interfaces: LEASE.interfaces,
    });
  });
});
