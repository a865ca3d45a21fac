import { afterEach, describe, expect, it } from 'vitest';
import { address } from '../../director/model/address.ts';
import type { Clock } from '../../director/model/clock.ts';
import { enterNamespace } from '../../director/native/netns.ts';
import { openPacketSocket } from '../../director/native/packet-socket.ts';
import { Rtnetlink } from '../../director/native/rtnetlink.ts';
import { eventually } from '../../test/support/eventually.ts';
import { createNamespaces, ip, run, sysctl } from '../../test/support/netns.ts';
import { Announcer, announceAt, startAnnouncing } from './announce.ts';
import { gratuitousArp, unsolicitedAdvertisement } from './announce-frames.ts';
import { raiseVip, type Vip } from './vip.ts';

const vip: Vip = { address: address('10.0.0.100'), prefix_bits: 24, interface: 'eth0' };
const vip6: Vip = { address: address('fd00::100'), prefix_bits: 64, interface: 'eth0' };
const NEW = '02:00:00:00:00:0b';
const OLD = '02:00:00:00:00:0a';
const newMac = Uint8Array.of(2, 0, 0, 0, 0, 0x0b);

const open: Disposable[] = [];
afterEach(() => {
  for (const item of open.splice(0).reverse()) item[Symbol.dispose]();
});

/** A client whose caches lead to the old owner of both VIPs, and the new owner, whose namespace this thread enters. */
function pair() {
  const set = createNamespaces('announce', ['director', 'client']);
  open.push(set);
  const [director, client] = [set.get('director'), set.get('client')];
  set.cable(
    { namespace: director, name: 'eth0', mac: NEW, addresses: ['10.0.0.11/24', 'fd00::11/64'] },
    { namespace: client, name: 'eth0', mac: '02:00:00:00:00:0c', addresses: ['10.0.0.1/24', 'fd00::1/64'] },
  );
  for (const one of [vip, vip6]) ip(client, `neigh add ${one.address} lladdr ${OLD} dev eth0 nud stale`);
  open.push(enterNamespace(director));
  const rt = new Rtnetlink();
  const announcer = new Announcer(rt);
  open.push(rt, announcer);
  const believed = (to: string) => /lladdr (\S+)/.exec(ip(client, `neigh show ${to} dev eth0`))?.[1];
  return { set, director, client, rt, announcer, believed };
}

describe('an announcement', () => {
  it('turns the caches of a neighbour, IPv4 and IPv6', async () => {
    const { rt, announcer, believed } = pair();
    for (const one of [vip, vip6]) raiseVip(rt, one);
    expect(believed(vip.address)).toBe(OLD);
    const report = announcer.announce([vip, vip6]);
    expect(report.failures).toEqual([]);
    expect(report.sent).toBeGreaterThanOrEqual(3);
    await eventually(() => believed(vip.address)).toBe(NEW);
    await eventually(() => believed(vip6.address)).toBe(NEW);
  });

  it.each([
    ['an ARP request', vip, gratuitousArp(vip.address, newMac, 'request')],
    ['an ARP reply', vip, gratuitousArp(vip.address, newMac, 'reply')],
    ['an advertisement', vip6, unsolicitedAdvertisement(vip6.address, newMac, { router: false })],
    [
      'an advertisement to one neighbour',
      vip6,
      unsolicitedAdvertisement(vip6.address, newMac, {
        router: true,
        to: Uint8Array.of(2, 0, 0, 0, 0, 0x0c),
      }),
    ],
    [
      'an ARP request to one neighbour',
      vip,
      gratuitousArp(vip.address, newMac, 'request', Uint8Array.of(2, 0, 0, 0, 0, 0x0c)),
    ],
  ])('is understood by the kernel in each form alone: %s', async (_name, one, frame) => {
    const { rt, believed } = pair();
    using socket = openPacketSocket(rt.link('eth0')!.index);
    socket.send(frame);
    await eventually(() => believed(one.address)).toBe(NEW);
  });

  it('is repeated to each neighbour that is known', async () => {
    const { director, client, rt, announcer } = pair();
    raiseVip(rt, vip);
    run(director, 'ping', ['-c1', '-W2', '10.0.0.1']);
    open.push(enterNamespace(client));
    using clientRt = new Rtnetlink();
    using ears = openPacketSocket(clientRt.link('eth0')!.index, 0x0806);
    open.pop()![Symbol.dispose]();
    expect(announcer.announce([vip])).toEqual({ sent: 4, failures: [] });
    const heard: string[] = [];
    await eventually(() => {
      for (let frame = ears.receive(); frame !== undefined; frame = ears.receive())
        heard.push(Buffer.from(frame).toString('hex', 0, 6));
      return heard;
    }).toEqual(['ffffffffffff', 'ffffffffffff', '02000000000c', '02000000000c']);
  });

  it('says that this host is a router exactly when it forwards', async () => {
    const { director, client, rt, announcer } = pair();
    raiseVip(rt, vip6);
    const flags = () => {
      const shown = ip(client, `neigh show ${vip6.address} dev eth0`);
      return `${/lladdr (\S+)/.exec(shown)?.[1]} ${shown.includes('router') ? 'router' : 'host'}`;
    };
    sysctl(director, 'net.ipv6.conf.eth0.forwarding', 1);
    expect(rt.isForwarding(6, rt.link('eth0')!.index)).toBe(true);
    announcer.announce([vip6]);
    await eventually(flags).toBe(`${NEW} router`);
    sysctl(director, 'net.ipv6.conf.eth0.forwarding', 0);
    announcer.announce([vip6]);
    await eventually(flags).toBe(`${NEW} host`);
  });

  it('reports what could not be announced and goes on with the rest', async () => {
    const { director, announcer, believed } = pair();
    const lost = { ...vip, interface: 'eth9' };
    const report = announcer.announce([lost, vip]);
    expect(report.failures).toEqual([
      {
        address: vip.address,
        code: 'announce-interface-missing',
        reason: 'There is no interface eth9.',
      },
    ]);
    await eventually(() => believed(vip.address)).toBe(NEW);
    ip(director, 'link set dev eth0 down');
    expect(announcer.announce([vip]).failures[0]!.reason).toContain('ENETDOWN');
    ip(director, 'link set dev eth0 up');
    expect(announcer.announce([vip]).failures).toEqual([]);
  });

  it('has nobody to be told on a loopback interface', () => {
    const { announcer } = pair();
    expect(announcer.announce([{ ...vip, interface: 'lo' }])).toEqual({ sent: 0, failures: [] });
  });

  it('works on an interface that was made anew under the same name', async () => {
    const { set, director, client, announcer, believed } = pair();
    announcer.announce([vip]);
    await eventually(() => believed(vip.address)).toBe(NEW);
    ip(director, 'link delete dev eth0');
    set.cable(
      { namespace: director, name: 'eth0', mac: '02:00:00:00:00:0d', addresses: ['10.0.0.11/24'] },
      { namespace: client, name: 'eth0', addresses: ['10.0.0.1/24'] },
    );
    ip(client, `neigh add ${vip.address} lladdr ${OLD} dev eth0 nud stale`);
    expect(announcer.announce([vip]).failures).toEqual([]);
    await eventually(() => believed(vip.address)).toBe('02:00:00:00:00:0d');
  });
});

describe('startAnnouncing', () => {
  it('announces by the timetable until disposed', () => {
    const { announcer } = pair();
    let now_ms = 5_000;
    let waiting: { at_ms: number; run: () => void } | undefined;
    const clock: Clock = {
      now: () => 0,
      monotonic_ms: () => now_ms,
      after(delay_ms, action) {
        waiting = { at_ms: now_ms + delay_ms, run: action };
        return {
          [Symbol.dispose]() {
            waiting = undefined;
          },
        };
      },
    };
    const at: number[] = [];
    const series = startAnnouncing({
      announcer,
      vips: [vip],
      clock,
      onReport: () => at.push(now_ms - 5_000 - 1), // complete once neighbours were told, a moment later
    });
    while (waiting !== undefined && at.length < 10) {
      now_ms = waiting.at_ms;
      waiting.run();
    }
    expect(at).toEqual([0, 50, 200, 500, 1_000, 2_000, 5_000, 10_000, 40_000, 70_000]);
    expect(announceAt(10)).toBe(100_000);
    series[Symbol.dispose]();
    expect(waiting).toBeUndefined();
  });
});
