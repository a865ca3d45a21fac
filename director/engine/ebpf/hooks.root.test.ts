// The engine on real interfaces: attaching, letting go, and a new process taking over from an old one while traffic goes on.
import { existsSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEbpfSite, type EbpfSite, SITE_STEPS } from '../../../test/support/ebpf-site.ts';
import { eventually } from '../../../test/support/eventually.ts';
import { ip, run } from '../../../test/support/netns.ts';
import { FairleadError } from '../../model/error.ts';
import { attachTc } from '../../native/libbpf.ts';
import { inNamespace } from '../../native/netns.ts';
import { loadDecap } from './decap.ts';
import { chooseHook } from './hooks.ts';
import { CONTROL } from './layout.ts';

let site: EbpfSite;
const withSite = () => {
  beforeEach(async () => {
    site = await createEbpfSite();
  });
  afterEach(() => site[Symbol.dispose]());
};

/** What a person would look for: `pref 70 bpf … director_tc`. */
const OURS = /pref 70 bpf .*handle 0x1 director_tc.* id (\d+)/;
const programOn = (name: string) => OURS.exec(site.filters(name))?.[1];
const interfaceIndex = (name: string) => Number.parseInt(ip(site.director, `link show dev ${name}`), 10);
const hasXdp = (name: string) => / xdp /.test(ip(site.director, `link show dev ${name}`));

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof FairleadError) return error.code;
    throw error;
  }
}

describe('the choice of a hook', () => {
  it.each([
    ['auto', 'ixgbe', 'xdp'],
    ['auto', 'mlx5_core', 'xdp'],
    ['auto', 'virtio_net', 'tc'],
    ['auto', undefined, 'tc'],
    ['tc', 'ixgbe', 'tc'],
    ['xdp', 'virtio_net', 'xdp'],
    ['xdp', undefined, 'xdp'],
  ] as const)('%s with driver %s is %s', (choice, driver, hook) => {
    expect(chooseHook(choice, driver).hook).toBe(hook);
  });
});

describe('opening the engine', () => {
  withSite();

  it('attaches the packet program to every interface and says so', () => {
    using engine = site.open();
    expect(engine.capabilities().hooks.map((each) => [each.interface, each.hook])).toEqual([
      ['eth0', 'tc'],
      ['eth1', 'tc'],
    ]);
    expect(programOn('eth0')).toBeDefined();
    expect(programOn('eth1')).toBe(programOn('eth0'));
    site.release(engine);
  });

  it('touches nothing when an interface is missing', () => {
    expect(codeOf(() => site.open({ interfaces: ['eth0', 'eth9'] }))).toBe('interface-missing');
    expect(site.filters('eth0')).toBe('');
    expect(run(site.director, 'tc', ['qdisc', 'show', 'dev', 'eth0']).stdout).not.toContain('clsact');
    expect(existsSync(site.pinFolder)).toBe(false);
  });

  it('lets go of the first interface when the second cannot be attached', () => {
    // the loopback has no native XDP
    expect(codeOf(() => site.open({ hook: 'xdp', interfaces: ['eth0', 'lo'], pinned: false }))).toBe(
      'attach-failed',
    );
    expect(hasXdp('eth0')).toBe(false);
  });

  it.each(['tc', 'xdp'] as const)('puts the program back where somebody took it away (%s)', (hook) => {
    using engine = site.open({ hook });
    const mend = () => inNamespace(site.director, () => engine.mend());
    expect(mend()).toEqual([]);
    if (hook === 'tc') run(site.director, 'tc', ['qdisc', 'del', 'dev', 'eth0', 'clsact']);
    else ip(site.director, 'link set dev eth0 xdpdrv off');
    expect(mend()).toEqual([{ interface: 'eth0', hook, missing: undefined }]);
    expect(hook === 'tc' ? programOn('eth0') !== undefined : hasXdp('eth0')).toBe(true);
    expect(mend()).toEqual([]);
    site.release(engine);
  });

  it('says that an interface is gone, and follows it when it is made anew', () => {
    using engine = site.open();
    const mend = () => inNamespace(site.director, () => engine.mend());
    ip(site.director, 'link delete dev eth0');
    expect(mend()).toEqual([{ interface: 'eth0', hook: 'tc', missing: 'there is no interface eth0' }]);
    ip(site.director, 'link add name eth0 type veth peer name other');
    expect(mend()).toEqual([{ interface: 'eth0', hook: 'tc', missing: undefined }]);
    expect(programOn('eth0')).toBeDefined();
    site.release(engine);
    expect(site.filters('eth0')).toBe('');
  });

  it('leaves the filters of others as they are, before, during and after', () => {
    using stranger = loadDecap(join(import.meta.dirname, '../../../build/bpf/decap.o'), []);
    const place = { interface_index: interfaceIndex('eth0'), handle: 1, priority: 100 };
    inNamespace({ name: site.director.name }, () => attachTc(place, stranger.programFd));
    const others = () =>
      run(site.director, 'tc', ['filter', 'show', 'dev', 'eth0', 'ingress', 'pref', '100']).stdout;
    const before = others();
    expect(before).toContain('decap');
    using engine = site.open();
    expect(others()).toEqual(before);
    expect(programOn('eth0')).toBeDefined();
    site.release(engine);
    expect(others()).toEqual(before);
    expect(programOn('eth0')).toBeUndefined();
  });
});

describe('letting go', () => {
  withSite();

  it('leaves no filter and no pin behind when the engine is released', () => {
    using engine = site.open();
    engine.apply(SITE_STEPS);
    site.release(engine);
    for (const name of ['eth0', 'eth1']) expect(site.filters(name)).toBe('');
    expect(existsSync(site.pinFolder)).toBe(false);
  });

  it('leaves the program at work when the engine is only closed', async () => {
    const engine = site.open();
    engine.apply(SITE_STEPS);
    const talk = site.talk();
    await eventuallyTalking(talk);
    engine.close();
    const { tcp, udp } = await talk.counts();
    await eventually(async () => (await talk.counts()).tcp).toBeGreaterThan(tcp + 20);
    await eventually(async () => (await talk.counts()).udp).toBeGreaterThan(udp + 20);
    await talk.stop();
    site.release(site.open());
  });
});

type Talk = ReturnType<EbpfSite['talk']>;

async function eventuallyTalking(talk: Talk): Promise<void> {
  await eventually(async () => Math.min(...Object.values(pick(await talk.counts())))).toBeGreaterThan(20);
}

const pick = ({ tcp, udp }: { tcp: number; udp: number }) => ({ tcp, udp });

describe('taking over from an earlier process', () => {
  withSite();

  it('keeps services, servers, counters and connections, and loses no packet of the traffic that goes on', async () => {
    const first = site.open();
    expect(first.adopted).toBe(false);
    first.apply(SITE_STEPS);
    const talk = site.talk();
    await eventuallyTalking(talk);
    const [program, before] = [programOn('eth0'), first.snapshot()];
    first.close();

    using second = site.open({ connections_max: 5_000 });
    expect(second.adopted).toBe(true);
    expect(programOn('eth0')).not.toBe(program);
    expect(programOn('eth1')).toBe(programOn('eth0'));
    const after = second.snapshot();
    expect(after.services.map(({ spec }) => spec)).toEqual(before.services.map(({ spec }) => spec));
    expect(after.services.flatMap(({ servers }) => servers.map(({ spec }) => spec))).toEqual(
      before.services.flatMap(({ servers }) => servers.map(({ spec }) => spec)),
    );
    expect(after.tables[0]!.limit).toBe(1_000); // a running table keeps its size
    for (const [index, { traffic }] of before.services.entries())
      expect(after.services[index]!.traffic.packets_in).toBeGreaterThanOrEqual(traffic.packets_in);
    expect(
      second
        .connections({}, 10)
        .map(({ service, state }) => `${service} ${state}`)
        .toSorted(),
    ).toEqual(['nat-tcp ESTABLISHED', 'nat-udp UDP']);

    const then = await talk.counts();
    await eventually(async () => (await talk.counts()).udp).toBeGreaterThan(then.udp + 20);
    // it waits until every datagram has come back: one that was lost would keep it for ever
    expect(await talk.stop()).toMatchObject({ outstanding: { tcp: 0, udp: 0 } });
    expect(Object.values(second.snapshot().totals.dropped).every((count) => count === 0)).toBe(true);
    site.release(second);
  });

  it('goes on through many changes of process without losing a packet', async () => {
    let engine = site.open();
    engine.apply(SITE_STEPS);
    const talk = site.talk();
    await eventuallyTalking(talk);
    for (let turn = 0; turn < 3; turn++) {
      engine.close();
      engine = site.open();
      expect(engine.adopted).toBe(true);
      const then = await talk.counts();
      await eventually(async () => (await talk.counts()).udp).toBeGreaterThan(then.udp);
    }
    expect(await talk.stop()).toMatchObject({ outstanding: { tcp: 0, udp: 0 } });
    expect(engine.connections({}, 10)).toHaveLength(2);
    site.release(engine);
  });

  it('takes the interfaces as they are configured now', () => {
    site.open().close();
    using second = site.open({ interfaces: ['eth1'] });
    expect(programOn('eth1')).toBeDefined();
    expect(programOn('eth0')).toBeUndefined();
    site.release(second);
  });

  it('takes the hook as it is configured now', () => {
    site.open().close();
    using second = site.open({ hook: 'xdp' });
    expect(hasXdp('eth0')).toBe(true);
    expect(programOn('eth0')).toBeUndefined();
    site.release(second);
    expect(hasXdp('eth0')).toBe(false);
  });

  it('begins anew when only a part of the pins was written', () => {
    const first = site.open({ interfaces: [] });
    const all = readdirSync(site.pinFolder).toSorted();
    first.apply(SITE_STEPS);
    first.close();
    for (const name of ['control', 'slots']) unlinkSync(join(site.pinFolder, name));
    using second = site.open({ interfaces: [] });
    expect(second.adopted).toBe(false);
    expect(second.snapshot().services).toEqual([]);
    expect(readdirSync(site.pinFolder).toSorted()).toEqual(all);
    expect(second.apply(SITE_STEPS).every(({ ok }) => ok)).toBe(true);
    site.release(second);
  });

  it('refuses tables of another layout and leaves them alone', () => {
    const other = site.open({ interfaces: [] });
    const all = readdirSync(site.pinFolder).toSorted();
    other.tables.array('control').setU32(0, CONTROL.layout, 99);
    other.close();
    expect(codeOf(() => site.open())).toBe('layout-changed');
    expect(readdirSync(site.pinFolder).toSorted()).toEqual(all);
    expect(site.filters('eth0')).toBe('');
  });
});
