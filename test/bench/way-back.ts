// A network namespace in which answers to the benchmarks' clients have a route and a resolved neighbour, so that a
// test-run of the reply direction looks up the kernel's routing as it does at work.
import { enterNamespace } from '../../director/native/netns.ts';
import { createNamespaces, ip, sysctl } from '../support/netns.ts';

export interface WayBack extends Disposable {
  /** Does something there; it must not wait. */
  inside<T>(action: () => T): T;
}

export function createWayBack(): WayBack {
  const set = createNamespaces('bench', ['back']);
  try {
    const namespace = set.get('back');
    set.cable(
      { namespace, name: 'out0', addresses: ['10.255.0.1/24', 'fd00:255::1/64'] },
      { namespace, name: 'out1' },
    );
    sysctl(namespace, 'net.ipv4.ip_forward', 1);
    sysctl(namespace, 'net.ipv6.conf.all.forwarding', 1);
    for (const gateway of ['10.255.0.2', 'fd00:255::2'])
      ip(namespace, `neigh replace ${gateway} lladdr 02:00:00:00:00:fe dev out0 nud permanent`);
    ip(namespace, 'route add 10.0.0.0/9 via 10.255.0.2');
    ip(namespace, '-6 route add 2001:db8::/32 via fd00:255::2');
    return {
      inside(action) {
        using _there = enterNamespace({ path: namespace.path });
        return action();
      },
      [Symbol.dispose]: () => set[Symbol.dispose](),
    };
  } catch (error) {
    set[Symbol.dispose]();
    throw error;
  }
}
