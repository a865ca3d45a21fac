// Between namespaces: what becomes of a link when its interface goes down, loses its carrier or address, or is replaced.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { address } from '../../director/model/address.ts';
import type { Clock } from '../../director/model/clock.ts';
import { inNamespace } from '../../director/native/netns.ts';
import { systemClock } from '../../director/native/system-clock.ts';
import { eventually } from '../../test/support/eventually.ts';
import { createNamespaces, ip, type Namespace, type Namespaces, sysctl } from '../../test/support/netns.ts';
import type { Link } from './link.ts';
import { openUdpLink } from './udp.ts';

const PORT = 694;
let set: Namespaces;
let left: Namespace;
let right: Namespace;
const opened: Disposable[] = [];

beforeEach(() => {
  set = createNamespaces('link', ['left', 'right']);
  opened.push(set);
  [left, right] = [set.get('left'), set.get('right')];
});
afterEach(() => {
  for (const one of opened.splice(0).reverse()) one[Symbol.dispose]();
});

interface End {
  readonly link: Link;
  readonly frames: string[];
  readonly states: string[];
}

/** What a link opens later belongs into its namespace too. */
function clockIn(namespace: Namespace): Clock {
  return {
    ...systemClock,
    after: (delay_ms, run) => systemClock.after(delay_ms, () => inNamespace(namespace, run)),
  };
}

function end(namespace: Namespace, addresses: { own?: string; peer?: string } = {}, name = 'eth1'): End {
  const frames: string[] = [];
  const states: string[] = [];
  const { own, peer } = addresses;
  const link = inNamespace(namespace, () =>
    openUdpLink(
      {
        interface: name,
        port: PORT,
        clock: clockIn(namespace),
        ...(own !== undefined && { own: address(own) }),
        ...(peer !== undefined && { peer: address(peer) }),
      },
      {
        onFrame: (bytes, from) => frames.push(`${from} ${Buffer.from(bytes)}`),
        onState: (up, reason) => states.push(`${up ? 'up' : 'down'}: ${reason}`),
      },
    ),
  );
  opened.push(link);
  return { link, frames, states };
}

function cable(addresses: [left: string[], right: string[]], name = 'eth1'): void {
  set.cable(
    { namespace: left, name, addresses: addresses[0] },
    { namespace: right, name, addresses: addresses[1] },
  );
}

const V4 = { own: '10.9.0.1', peer: '10.9.0.2' };
const V6 = { own: 'fd09::1', peer: 'fd09::2' };
const turned = ({ own, peer }: typeof V4) => ({ own: peer, peer: own });
const CABLED: [string[], string[]] = [
  ['10.9.0.1/24', 'fd09::1/64', 'fe80::1/64'],
  ['10.9.0.2/24', 'fd09::2/64', 'fe80::2/64'],
];

let count = 0;
/** Sends until something of it arrives: the far end may not know of its carrier yet. */
async function reaches(from: End, to: End): Promise<void> {
  const text = `beat ${count++}`;
  const arrived = () => {
    from.link.send(Buffer.from(text));
    return to.frames.some((frame) => frame.endsWith(text));
  };
  await eventually(arrived).toBe(true);
}

describe('a link by UDP between two hosts', () => {
  it.each([
    ['IPv4', V4],
    ['IPv6', V6],
  ])('carries frames by unicast: %s', async (_what, addresses) => {
    cable(CABLED);
    const [one, other] = [end(left, addresses), end(right, turned(addresses))];
    expect([one.link.detail(), one.link.isUp(), other.link.isUp()]).toEqual([
      `${addresses.own} to ${addresses.peer}, port 694, on eth1`,
      true,
      true,
    ]);
    await reaches(one, other);
    await reaches(other, one);
    expect(other.frames[0]).toMatch(new RegExp(`^${addresses.own}\\S* beat`));
  });

  // In processes of their own: Node names the interface of such an address by asking the namespace of its thread.
  it('carries frames by unicast: IPv6 addresses of the cable alone', async () => {
    cable(CABLED);
    const script = (own: string, peer: string) => `
      import { systemClock } from ${JSON.stringify(import.meta.resolve('../../director/native/system-clock.ts'))};
      import { openUdpLink } from ${JSON.stringify(import.meta.resolve('./udp.ts'))};
      const options = { interface: 'eth1', port: 694, own: '${own}', peer: '${peer}', clock: systemClock };
      const link = openUdpLink(options, { onFrame: (_, from) => console.log(from), onState: () => {} });
      setInterval(() => link.send(Buffer.from('beat')), 20);`;
    const heard = [
      [left, 'fe80::1', 'fe80::2'],
      [right, 'fe80::2', 'fe80::1'],
    ] as const;
    const said = heard.map(([namespace, own, peer]) => {
      const source = ['--input-type=module', '-e', script(own, peer)];
      const child = set.start(namespace, process.execPath, source, { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      child.stdout!.on('data', (chunk) => {
        text += chunk;
      });
      return () => text;
    });
    await eventually(() => said[0]!()).toContain('fe80::2%eth1');
    await eventually(() => said[1]!()).toContain('fe80::1%eth1');
  });

  it('carries frames by multicast where no addresses are given, and does not hear itself', async () => {
    cable(CABLED);
    const [one, other] = [end(left), end(right)];
    expect(one.link.detail()).toBe('multicast to 239.255.6.94, port 694, on eth1');
    await reaches(one, other);
    await reaches(other, one);
    expect(one.frames.every((frame) => frame.startsWith('10.9.0.2 '))).toBe(true);
  });

  it('keeps two multicast links apart', async () => {
    cable([['10.9.0.1/24'], ['10.9.0.2/24']]);
    cable([['10.8.0.1/24'], ['10.8.0.2/24']], 'eth2');
    const [one, two, far, further] = [end(left), end(left, {}, 'eth2'), end(right), end(right, {}, 'eth2')];
    await reaches(one, far);
    await reaches(two, further);
    expect(far.frames.every((frame) => frame.startsWith('10.9.0.1 '))).toBe(true);
    expect(further.frames.every((frame) => frame.startsWith('10.8.0.1 '))).toBe(true);
  });

  it('goes its own way only: no detour when its cable is cut', async () => {
    cable([['10.9.0.1/24'], ['10.9.0.2/24']]);
    cable([['10.8.0.1/24'], ['10.8.0.2/24']], 'eth2');
    for (const [namespace, via] of [
      [left, '10.8.0.2'],
      [right, '10.8.0.1'],
    ] as const) {
      ip(namespace, `route add default via ${via}`);
      for (const name of ['all', 'eth1', 'eth2']) sysctl(namespace, `net.ipv4.conf.${name}.rp_filter`, 0);
    }
    const [one, other] = [end(left, V4), end(right, turned(V4))];
    await reaches(one, other);
    ip(left, 'link set dev eth1 down');
    await eventually(() => one.link.isUp()).toBe(false);
    const before = other.frames.length;
    for (let turn = 0; turn < 5; turn++) one.link.send(Buffer.from('detour'));
    await eventually(() => one.link.counters().unsent).toBe(5);
    expect(other.frames.length).toBe(before);
  });
});

describe('a link whose interface changes', () => {
  it.each([
    ['unicast', V4, turned(V4)],
    ['IPv6', V6, turned(V6)],
    ['multicast', {}, {}],
  ])('goes down and comes up with it: %s', async (_what, ours, theirs) => {
    cable(CABLED);
    sysctl(left, 'net.ipv6.conf.eth1.keep_addr_on_down', 1);
    const [one, other] = [end(left, ours), end(right, theirs)];
    await reaches(one, other);
    ip(left, 'link set dev eth1 down');
    await eventually(() => one.link.detail()).toBe('eth1 is down');
    await eventually(() => other.link.detail()).toBe('eth1 has no carrier');
    one.link.send(Buffer.from('nowhere'));
    ip(left, 'link set dev eth1 up');
    await eventually(() => one.link.isUp() && other.link.isUp()).toBe(true);
    await reaches(one, other);
    await reaches(other, one);
    expect(one.states.filter((state) => state.startsWith('down')).length).toBeGreaterThan(0);
  });

  it.each([
    ['unicast', V4, turned(V4), 'eth1 does not have the address 10.9.0.1'],
    ['multicast', {}, {}, 'eth1 has no IPv4 address'],
  ])(
    'waits for an address that comes late, and for one that is taken away: %s',
    async (_what, ours, theirs, why) => {
      cable([[], ['10.9.0.2/24']]);
      const [one, other] = [end(left, ours), end(right, theirs)];
      for (let round = 0; round < 2; round++) {
        await eventually(() => one.link.detail()).toBe(why);
        ip(left, 'addr add 10.9.0.1/24 dev eth1');
        await eventually(() => one.link.isUp()).toBe(true);
        await reaches(one, other);
        await reaches(other, one);
        ip(left, 'addr del 10.9.0.1/24 dev eth1');
      }
    },
  );

  it.each([
    ['unicast', V4, turned(V4)],
    ['multicast', {}, {}],
  ])('follows an interface that vanishes and comes back as another: %s', async (_what, ours, theirs) => {
    const [one, other] = [end(left, ours), end(right, theirs)];
    for (let round = 0; round < 3; round++) {
      await eventually(() => one.link.detail()).toBe('there is no interface eth1');
      cable(CABLED);
      await eventually(() => one.link.isUp() && other.link.isUp()).toBe(true);
      await reaches(one, other);
      await reaches(other, one);
      ip(left, 'link del dev eth1');
    }
  });
});
