import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { createNamespaces, ip } from '../../test/support/netns.ts';
import { address } from '../model/address.ts';
import { type MonitorTopic, monitorNetwork, type NetworkEvent } from './netlink-monitor.ts';
import { inNamespace } from './netns.ts';
import { Rtnetlink } from './rtnetlink.ts';

const open: Disposable[] = [];
afterEach(() => {
  for (const item of open.splice(0).reverse()) item[Symbol.dispose]();
});

/** A namespace with a bridge-less cable, and everything its monitor says. */
function watched(topics: readonly MonitorTopic[], buffer_bytes?: number) {
  const set = createNamespaces('monitor', ['here', 'there']);
  open.push(set);
  const here = set.get('here');
  set.cable(
    { namespace: here, name: 'eth0', addresses: ['10.9.0.1/24'] },
    { namespace: set.get('there'), name: 'eth0', addresses: ['10.9.0.2/24'] },
  );
  const events: NetworkEvent[] = [];
  const resyncs: string[] = [];
  const monitor = inNamespace(here, () =>
    monitorNetwork({
      topics,
      onEvent: (event) => events.push(event),
      onResync: (why) => resyncs.push(why),
      ...(buffer_bytes === undefined ? {} : { buffer_bytes }),
    }),
  );
  const rt = inNamespace(here, () => new Rtnetlink());
  open.push(monitor, rt);
  return { here, events, resyncs, monitor, rt };
}

describe('monitorNetwork', () => {
  it('tells of links, addresses, routes and neighbours as they come and go', async () => {
    const { here, events, rt } = watched(['link', 'address', 'route', 'neighbour']);
    ip(here, 'link add name spare type bridge');
    ip(here, 'link set dev spare up');
    ip(here, 'addr add 10.7.0.1/24 dev spare');
    rt.useNeighbour(rt.link('eth0')!.index, address('10.9.0.2'));
    ip(here, 'link delete dev spare');
    await eventually(() => events).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          topic: 'link',
          gone: false,
          link: expect.objectContaining({ name: 'spare' }),
        }),
        expect.objectContaining({
          topic: 'address',
          gone: false,
          address: expect.objectContaining({ address: '10.7.0.1' }),
        }),
        expect.objectContaining({
          topic: 'route',
          gone: false,
          route: expect.objectContaining({ destination: '10.7.0.0', prefix_bits: 24 }),
        }),
        expect.objectContaining({
          topic: 'neighbour',
          gone: false,
          neighbour: expect.objectContaining({ address: '10.9.0.2', mac: expect.any(Uint8Array) }),
        }),
        expect.objectContaining({
          topic: 'link',
          gone: true,
          link: expect.objectContaining({ name: 'spare' }),
        }),
      ]),
    );
  });

  it('tells only of what was asked for, and a port that leaves a bridge is no lost link', async () => {
    const { here, events } = watched(['link']);
    ip(here, 'link add name br0 type bridge');
    ip(here, 'link set dev eth0 master br0');
    ip(here, 'link set dev eth0 nomaster');
    ip(here, 'addr add 10.7.0.1/24 dev br0');
    ip(here, 'link delete dev br0');
    await eventually(() => events.some((event) => event.gone)).toBe(true);
    const gone = events
      .filter((event) => event.gone)
      .map((event) => event.topic === 'link' && event.link.name);
    expect(gone).toEqual(['br0']);
    expect(new Set(events.map((event) => event.topic))).toEqual(new Set(['link']));
  });

  it('asks for a fresh look when the kernel had to drop messages, and goes on', async () => {
    const { here, events, resyncs, rt } = watched(['address'], 4_096);
    const interface_index = rt.link('eth0')!.index;
    for (let host = 10; host < 250; host++)
      rt.addAddress({ interface_index, address: address(`10.9.0.${host}`), prefix_bits: 24 });
    await eventually(() => resyncs).toContain('overflow');
    ip(here, 'addr add 10.8.0.1/24 dev eth0');
    await eventually(() =>
      events.some((event) => event.topic === 'address' && event.address.address === '10.8.0.1'),
    ).toBe(true);
  });

  it('says nothing after it was disposed', async () => {
    const { here, events, monitor, rt } = watched(['address']);
    monitor[Symbol.dispose]();
    monitor[Symbol.dispose]();
    ip(here, 'addr add 10.8.0.1/24 dev eth0');
    expect(rt.addresses({ family: 4 }).some((one) => one.address === '10.8.0.1')).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual([]);
  });
});
