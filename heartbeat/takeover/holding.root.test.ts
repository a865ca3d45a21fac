import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { address } from '../../director/model/address.ts';
import { inNamespace } from '../../director/native/netns.ts';
import { openPacketSocket } from '../../director/native/packet-socket.ts';
import { Rtnetlink } from '../../director/native/rtnetlink.ts';
import { eventually } from '../../test/support/eventually.ts';
import { ip, type Namespace, run } from '../../test/support/netns.ts';
import { gratuitousArp } from './announce-frames.ts';
import { type Holding, type HoldingOptions, openHolding } from './holding.ts';
import {
  createNeighbourhood,
  MAC,
  type Neighbourhood,
  ownAddress,
  realClock,
  VIP,
  VIP6,
} from './support/neighbourhood.ts';

const BOTH = [VIP, VIP6];
const twoMac = Uint8Array.of(2, 0, 0, 0, 0, 0x0b);
let site: Neighbourhood;
let opened: { holding: Holding; at: Namespace }[];
let folders: string[];
let records: string[];
let claims: string[];

beforeEach(() => {
  site = createNeighbourhood('holding');
  [opened, folders, records, claims] = [[], [], [], []];
});
afterEach(() => {
  for (const { holding, at } of opened) inNamespace(at, () => holding[Symbol.dispose]());
  site[Symbol.dispose]();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function folderOf(label: 'one' | 'two'): string {
  const folder = `/sys/fs/bpf/fairlead-test-holding-${process.pid}-${label}`;
  folders.push(folder);
  return folder;
}

interface Director extends Pick<Holding, 'status' | 'renewLease' | 'leaseCounters' | 'leaseRemaining_ms'> {
  raise(): ReturnType<Holding['raise']>;
  release(): ReturnType<Holding['release']>;
  check(): readonly string[];
  /** In its namespace. */
  do<T>(action: (holding: Holding) => T): T;
}

function director(label: 'one' | 'two', options: Partial<HoldingOptions> = {}): Director {
  const at = site[label];
  const holding = inNamespace(at, () =>
    openHolding({
      vips: BOTH,
      clock: realClock,
      leaseFolder: folderOf(label),
      onClaim: (vip, mac) => claims.push(`${vip} ${mac}`),
      record: (event, subject, reason) => records.push(`${event} ${subject}: ${reason}`),
      ...options,
    }),
  );
  opened.push({ holding, at });
  const inside = <T>(action: (holding: Holding) => T) => inNamespace(at, () => action(holding));
  return {
    status: () => holding.status(),
    leaseCounters: () => holding.leaseCounters(),
    leaseRemaining_ms: () => holding.leaseRemaining_ms(),
    renewLease: (valid_ms) => holding.renewLease(valid_ms),
    raise: () => inside((each) => each.raise()),
    release: () => inside((each) => each.release()),
    check: () => inside((each) => each.check()),
    do: inside,
  };
}

function raised(label: 'one' | 'two' = 'one', options: Partial<HoldingOptions> = {}): Director {
  const made = director(label, options);
  made.renewLease(60_000);
  expect(made.raise()).toEqual({ ok: true, reason: '2 VIPs are up', failed: [] });
  return made;
}

describe('holding', () => {
  it('moves between two directors, and the client’s caches follow', async () => {
    const one = raised();
    for (const vip of BOTH) expect(await site.asked(vip.address)).toBe(MAC.one);
    const two = director('two');
    expect(one.release()).toEqual({ ok: true, reason: '2 VIPs are down', failed: [] });
    expect(one.leaseRemaining_ms()).toBe(0);
    two.renewLease(60_000);
    two.raise();
    for (const vip of BOTH) await eventually(() => site.believed(vip.address)).toBe(MAC.two);
    for (const vip of BOTH) expect(await site.asked(vip.address)).toBe(MAC.two);
    expect(ip(site.one, 'addr show dev eth0')).not.toMatch(/10\.0\.0\.100|fd00::100/);
    await eventually(() => two.status().announcements).toBeGreaterThanOrEqual(3);
    expect(two.status()).toMatchObject({
      vips: [
        { address: VIP.address, interface: 'eth0', state: 'up' },
        { address: VIP6.address, interface: 'eth0', state: 'up' },
      ],
      lease: { state: 'held', detail: '' },
      claimants: 0,
    });
    expect(one.status()).toMatchObject({
      vips: [{ state: 'absent' }, { state: 'absent' }],
      lease: { state: 'none' },
    });
    expect(records).toEqual([]);
  });

  it.each(['SIGKILL', 'SIGSTOP'] as const)('falls silent when its process gets %s', async (signal) => {
    const child = site.set.start(
      site.one,
      process.execPath,
      ['--input-type=module-typescript', '-e', keeper()],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    await eventually(() => site.asked(VIP.address)).toBe(MAC.one);
    await eventually(() => site.asked(VIP6.address)).toBe(MAC.one);
    signalInside(site.one, child.pid!, signal);
    for (const vip of BOTH) await eventually(() => site.asked(vip.address)).toBeUndefined();
    expect(ip(site.one, 'addr show dev eth0')).toMatch(/10\.0\.0\.100[\s\S]*fd00::100/); // it still has them
    for (const vip of BOTH) expect(await site.asked(ownAddress('one', vip))).toBe(MAC.one);
    for (const vip of BOTH)
      ip(site.client, `neigh replace ${vip.address} lladdr ${MAC.one} dev eth0 nud stale`);
    raised('two');
    for (const vip of BOTH) {
      await eventually(() => site.believed(vip.address)).toBe(MAC.two);
      expect(await site.asked(vip.address)).toBe(MAC.two);
    }
    if (signal === 'SIGSTOP') {
      signalInside(site.one, child.pid!, 'SIGKILL');
      return;
    }
    const successor = director('one');
    expect(successor.do((holding) => holding.cleanLeftovers())).toMatchObject({ ok: true });
    expect(ip(site.one, 'addr show dev eth0')).not.toMatch(/10\.0\.0\.100|fd00::100/);
    expect(records).toEqual([expect.stringMatching(/^leftovers-released vips: .* left 2 VIPs up$/)]);
  });

  it('goes on in another process that adopts the lease while it is young', async () => {
    const first = raised();
    inNamespace(site.one, () => opened.pop()!.holding[Symbol.dispose]());
    first.renewLease(1); // of no effect any more
    const second = director('one');
    expect(second.leaseRemaining_ms()).toBeGreaterThan(1_000);
    expect(second.status().vips).toMatchObject([{ state: 'up' }, { state: 'up' }]);
    expect(second.raise().ok).toBe(true);
    for (const vip of BOTH) expect(await site.asked(vip.address)).toBe(MAC.one);
  });

  it('hears another claimant while it holds the VIPs, and announces again', async () => {
    const one = raised();
    using mouth = inNamespace(site.two, () => {
      using rt = new Rtnetlink();
      return openPacketSocket(rt.link('eth0')!.index);
    });
    await eventually(() => one.status().announcements).toBeGreaterThanOrEqual(3);
    mouth.send(gratuitousArp(VIP.address, twoMac, 'reply'));
    await eventually(() => claims).toEqual([`${VIP.address} ${MAC.two}`]);
    expect(one.status().claimants).toBe(1);
    one.do((holding) => holding.announceAgain());
    await eventually(() => site.believed(VIP.address)).not.toBe(MAC.two);
    one.release();
    mouth.send(gratuitousArp(VIP.address, twoMac, 'request')); // the owner’s
    await eventually(() => one.leaseCounters().claims).toBe(2);
    expect(claims).toHaveLength(1);
  });

  it('raises what it can when one VIP fails, and says why', () => {
    const lost = { ...VIP, address: address('10.0.0.101'), interface: 'eth9' };
    const one = director('one', { vips: [lost, VIP] });
    one.renewLease(60_000);
    expect(one.raise()).toMatchObject({
      ok: true,
      reason: expect.stringMatching(/^1 of 2 VIPs are not up: .*no interface eth9/),
      failed: [{ vip: lost }],
    });
    expect(one.status().vips).toMatchObject([
      { state: 'failed', detail: expect.any(String) },
      { state: 'up' },
    ]);
    expect(one.check()).toEqual(['eth9']);
    one.check();
    expect(records.filter((each) => each.startsWith('vip-failed'))).toHaveLength(1);
    site.set.cable({ namespace: site.one, name: 'eth9' }, { namespace: site.two, name: 'eth9' });
    expect(one.check()).toEqual([]);
    expect(records.at(-1)).toBe('vip-put-back 10.0.0.101: what hindered it is gone; it is up again');
    expect(one.release()).toMatchObject({ ok: true });
  });

  it('raises very many bit by bit, and stops when it is told to release', async () => {
    const vips = Array.from({ length: 200 }, (_, index) => ({
      ...(index % 2 ? VIP : VIP6),
      address: address(
        index % 2 ? `10.0.0.${50 + index}`.replace(/\.2\d\d$/, `.${index}`) : `fd00::1:${index}`,
      ),
    }));
    const one = director('one', { vips });
    one.renewLease(60_000);
    const up = () => one.status().vips.filter((vip) => vip.state === 'up').length;
    expect(one.raise()).toMatchObject({ ok: true });
    expect(up()).toBe(64);
    one.check();
    await eventually(up).toBe(200);
    await eventually(() => one.status().announcements).toBeGreaterThanOrEqual(600);
    expect(one.release()).toMatchObject({ ok: true, reason: '200 VIPs are down' });
    one.raise();
    one.release();
    await new Promise(setImmediate);
    expect(up()).toBe(0);
    expect(ip(site.one, 'addr show dev eth0')).not.toMatch(/fl$/m);
    expect(records).toEqual([]);
  });

  it('has failed when no VIP is up', () => {
    const one = director('one', { vips: [{ ...VIP, interface: 'eth9' }] });
    expect(one.raise()).toMatchObject({ ok: false });
    expect(director('two', { vips: [] }).raise()).toMatchObject({ ok: true, reason: '0 VIPs are up' });
  });

  it('puts back what somebody removed: a VIP, the filter', async () => {
    const one = raised();
    ip(site.one, 'addr del 10.0.0.100/24 dev eth0');
    run(site.one, 'tc', ['qdisc', 'del', 'dev', 'eth0', 'clsact']);
    expect(one.check()).toEqual([]);
    expect(records).toEqual([
      'lease-put-back eth0: the lease’s filter was missing there',
      'vip-put-back 10.0.0.100: somebody had removed it; it is up again',
    ]);
    expect(await site.asked(VIP.address)).toBe(MAC.one);
    one.renewLease(0);
    expect(await site.asked(VIP.address)).toBeUndefined();
  });

  it('releases a VIP that is up although it is not held, once it is known not to be', () => {
    ip(site.one, 'addr add 10.0.0.100/24 dev eth0');
    const one = director('one');
    one.check();
    expect(one.status().vips[0]).toMatchObject({ state: 'up' }); // perhaps its own, of a moment ago
    one.release();
    ip(site.one, 'addr add 10.0.0.100/24 dev eth0');
    one.check();
    expect(one.status().vips[0]).toMatchObject({ state: 'absent' });
    expect(records).toEqual(['vip-released 10.0.0.100: it was up although it is not held here']);
  });

  it('announces again when a carrier is back or the link address changes', async () => {
    const one = raised();
    await site.asked(VIP.address);
    ip(site.one, 'link set dev eth0 address 02:00:00:00:00:1a');
    one.check();
    await eventually(() => site.believed(VIP.address)).toBe('02:00:00:00:00:1a');
    const switched = site.set.get('switch');
    ip(switched, 'link set dev one down');
    await eventually(() => one.check()).toEqual(['eth0']);
    ip(site.client, `neigh replace 10.0.0.100 lladdr ${MAC.two} dev eth0 nud stale`);
    ip(switched, 'link set dev one up');
    await eventually(() => one.check()).toEqual([]);
    await eventually(() => site.believed(VIP.address)).toBe('02:00:00:00:00:1a');
  });

  it('replaces VIPs while it holds them', async () => {
    const one = raised();
    const third = { ...VIP, address: address('10.0.0.103') };
    one.do((holding) => holding.replaceVips([VIP6, third]));
    expect(await site.asked(third.address)).toBe(MAC.one);
    expect(await site.asked(VIP.address)).toBeUndefined();
    one.do((holding) => holding.replaceVips([VIP6, { ...third, prefix_bits: 32 }]));
    expect(ip(site.one, 'addr show dev eth0')).toContain('10.0.0.103/32');
    expect(ip(site.one, 'addr show dev eth0')).not.toContain('10.0.0.103/24');
    one.release();
    one.do((holding) => holding.replaceVips(BOTH));
    expect(one.status().vips).toMatchObject([{ state: 'absent' }, { state: 'absent' }]);
    expect(records).toEqual([]);
  });

  it('asks whether somebody holds the VIPs that are to be asked for', async () => {
    raised();
    const two = director('two', { vips: BOTH.map((vip) => ({ ...vip, probe: true })) });
    expect(await two.do((holding) => holding.probe(20_000))).toMatch(
      /^02:00:00:00:00:0a \((10\.0\.0\.100|fd00::100)\)$/,
    );
    const careless = director('two');
    expect(await careless.do((holding) => holding.probe())).toBeUndefined();
  });

  it('takes everything out of the kernel when it is removed', () => {
    const one = raised();
    one.do((holding) => holding.remove());
    expect(existsSync(folders[0]!)).toBe(false);
    expect(run(site.one, 'tc', ['filter', 'show', 'dev', 'eth0', 'ingress']).stdout).toBe('');
    expect(ip(site.one, 'addr show dev eth0')).not.toContain('10.0.0.100');
    one.renewLease(60_000);
    one.check();
  });
});

/** A process that holds the VIPs and renews the lease, 300 ms each time, for as long as it lives. */
function keeper(): string {
  return `
    import { openHolding } from ${JSON.stringify(import.meta.resolve('./holding.ts'))};
    import { realClock } from ${JSON.stringify(import.meta.resolve('./support/neighbourhood.ts'))};
    const holding = openHolding({
      vips: ${JSON.stringify(BOTH)},
      clock: realClock,
      leaseFolder: ${JSON.stringify(folderOf('one'))},
      onClaim() {},
      record: console.error,
    });
    holding.renewLease(300);
    setInterval(() => holding.renewLease(300), 20);
    holding.raise();`;
}

/** The program that nsenter became. */
function signalInside(namespace: Namespace, pid: number, signal: NodeJS.Signals): void {
  const inside = spawnSync('ip', ['netns', 'pids', namespace.name], { encoding: 'utf8' }).stdout.split('\n');
  expect(inside).toContain(String(pid));
  process.kill(pid, signal);
}
