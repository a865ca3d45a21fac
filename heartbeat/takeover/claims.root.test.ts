import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { inNamespace } from '../../director/native/netns.ts';
import { openPacketSocket, type PacketSocket } from '../../director/native/packet-socket.ts';
import { Rtnetlink } from '../../director/native/rtnetlink.ts';
import { eventually } from '../../test/support/eventually.ts';
import { ip, type Namespace } from '../../test/support/netns.ts';
import { gratuitousArp, unsolicitedAdvertisement, unspecifiedSolicitation } from './announce-frames.ts';
import { type ClaimWatch, probeVips, watchClaims } from './claims.ts';
import { openLease } from './lease.ts';
import {
  createNeighbourhood,
  MAC,
  type Neighbourhood,
  realClock,
  VIP,
  VIP6,
} from './support/neighbourhood.ts';
import { raiseVip, releaseVip, type Vip } from './vip.ts';

let site: Neighbourhood;
let mouth: PacketSocket;
const two = Uint8Array.of(2, 0, 0, 0, 0, 0x0b);
const open: Disposable[] = [];
const heard: string[] = [];

beforeAll(() => {
  site = createNeighbourhood('claims');
  mouth = inside(site.two, (rt) => openPacketSocket(rt.link('eth0')!.index));
});
afterEach(() => {
  for (const item of open.splice(0)) item[Symbol.dispose]();
  heard.length = 0;
});
afterAll(() => {
  mouth?.[Symbol.dispose]();
  site?.[Symbol.dispose]();
});

function inside<T>(namespace: Namespace, action: (rt: Rtnetlink) => T): T {
  return inNamespace(namespace, () => {
    using rt = new Rtnetlink();
    return action(rt);
  });
}

function watch(vips: readonly Vip[] = [VIP, VIP6]): ClaimWatch {
  const started = inside(site.one, (rt) =>
    watchClaims({
      links: rt.links(),
      vips,
      clock: { ...realClock, monotonic_ms: () => 0 }, // all within one second
      onClaim: (vip, mac) => heard.push(`${vip} ${mac}`),
    }),
  );
  expect(started.failures).toEqual([]);
  open.push(started);
  return started;
}

/** A solicitation that comes from the VIP. */
function question(): Uint8Array {
  const frame = unspecifiedSolicitation(VIP6.address, two);
  frame.set(frame.subarray(62, 78), 22);
  return frame;
}

describe('watchClaims', () => {
  it.each([
    ['an ARP request', VIP, () => gratuitousArp(VIP.address, two, 'request')],
    ['an ARP reply', VIP, () => gratuitousArp(VIP.address, two, 'reply')],
    ['an advertisement', VIP6, () => unsolicitedAdvertisement(VIP6.address, two, { router: true })],
    ['a solicitation from the VIP', VIP6, question],
  ])('hears somebody else by %s', async (_name, vip, frame) => {
    watch();
    mouth.send(frame());
    await eventually(() => heard).toEqual([`${vip.address} ${MAC.two}`]);
  });

  it('hears him on a host that the lease keeps silent', async () => {
    const pinFolder = `/sys/fs/bpf/fairlead-test-claims-${process.pid}`;
    const lease = inNamespace(site.one, () => openLease({ pinFolder }));
    lease.setVips([VIP, VIP6]);
    inside(site.one, (rt) => lease.ensure(rt.links()));
    watch();
    mouth.send(gratuitousArp(VIP.address, two, 'request'));
    mouth.send(unsolicitedAdvertisement(VIP6.address, two, { router: true }));
    await eventually(() => heard).toEqual([`${VIP.address} ${MAC.two}`, `${VIP6.address} ${MAC.two}`]);
    expect(lease.counters().claims).toBe(2);
    inNamespace(site.one, () => lease.remove());
    lease[Symbol.dispose]();
  });

  it('reports a claimant once a second, and counts what it heard', async () => {
    const watching = watch();
    for (let turn = 0; turn < 5; turn++) mouth.send(gratuitousArp(VIP.address, two, 'reply'));
    const other = Uint8Array.of(2, 0, 0, 0, 0, 0x0e);
    mouth.send(gratuitousArp(VIP.address, other, 'reply'));
    await eventually(() => heard.length).toBe(2);
    expect(watching.counters()).toEqual({ heard: 6, reported: 2, paused: 0 });
  });

  it('does not hear itself, nor what concerns no VIP, nor questions', async () => {
    const watching = watch();
    mouth.send(gratuitousArp(VIP.address, Uint8Array.of(2, 0, 0, 0, 0, 0x0a), 'request')); // came back by a loop
    mouth.send(gratuitousArp('10.0.0.77' as typeof VIP.address, two, 'request'));
    mouth.send(unspecifiedSolicitation(VIP6.address, two));
    mouth.send(gratuitousArp(VIP.address, two, 'request'));
    await eventually(() => heard).toEqual([`${VIP.address} ${MAC.two}`]);
    expect(watching.counters().heard).toBe(1);
  });

  it('pauses under a flood of claims', async () => {
    const watching = watch();
    let count = 0;
    await eventually(() => {
      for (const end = count + 200; count < end; count++)
        mouth.send(gratuitousArp(VIP.address, Uint8Array.of(2, 0, 0, 1, count >> 8, count & 255), 'reply'));
      return watching.counters().paused;
    }).toBe(1);
    expect(watching.counters().heard).toBe(1_000);
  });
});

describe('probeVips', () => {
  const probe = (vips: readonly Vip[], timeout_ms: number) =>
    inside(site.one, (rt) => probeVips({ links: rt.links(), vips, clock: realClock, timeout_ms }));

  it('says who holds them, and changes nobody’s cache by asking', async () => {
    inside(site.two, (rt) => [VIP, VIP6].map((vip) => raiseVip(rt, vip)));
    ip(site.two, 'neigh flush all');
    const holders = await probe([VIP, VIP6], 20_000); // ends when both are answered for
    expect([...holders].sort((a, b) => a.address.localeCompare(b.address))).toEqual([
      { address: VIP.address, mac: MAC.two },
      { address: VIP6.address, mac: MAC.two },
    ]);
    expect(ip(site.two, 'neigh show')).not.toContain(MAC.one);
    inside(site.two, (rt) => [VIP, VIP6].map((vip) => releaseVip(rt, vip)));
  });

  it('ends after its time when nobody answers, or there is nobody to be asked', async () => {
    expect(await probe([VIP, VIP6], 30)).toEqual([]);
    expect(await probe([{ ...VIP, interface: 'eth9' }], 5)).toEqual([]);
    ip(site.one, 'link set dev eth0 down');
    expect(await probe([VIP], 30)).toEqual([]);
    ip(site.one, 'link set dev eth0 up');
  });
});
