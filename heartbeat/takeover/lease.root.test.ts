// The lease in a kernel with real ARP and neighbour discovery around it; and its life over processes and interfaces.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  attachTc,
  BpfObject,
  getPinned,
  lookUpElement,
  updateElement,
} from '../../director/native/libbpf.ts';
import { close } from '../../director/native/libc.ts';
import { inNamespace } from '../../director/native/netns.ts';
import { Rtnetlink } from '../../director/native/rtnetlink.ts';
import { ip, run } from '../../test/support/netns.ts';
import { type Lease, openLease } from './lease.ts';
import { LEASE } from './lease-record.ts';
import {
  createNeighbourhood,
  MAC,
  type Neighbourhood,
  ownAddress,
  VIP,
  VIP6,
} from './support/neighbourhood.ts';
import { raiseVip } from './vip.ts';

let site: Neighbourhood;
let rt: Rtnetlink;
const pinFolder = `/sys/fs/bpf/fairlead-test-lease-${process.pid}`;
const open: Lease[] = [];

beforeAll(() => {
  site = createNeighbourhood('lease');
  rt = inNamespace(site.one, () => new Rtnetlink());
  for (const vip of [VIP, VIP6]) raiseVip(rt, vip);
});
afterEach(() => {
  inNamespace(site.one, () => {
    const [last] = open.slice(-1);
    last?.remove();
    for (const lease of open.splice(0)) lease[Symbol.dispose]();
  });
  expect(existsSync(pinFolder)).toBe(false);
});
afterAll(() => {
  rt?.[Symbol.dispose]();
  site?.[Symbol.dispose]();
});

function start(): Lease {
  const lease = inNamespace(site.one, () => openLease({ pinFolder }));
  expect(lease.detail).toBe('');
  open.push(lease);
  lease.setVips([VIP, VIP6]);
  return lease;
}
const ensure = (lease: Lease) => inNamespace(site.one, () => lease.ensure(rt.links()));
const filters = (point: string) => run(site.one, 'tc', ['filter', 'show', 'dev', 'eth0', point]).stdout;

describe.each([VIP, VIP6])('a host that has $address', (vip) => {
  it('answers for it only while the lease is young, and for its own addresses always', async () => {
    const lease = start();
    expect(ensure(lease)).toEqual({ attached: ['eth0'], failures: [] });
    expect(await site.asked(vip.address)).toBeUndefined();
    lease.renew(60_000);
    expect(await site.asked(vip.address)).toBe(MAC.one);
    lease.renew(1);
    await expect.poll(() => lease.remaining_ms()).toBe(0);
    expect(await site.asked(vip.address)).toBeUndefined();
    expect(await site.asked(ownAddress('one', vip))).toBe(MAC.one);
    const { silenced } = lease.counters();
    expect(silenced.arp_in + silenced.nd_in).toBeGreaterThan(0);
    lease.renew(60_000);
    expect(await site.asked(vip.address)).toBe(MAC.one);
    lease.letGo();
    expect(await site.asked(vip.address)).toBeUndefined();
  });

  it('is silent by itself when its process is gone, until another one adopts the lease', async () => {
    const first = start();
    ensure(first);
    first.renew(60_000);
    expect(await site.asked(vip.address)).toBe(MAC.one);
    first.renew(20);
    open.splice(0);
    first[Symbol.dispose]();
    first.renew(60_000); // a disposed one touches nothing
    await expect.poll(() => site.asked(vip.address)).toBeUndefined();
    const second = start();
    expect(second).toMatchObject({ adopted: true, state: 'guarded' });
    expect(ensure(second).attached).toEqual(['eth0']); // with the newer program in the older one's place
    second.renew(60_000);
    expect(await site.asked(vip.address)).toBe(MAC.one);
  });
});

describe('the lease', () => {
  it('is adopted with the time that it has left, what it counted, and its VIPs', () => {
    const first = start();
    first.renew(60_000);
    const second = start();
    expect(second.remaining_ms()).toBeGreaterThan(1_000);
    expect(second.age_ms()).toBeGreaterThanOrEqual(0);
    expect(second.counters()).toEqual(first.counters());
    second.letGo();
    expect(first.remaining_ms()).toBe(0);
  });

  it('carries its time over from tables of another layout', () => {
    const first = start();
    first.renew(60_000);
    const fd = getPinned(join(pinFolder, 'lease'))!;
    const record = new Uint8Array(LEASE.size);
    lookUpElement(fd, new Uint8Array(4), record);
    record[LEASE.layout] = 99;
    updateElement(fd, new Uint8Array(4), record);
    close(fd);
    const second = start();
    expect(second.remaining_ms()).toBeGreaterThan(1_000);
    second.letGo();
    expect(first.remaining_ms()).toBeGreaterThan(1_000); // other memory
  });

  it('comes back where somebody removed its filter or the whole qdisc, and only there', () => {
    const lease = start();
    expect(ensure(lease).attached).toEqual(['eth0']);
    expect(ensure(lease).attached).toEqual([]);
    run(site.one, 'tc', ['filter', 'del', 'dev', 'eth0', 'egress']);
    expect(ensure(lease).attached).toEqual(['eth0']);
    run(site.one, 'tc', ['qdisc', 'del', 'dev', 'eth0', 'clsact']);
    expect(ensure(lease).attached).toEqual(['eth0']);
    expect(filters('ingress')).toContain('lease_in');
    expect(filters('egress')).toContain('lease_out');
  });

  it('follows an interface that was made anew, and leaves one that has no VIPs any more', () => {
    const lease = start();
    site.set.cable({ namespace: site.one, name: 'eth7' }, { namespace: site.two, name: 'eth7' });
    lease.setVips([VIP, { ...VIP6, interface: 'eth7' }]);
    expect(ensure(lease).attached).toEqual(['eth0', 'eth7']);
    ip(site.one, 'link delete dev eth7');
    expect(ensure(lease)).toEqual({ attached: [], failures: [] });
    site.set.cable({ namespace: site.one, name: 'eth7' }, { namespace: site.two, name: 'eth7' });
    expect(ensure(lease).attached).toEqual(['eth7']);
    lease.setVips([{ ...VIP6, interface: 'eth7' }]);
    ensure(lease);
    expect(filters('ingress') + filters('egress')).not.toContain('lease');
    ip(site.one, 'link delete dev eth7');
  });

  it('stands before the engine’s filter and lets it have its say', async () => {
    using stranger = new BpfObject(join(import.meta.dirname, '../../build/bpf/decap.o'));
    stranger.load();
    inNamespace(site.one, () =>
      attachTc(
        { interface_index: rt.link('eth0')!.index, handle: 1, priority: 0x46 },
        stranger.programFd('decap'),
      ),
    );
    const lease = start();
    ensure(lease);
    lease.renew(60_000);
    expect(await site.asked(VIP.address)).toBe(MAC.one);
    expect(filters('ingress')).toMatch(/pref 69 bpf[\s\S]*lease_in[\s\S]*pref 70 bpf[\s\S]*decap/);
    inNamespace(site.one, () => lease.remove());
    expect(filters('ingress')).not.toContain('lease');
    expect(filters('ingress')).toContain('decap');
    run(site.one, 'tc', ['qdisc', 'del', 'dev', 'eth0', 'clsact']);
    for (const one of open.splice(0)) one[Symbol.dispose]();
  });

  it('silences questions at least where an ingress qdisc leaves no room for more, and says so', async () => {
    run(site.one, 'tc', ['qdisc', 'add', 'dev', 'eth0', 'ingress']);
    const lease = start();
    for (let turn = 0; turn < 3; turn++)
      expect(ensure(lease)).toEqual({
        attached: [],
        failures: [{ interface: 'eth0', reason: expect.stringContaining('clsact') }],
      });
    expect(await site.asked(VIP.address)).toBeUndefined();
    expect(filters('ingress')).toContain('lease_in');
    run(site.one, 'tc', ['qdisc', 'del', 'dev', 'eth0', 'ingress']);
    expect(ensure(lease)).toEqual({ attached: ['eth0'], failures: [] });
  });

  it('replaces its VIPs without forgetting those that stay', async () => {
    const lease = start();
    ensure(lease);
    lease.setVips([VIP]);
    expect(await site.asked(VIP6.address)).toBe(MAC.one); // no VIP any more: nobody's business
    expect(await site.asked(VIP.address)).toBeUndefined();
    const many = Array.from({ length: LEASE.vips_max + 1 }, (_, index) => ({
      ...VIP6,
      address: `fd00::1:${index.toString(16)}` as typeof VIP.address,
    }));
    expect(() => lease.setVips(many)).toThrow('at most 2048');
    lease.setVips(many.slice(1));
    lease.setVips(many.slice(0, -1));
    lease.setVips([VIP6]);
    expect(await site.asked(VIP6.address)).toBeUndefined();
  });

  it('is unguarded, and says why, where BPF is refused', () => {
    const script = `
      import { openLease } from ${JSON.stringify(import.meta.resolve('./lease.ts'))};
      const lease = openLease({ pinFolder: ${JSON.stringify(pinFolder)} });
      lease.setVips([${JSON.stringify(VIP)}]);
      const report = lease.ensure([]);
      lease.renew(60000);
      const { state, detail } = lease;
      const before = lease.remaining_ms();
      lease.letGo();
      console.log(JSON.stringify({ state, detail, report, held: before > 1000, left: lease.remaining_ms() }));`;
    const caps = '-bpf,-sys_admin,-net_admin,-dac_override';
    const without = [`--bounding-set=${caps}`, `--inh-caps=${caps}`, process.execPath];
    const { stdout } = run(site.one, 'setpriv', [...without, '--input-type=module-typescript', '-e', script]);
    expect(JSON.parse(stdout)).toEqual({
      state: 'unguarded',
      detail: expect.stringMatching(/\w/),
      report: { attached: [], failures: [] },
      held: true,
      left: 0,
    });
    run(site.one, 'rm', ['-rf', pinFolder]);
  });
});
