import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../../test/support/eventually.ts';
import { createNamespaces, ip, type Namespace, run, sysctl } from '../../../../test/support/netns.ts';
import { type Address, address } from '../../../model/address.ts';
import type { Clock } from '../../../model/clock.ts';
import { inNamespace } from '../../../native/netns.ts';
import { describeHop, formatMac, type Hop, type LinkHop } from './hop.ts';
import { createHopTable, HOPS_MAX } from './hop-table.ts';

/** A clock that runs `speed` times as fast, so that what takes half a minute fits a test. */
function clockOf(speed: number): Clock {
  return {
    now: () => Date.now(),
    monotonic_ms: () => performance.now() * speed,
    after(delay_ms, action) {
      const timer = setTimeout(action, delay_ms / speed);
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
  };
}
const MAC = { one: '02:00:00:00:00:01', two: '02:00:00:00:00:02', router: '02:00:00:00:00:fe' };
const one = address('10.1.0.21');
const one6 = address('fd01::21');

const open: Disposable[] = [];
afterEach(() => {
  for (const item of open.splice(0).reverse()) item[Symbol.dispose]();
});

/**
 * The director's two interfaces each end at a switch: eth1 (10.1.0.0/24, fd01::/64) with real server `one`,
 * eth0 (10.0.0.0/24) with a router. Everything the table says is kept.
 */
function site(speed = 1) {
  const set = createNamespaces('hops', ['director', 'one', 'router']);
  open.push(set);
  const [director, server, router] = [set.get('director'), set.get('one'), set.get('router')];
  set.cable(
    { namespace: director, name: 'eth1', addresses: ['10.1.0.11/24', 'fd01::11/64'] },
    { namespace: server, name: 'eth0', addresses: ['10.1.0.21/24', 'fd01::21/64'], mac: MAC.one },
  );
  set.cable(
    { namespace: director, name: 'eth0', addresses: ['10.0.0.11/24'] },
    { namespace: router, name: 'eth0', addresses: ['10.0.0.254/24'], mac: MAC.router },
  );
  for (const name of ['eth0', 'eth1'])
    for (const [setting, value] of [
      ['retrans_time_ms', 50], // what takes seconds by default fits a test
      ['delay_first_probe_time', 1],
      ['base_reachable_time_ms', 60_000],
    ] as const)
      sysctl(director, `net.ipv4.neigh.${name}.${setting}`, value);
  const changes: Hop[] = [];
  const logged: string[] = [];
  const table = inNamespace(director, () =>
    createHopTable({
      onChange: (hop) => changes.push(hop),
      log: (_level, message) => logged.push(message),
      clock: clockOf(speed),
    }),
  );
  open.push(table);
  const mac = (to: Address) => {
    const hop = table.get(to);
    if (hop?.kind !== 'link') return hop === undefined ? undefined : describeHop(hop);
    return hop.destination_mac && formatMac(hop.destination_mac);
  };
  return { set, director, server, router, table, changes, logged, mac };
}

function macOf(namespace: Namespace, name: string): string {
  return /ether ([0-9a-f:]{17})/.exec(ip(namespace, `link show dev ${name}`))![1]!;
}

describe('createHopTable', () => {
  it('resolves a server on the same link by asking for it', async () => {
    const { table, director, changes, mac } = site();
    table.watch([one]);
    expect(table.get(one)).toMatchObject({ kind: 'link', interface_name: 'eth1', gateway: one, mtu: 1500 });
    await eventually(() => mac(one)).toBe(MAC.one);
    const hop = table.get(one) as LinkHop;
    expect(formatMac(hop.source_mac)).toBe(macOf(director, 'eth1'));
    expect(hop.source).toBe('10.1.0.11');
    expect(changes.at(-1)).toEqual(hop);
  });

  it('resolves IPv6 servers, own addresses, and says why the rest has no way', async () => {
    const { table, mac } = site();
    const own = address('10.1.0.11');
    const nowhere = address('192.0.2.1');
    const zoneless = address('fe80::1');
    table.watch([one6, own, nowhere, zoneless]);
    expect(table.get(own)).toEqual({ kind: 'local', address: own });
    expect(mac(nowhere)).toBe('unreachable: there is no route to 192.0.2.1');
    expect(mac(zoneless)).toContain('link-local');
    await eventually(() => mac(one6)).toBe(MAC.one);
    expect(table.get(one6)).toMatchObject({ source: 'fd01::11' });
  });

  it('follows a server that changes its link address and announces it', async () => {
    const { table, server, mac } = site();
    table.watch([one]);
    await eventually(() => mac(one)).toBe(MAC.one);
    ip(server, `link set dev eth0 address ${MAC.two}`);
    run(server, 'arping', ['-q', '-U', '-c', '1', '-I', 'eth0', one]);
    await eventually(() => mac(one)).toBe(MAC.two);
  });

  it('finds a server that changed its link address silently, once the old one fails', async () => {
    const { table, server, director, mac, changes } = site();
    table.watch([one]);
    await eventually(() => mac(one)).toBe(MAC.one);
    sysctl(server, 'net.ipv4.conf.eth0.arp_notify', 0);
    ip(server, `link set dev eth0 address ${MAC.two}`);
    ip(director, `neigh change ${one} dev eth1 nud probe`);
    await eventually(() => mac(one)).toBe(MAC.two);
    expect(changes.map((hop) => hop.kind === 'link' && hop.destination_mac === undefined)).toContain(true);
  });

  it('goes through a gateway, and follows when the gateway changes', async () => {
    const { table, director, mac } = site();
    const far = address('198.51.100.7');
    ip(director, 'route add 198.51.100.0/24 via 10.0.0.254 mtu 1400');
    table.watch([far]);
    await eventually(() => mac(far)).toBe(MAC.router);
    expect(table.get(far)).toMatchObject({ interface_name: 'eth0', gateway: '10.0.0.254', mtu: 1400 });
    ip(director, 'route replace 198.51.100.0/24 via 10.1.0.21');
    await eventually(() => mac(far)).toBe(MAC.one);
    expect(table.get(far)).toMatchObject({ interface_name: 'eth1', gateway: '10.1.0.21', mtu: 1500 });
    ip(director, 'route delete 198.51.100.0/24');
    await eventually(() => mac(far)).toContain('there is no route');
    ip(director, 'route add default via 10.0.0.254');
    await eventually(() => mac(far)).toBe(MAC.router);
  });

  it('reaches an IPv4 server through an IPv6 gateway', async () => {
    const { table, director, mac } = site();
    const far = address('198.51.100.7');
    ip(director, 'route add 198.51.100.0/24 via inet6 fd01::21');
    table.watch([far]);
    await eventually(() => mac(far)).toBe(MAC.one);
    expect(table.get(far)).toMatchObject({ gateway: 'fd01::21' });
  });

  it('knows when the cable is pulled, the interface goes down, and when they are back', async () => {
    const { table, director, server, mac } = site();
    table.watch([one]);
    await eventually(() => mac(one)).toBe(MAC.one);
    ip(server, 'link set dev eth0 down');
    await eventually(() => mac(one)).toBe('unreachable: eth1 has no carrier');
    ip(server, 'link set dev eth0 up');
    await eventually(() => mac(one)).toBe(MAC.one);
    ip(director, 'link set dev eth1 down');
    await eventually(() => mac(one)).toBe('unreachable: there is no route to 10.1.0.21');
    ip(director, 'link set dev eth1 up');
    await eventually(() => mac(one)).toBe(MAC.one);
    ip(director, 'link delete dev eth1');
    await eventually(() => mac(one)).toContain('unreachable');
  });

  it('takes the interface’s own new link address and MTU', async () => {
    const { table, director, mac } = site();
    table.watch([one]);
    await eventually(() => mac(one)).toBe(MAC.one);
    ip(director, 'link set dev eth1 mtu 1400');
    ip(director, 'link set dev eth1 address 02:00:00:00:00:99');
    const own = () => {
      const hop = table.get(one);
      return hop?.kind === 'link' ? `${formatMac(hop.source_mac)} ${hop.mtu}` : undefined;
    };
    await eventually(own).toBe('02:00:00:00:00:99 1400');
    await eventually(() => mac(one)).toBe(MAC.one);
  });

  it('loses the link address of a server that dies, and has it again when it is back', async () => {
    const { table, director, server, mac } = site();
    table.watch([one]);
    await eventually(() => mac(one)).toBe(MAC.one);
    ip(server, 'link set dev eth0 arp off');
    ip(director, `neigh change ${one} dev eth1 nud probe`);
    await eventually(() => mac(one)).toBeUndefined();
    expect(table.get(one)!.kind).toBe('link');
    ip(server, 'link set dev eth0 arp on');
    await eventually(() => mac(one)).toBe(MAC.one);
  });

  it('goes on with the known link address while a flushed entry is asked for again', async () => {
    const { table, director, changes, mac } = site();
    table.watch([one]);
    await eventually(() => mac(one)).toBe(MAC.one);
    const before = changes.length;
    ip(director, `neigh delete ${one} dev eth1`);
    await eventually(() => ip(director, `neigh show ${one} dev eth1`)).toContain('REACHABLE');
    expect(changes.slice(before)).toEqual([]);
  });

  it('has a neighbour that went stale confirmed', async () => {
    const { table, director, mac } = site(100);
    table.watch([one]);
    await eventually(() => mac(one)).toBe(MAC.one);
    ip(director, `neigh change ${one} dev eth1 nud stale`);
    await eventually(() => ip(director, `neigh show ${one} dev eth1`)).toContain('REACHABLE');
  });

  it('notices what the kernel does not tell, such as a routing rule, at the next full look', async () => {
    const { table, director, mac } = site(100);
    const far = address('198.51.100.7');
    ip(director, 'route add table 77 198.51.100.0/24 via 10.0.0.254');
    table.watch([far]);
    expect(mac(far)).toContain('there is no route');
    ip(director, 'rule add to 198.51.100.0/24 table 77');
    await eventually(() => mac(far)).toBe(MAC.router);
  });

  it('asks a dead server again and again, so that one which comes back is found', async () => {
    const { table, director, server, mac } = site(20);
    ip(server, 'link set dev eth0 arp off');
    table.watch([one]);
    await eventually(() => ip(director, `neigh show ${one} dev eth1`)).toContain('FAILED');
    await eventually(() => ip(director, `neigh show ${one} dev eth1`)).toContain('INCOMPLETE');
    ip(server, 'link set dev eth0 arp on');
    await eventually(() => mac(one)).toBe(MAC.one);
  });

  it('believes an administrator', async () => {
    const { table, director, mac } = site();
    table.watch([one]);
    ip(director, `neigh replace ${one} dev eth1 lladdr 02:00:00:00:00:77 nud permanent`);
    await eventually(() => mac(one)).toBe('02:00:00:00:00:77');
  });

  it('reports interfaces without link addresses', () => {
    const { table, director, mac } = site();
    ip(director, 'tuntap add dev tun9 mode tun');
    ip(director, 'addr add 10.77.0.1 peer 10.77.0.2 dev tun9');
    ip(director, 'link set dev tun9 up');
    table.watch([address('10.77.0.2')]);
    expect(mac(address('10.77.0.2'))).toMatch(/^unreachable: tun9 has no/);
  });

  it('forgets what is watched no more, and says nothing after disposal', async () => {
    const { table, director, changes, mac } = site();
    table.watch([one, one6]);
    await eventually(() => mac(one)).toBe(MAC.one);
    table.watch([one]);
    expect(table.get(one6)).toBeUndefined();
    table[Symbol.dispose]();
    table[Symbol.dispose]();
    const before = changes.length;
    ip(director, 'link set dev eth1 down');
    await new Promise((resolve) => setTimeout(resolve, 50)); // nothing can be awaited: nothing may come
    expect(changes).toHaveLength(before);
  });

  it('is right again after the kernel had to drop events', async () => {
    const { table, director, logged, mac } = site();
    const far = address('198.51.100.7');
    table.watch([one, far]);
    await eventually(() => mac(one)).toBe(MAC.one);
    const storm = Array.from(
      { length: 12_000 },
      (_, index) => `10.${100 + (index >> 8)}.${index & 255}.0/24`,
    );
    const input = storm.map((prefix) => `route add ${prefix} via 10.0.0.254`).join('\n');
    run(director, 'ip', ['-batch', '-'], { input }); // the event loop stands still meanwhile
    ip(director, 'route add 198.51.100.0/24 via 10.0.0.254');
    await eventually(() => mac(far)).toBe(MAC.router);
    expect(logged).toContain('network events were lost; looking at all next hops again');
  });

  it('keeps up with a thousand servers behind one gateway', async () => {
    const { table, director, changes, mac } = site();
    const many = Array.from({ length: 1_000 }, (_, index) => address(`10.50.${index >> 8}.${index & 255}`));
    ip(director, 'route add 10.50.0.0/16 via 10.0.0.254');
    table.watch(many);
    await eventually(() => many.every((each) => mac(each) === MAC.router)).toBe(true);
    ip(director, 'route replace 10.50.0.0/16 via 10.1.0.21');
    await eventually(() => many.every((each) => mac(each) === MAC.one)).toBe(true);
    const before = changes.length;
    table.refresh();
    expect(changes).toHaveLength(before);
  });

  it('refuses more addresses than it can keep fresh', () => {
    const { table } = site();
    const tooMany = Array.from(
      { length: HOPS_MAX + 1 },
      (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
    );
    expect(() => table.watch(tooMany as Address[])).toThrow(
      expect.objectContaining({ code: 'too-many-hops' }),
    );
  });
});
