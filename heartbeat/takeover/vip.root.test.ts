import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { address } from '../../director/model/address.ts';
import { FairleadError } from '../../director/model/error.ts';
import { inNamespace } from '../../director/native/netns.ts';
import { Rtnetlink } from '../../director/native/rtnetlink.ts';
import {
  createNamespaces,
  ip,
  type Namespace,
  type Namespaces,
  run,
  sysctl,
} from '../../test/support/netns.ts';
import { isRaised, listVips, raiseVip, releaseVip, type Vip } from './vip.ts';

let set: Namespaces;
let here: Namespace;
let rt: Rtnetlink;
const vip: Vip = { address: address('10.0.0.100'), prefix_bits: 24, interface: 'eth0' };
const vip6: Vip = { address: address('fd00::100'), prefix_bits: 64, interface: 'eth0' };
const longName = 'a-long-name-015';

beforeAll(() => {
  set = createNamespaces('vip', ['here', 'there']);
  here = set.get('here');
  set.cable({ namespace: here, name: 'eth0' }, { namespace: set.get('there'), name: 'eth0' });
  set.cable({ namespace: here, name: 'eth1' }, { namespace: set.get('there'), name: 'eth1' });
  set.cable({ namespace: here, name: longName }, { namespace: set.get('there'), name: 'eth2' });
  rt = inNamespace(here, () => new Rtnetlink());
});
afterEach(() => {
  for (const name of ['eth0', 'eth1', longName]) ip(here, `addr flush dev ${name} scope global`);
});
afterAll(() => {
  rt?.[Symbol.dispose]();
  set?.[Symbol.dispose]();
});

function refusal(action: () => unknown): { code: string; message: string; remedy: string } {
  try {
    action();
  } catch (error) {
    if (error instanceof FairleadError)
      return { code: error.code, message: error.message, remedy: error.remedy ?? '' };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('raiseVip and releaseVip', () => {
  it.each([vip, vip6])('raise and release $address, each once', (one) => {
    expect(isRaised(rt, one)).toBe(false);
    expect(raiseVip(rt, one)).toBe('raised');
    expect(raiseVip(rt, one)).toBe('present');
    expect(isRaised(rt, one)).toBe(true);
    expect(listVips(rt)).toEqual([one]);
    expect(releaseVip(rt, one)).toBe('released');
    expect(releaseVip(rt, one)).toBe('absent');
    expect(isRaised(rt, one)).toBe(false);
    expect(listVips(rt)).toEqual([]);
  });

  it('raise with the very prefix, and mark the address as ours', () => {
    raiseVip(rt, { ...vip, prefix_bits: 32 });
    expect(ip(here, 'addr show dev eth0')).toContain('inet 10.0.0.100/32 scope global eth0:fl');
    const found = rt.addresses({ family: 4 }).find((one) => one.address === vip.address);
    expect(found).toMatchObject({ protocol: 0x99, label: 'eth0:fl' });
  });

  it('raise on an interface whose name leaves no room for a label', () => {
    const one = { ...vip, interface: longName };
    expect(raiseVip(rt, one)).toBe('raised');
    expect(listVips(rt)).toEqual([one]);
  });

  it('do not let this host’s own IPv6 connections come from the VIP', () => {
    ip(here, 'addr add fd00::11/64 dev eth0 nodad');
    raiseVip(rt, vip6);
    expect(ip(here, 'addr show dev eth0')).toMatch(/fd00::100\/64 scope global.* deprecated/);
    expect(rt.routeTo(address('fd00::2')).source).toBe('fd00::11');
  });

  it('take over an address that an administrator has set, and release it', () => {
    ip(here, 'addr add 10.0.0.100/24 dev eth0');
    expect(raiseVip(rt, vip)).toBe('present');
    expect(listVips(rt)).toEqual([]);
    expect(releaseVip(rt, vip)).toBe('released');
    expect(isRaised(rt, vip)).toBe(false);
  });

  it('replace an IPv6 address that duplicate detection holds back', () => {
    sysctl(here, 'net.ipv6.conf.eth0.accept_dad', 1);
    sysctl(here, 'net.ipv6.conf.eth0.dad_transmits', 5);
    ip(here, 'addr add fd00::100/64 dev eth0');
    expect(isRaised(rt, vip6)).toBe(false);
    expect(raiseVip(rt, vip6)).toBe('raised');
    expect(isRaised(rt, vip6)).toBe(true);
    sysctl(here, 'net.ipv6.conf.eth0.accept_dad', 0);
  });

  it('never take the interface’s other addresses along, not even when the VIP was there first', () => {
    raiseVip(rt, vip);
    ip(here, 'addr add 10.0.0.11/24 dev eth0');
    ip(here, 'addr add 10.0.0.12/24 dev eth0');
    ip(here, 'route add default via 10.0.0.254');
    expect(releaseVip(rt, vip)).toBe('released');
    const left = rt.addresses({ family: 4, interface_index: rt.link('eth0')!.index });
    expect(left.map((one) => one.address)).toEqual(['10.0.0.11', '10.0.0.12']);
    expect(rt.routeTo(address('8.8.8.8')).gateway).toBe('10.0.0.254');
  });
});

describe('what cannot be raised', () => {
  it('for want of its interface', () => {
    const wrong = { ...vip, interface: 'eth9' };
    expect(refusal(() => raiseVip(rt, wrong))).toEqual({
      code: 'vip-interface-missing',
      message: 'VIP 10.0.0.100/24: this host has no interface eth9.',
      remedy: expect.stringContaining('virtual_ips'),
    });
    expect(releaseVip(rt, wrong)).toBe('absent');
    expect(isRaised(rt, wrong)).toBe(false);
  });

  it('because another interface has the address', () => {
    ip(here, 'addr add 10.0.0.100/24 dev eth1');
    expect(refusal(() => raiseVip(rt, vip))).toEqual({
      code: 'vip-elsewhere',
      message: 'VIP 10.0.0.100/24 belongs on eth0, but eth1 has this address already.',
      remedy: 'Remove it there: ip addr delete 10.0.0.100/24 dev eth1',
    });
  });

  it('because the address is there with another prefix', () => {
    ip(here, 'addr add 10.0.0.100/32 dev eth0');
    expect(refusal(() => raiseVip(rt, vip))).toMatchObject({
      code: 'vip-other-prefix',
      message: 'VIP 10.0.0.100/24: eth0 has this address already, but with the prefix /32.',
    });
  });

  it('because IPv6 is switched off there', () => {
    sysctl(here, 'net.ipv6.conf.eth0.disable_ipv6', 1);
    expect(refusal(() => raiseVip(rt, vip6))).toMatchObject({
      code: 'vip-refused',
      remedy: 'Switch IPv6 on: sysctl net.ipv6.conf.eth0.disable_ipv6=0.',
    });
    sysctl(here, 'net.ipv6.conf.eth0.disable_ipv6', 0);
  });

  it('without the right to', () => {
    const script = `
      import { Rtnetlink } from ${JSON.stringify(import.meta.resolve('../../director/native/rtnetlink.ts'))};
      import { raiseVip } from ${JSON.stringify(import.meta.resolve('./vip.ts'))};
      try {
        raiseVip(new Rtnetlink(), ${JSON.stringify(vip)});
      } catch (error) {
        console.log(JSON.stringify({ code: error.code, message: error.message, remedy: error.remedy }));
      }`;
    const withoutRight = ['--bounding-set=-net_admin', '--inh-caps=-net_admin', process.execPath];
    const { stdout } = run(here, 'setpriv', [
      ...withoutRight,
      '--input-type=module-typescript',
      '-e',
      script,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'vip-not-permitted',
      message: expect.stringContaining('VIP 10.0.0.100/24 cannot be raised on eth0'),
      remedy: expect.stringContaining('CAP_NET_ADMIN'),
    });
  });
});
