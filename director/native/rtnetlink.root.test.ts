import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { createNamespaces, ip, type Namespace, type Namespaces, run } from '../../test/support/netns.ts';
import { address } from '../model/address.ts';
import { inNamespace } from './netns.ts';
import { Rtnetlink } from './rtnetlink.ts';
import { IFA_F, NUD } from './rtnetlink-codec.ts';

const MAC = '02:00:00:00:09:02';
let set: Namespaces;
let here: Namespace;
let rt: Rtnetlink;
let eth0: number;

beforeAll(() => {
  set = createNamespaces('rtnetlink', ['here', 'there']);
  here = set.get('here');
  set.cable(
    { namespace: here, name: 'eth0', addresses: ['10.9.0.1/24', 'fd09::1/64'] },
    { namespace: set.get('there'), name: 'eth0', addresses: ['10.9.0.2/24', 'fd09::2/64'], mac: MAC },
  );
  ip(here, 'route add 10.50.0.0/16 via 10.9.0.2 mtu 1300');
  ip(here, 'route add 10.51.0.0/16 via inet6 fd09::2');
  ip(here, 'route add prohibit 10.52.0.0/16');
  ip(here, 'route add unreachable fd52::/64');
  rt = inNamespace(here, () => new Rtnetlink());
  eth0 = rt.link('eth0')!.index;
});
afterAll(() => {
  rt?.[Symbol.dispose]();
  set?.[Symbol.dispose]();
});

describe('links', () => {
  it('are found by name, by number, and in the list', () => {
    const byName = rt.link('eth0');
    expect(byName).toMatchObject({
      name: 'eth0',
      up: true,
      carrier: true,
      ethernet: true,
      mtu: 1500,
      kind: 'veth',
    });
    expect(byName!.mac).toHaveLength(6);
    expect(rt.link(eth0)).toEqual(byName);
    expect(rt.links().map((link) => link.name)).toEqual(['lo', 'eth0']);
    expect(rt.link('lo')).toMatchObject({ loopback: true, mac: undefined });
  });

  it.each(['eth9', 'a-name-that-is-too-long', '', 'a b', '../x'])(
    'that do not exist are undefined: %j',
    (name) => {
      expect(rt.link(name)).toBeUndefined();
    },
  );

  it('go down and up', () => {
    ip(here, 'link add name spare type bridge');
    const spare = rt.link('spare')!;
    rt.setLinkUp(spare.index);
    expect(rt.link('spare')!.up).toBe(true);
    rt.setLinkUp(spare.index, false);
    expect(rt.link('spare')!.up).toBe(false);
    expect(() => rt.setLinkUp(9999)).toThrow(expect.objectContaining({ code: 'errno-ENODEV' }));
  });

  it('are all listed where there are more than one datagram holds', () => {
    const names = Array.from({ length: 200 }, (_, index) => `many${index}`);
    const input = names.map((name) => `link add name ${name} type bridge`).join('\n');
    run(here, 'ip', ['-batch', '-'], { input });
    const found = rt.links().map((link) => link.name);
    expect(found).toEqual(expect.arrayContaining(names));
  });
});

describe('addresses', () => {
  const vip = address('10.9.0.100');
  const vip6 = address('fd09::100');

  it('are added once and removed once, with label and mark', () => {
    const spec = { interface_index: eth0, address: vip, prefix_bits: 24, label: 'eth0:fl', protocol: 0x99 };
    expect(rt.addAddress(spec)).toBe(true);
    expect(rt.addAddress(spec)).toBe(false);
    const found = rt.addresses({ family: 4, interface_index: eth0 }).find((one) => one.address === vip);
    expect(found).toMatchObject({ prefix_bits: 24, label: 'eth0:fl', protocol: 0x99 });
    expect(rt.removeAddress(spec)).toBe(true);
    expect(rt.removeAddress(spec)).toBe(false);
  });

  it('of IPv6 answer at once, without duplicate detection', () => {
    ip(here, 'link set dev lo up');
    const spec = { interface_index: eth0, address: vip6, prefix_bits: 64, deprecated: true };
    expect(rt.addAddress(spec)).toBe(true);
    const found = rt.addresses({ family: 6, interface_index: eth0 }).find((one) => one.address === vip6);
    expect(found!.flags & (IFA_F.NODAD | IFA_F.TENTATIVE)).toBe(IFA_F.NODAD);
    expect(found!.flags & IFA_F.DEPRECATED).toBe(IFA_F.DEPRECATED);
    expect(rt.removeAddress(spec)).toBe(true);
  });

  it('are not removed with another prefix than they were added with', () => {
    rt.addAddress({ interface_index: eth0, address: vip, prefix_bits: 24 });
    expect(rt.removeAddress({ interface_index: eth0, address: vip, prefix_bits: 32 })).toBe(false);
    expect(rt.removeAddress({ interface_index: eth0, address: vip, prefix_bits: 24 })).toBe(true);
  });

  it('cannot be nonsense: the kernel’s reason is in the error', () => {
    const add = () => rt.addAddress({ interface_index: 9999, address: vip, prefix_bits: 24 });
    expect(add).toThrow(expect.objectContaining({ code: 'errno-ENODEV' }));
    const wide = () => rt.addAddress({ interface_index: eth0, address: vip, prefix_bits: 33 });
    expect(wide).toThrow(/add address 10\.9\.0\.100\/33/);
  });
});

describe('routeTo', () => {
  it('tells interface, gateway, own address and path MTU', () => {
    expect(rt.routeTo(address('10.9.0.2'))).toMatchObject({
      kind: 'unicast',
      interface_index: eth0,
      gateway: undefined,
      source: '10.9.0.1',
      mtu: undefined,
    });
    expect(rt.routeTo(address('10.50.1.1'))).toMatchObject({ gateway: '10.9.0.2', mtu: 1300 });
    expect(rt.routeTo(address('fd09::2'))).toMatchObject({ interface_index: eth0, source: 'fd09::1' });
  });

  it('tells a gateway of the other family', () => {
    expect(rt.routeTo(address('10.51.1.1'))).toMatchObject({ gateway: 'fd09::2', source: '10.9.0.1' });
  });

  it('knows this host’s own addresses and the broadcast address', () => {
    for (const own of ['127.0.0.1', '10.9.0.1', 'fd09::1', '::1'])
      expect(rt.routeTo(address(own)).kind).toBe('local');
    expect(rt.routeTo(address('10.9.0.255')).kind).toBe('broadcast');
  });

  it.each([
    ['8.8.8.8', 'errno-ENETUNREACH'],
    ['10.52.0.1', 'errno-EACCES'],
    ['fd52::1', 'errno-EHOSTUNREACH'],
  ])('says why there is no way to %s: %s', (target, code) => {
    expect(() => rt.routeTo(address(target))).toThrow(expect.objectContaining({ code }));
  });

  it('follows the mark where a rule asks for it', () => {
    ip(here, 'route add table 77 10.60.0.0/16 via 10.9.0.2');
    ip(here, 'rule add fwmark 7 table 77');
    expect(rt.routeTo(address('10.60.0.1'), { mark: 7 })).toMatchObject({ gateway: '10.9.0.2', table: 77 });
    expect(() => rt.routeTo(address('10.60.0.1'))).toThrow();
  });
});

describe('neighbours', () => {
  it('are unknown at first, asked for by use, and then known', async () => {
    const target = address('10.9.0.2');
    expect(rt.neighbour(eth0, target)).toBeUndefined();
    rt.useNeighbour(eth0, target);
    await eventually(() => rt.neighbour(eth0, target)?.state).toBe(NUD.REACHABLE);
    expect(Buffer.from(rt.neighbour(eth0, target)!.mac!).toString('hex')).toBe('020000000902');
    expect(rt.neighbours({ family: 4 })).toHaveLength(1);
  });

  it('that are known can be probed, others not', async () => {
    const target = address('10.9.0.2');
    expect(rt.probeNeighbour(eth0, target)).toBe(true);
    await eventually(() => rt.neighbour(eth0, target)?.state).toBe(NUD.REACHABLE);
    expect(rt.probeNeighbour(eth0, address('10.9.0.3'))).toBe(false);
    rt.useNeighbour(eth0, address('10.9.0.4'));
    expect(rt.probeNeighbour(eth0, address('10.9.0.4'))).toBe(false);
  });

  it('of an interface that does not exist are undefined', () => {
    expect(rt.neighbour(9999, address('10.9.0.2'))).toBeUndefined();
  });
});
