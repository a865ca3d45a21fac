// For tests: directors and a client on one link, each in a network namespace; and what the client's kernel believes, by
// ARP and neighbour discovery of its own. Unanswered questions end within some 150 ms instead of seconds.

import { address, familyOf } from '../../../director/model/address.ts';
import type { Clock } from '../../../director/model/clock.ts';
import { inNamespace } from '../../../director/native/netns.ts';
import { Rtnetlink } from '../../../director/native/rtnetlink.ts';
import { NUD } from '../../../director/native/rtnetlink-codec.ts';
import { eventually } from '../../../test/support/eventually.ts';
import {
  createNamespaces,
  ip,
  type Namespace,
  type Namespaces,
  sysctl,
} from '../../../test/support/netns.ts';
import { macText } from '../claim-frames.ts';
import type { Vip } from '../vip.ts';

export const VIP: Vip = { address: address('10.0.0.100'), prefix_bits: 24, interface: 'eth0' };
export const VIP6: Vip = { address: address('fd00::100'), prefix_bits: 64, interface: 'eth0' };
export const MAC = {
  one: '02:00:00:00:00:0a',
  two: '02:00:00:00:00:0b',
  client: '02:00:00:00:00:0c',
} as const;
export const ADDRESS = { one: '10.0.0.11', two: '10.0.0.12', client: '10.0.0.1' } as const;

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic_ms: () => performance.now(),
  after(delay_ms, action) {
    const timer = setTimeout(action, delay_ms).unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

export interface Neighbourhood extends Disposable {
  readonly set: Namespaces;
  readonly one: Namespace;
  readonly two: Namespace;
  readonly client: Namespace;
  /** Whom the client's cache leads to. */
  believed(address: string): string | undefined;
  /** Has the client's kernel ask anew; who answered, if anybody did. */
  asked(address: string): Promise<string | undefined>;
}

export function createNeighbourhood(prefix: string): Neighbourhood {
  const set = createNamespaces(prefix, ['one', 'two', 'client', 'switch']);
  const [one, two, client] = [set.get('one'), set.get('two'), set.get('client')];
  const middle = set.get('switch');
  for (const [index, [label, namespace]] of Object.entries({ one, two, client }).entries()) {
    const last = label === 'client' ? 1 : 11 + index;
    set.cable(
      {
        namespace,
        name: 'eth0',
        mac: MAC[label as keyof typeof MAC],
        addresses: [`10.0.0.${last}/24`, `fd00::${last}/64`],
      },
      { namespace: middle, name: label },
    );
  }
  set.bridge(middle, 'br0', ['one', 'two', 'client']);
  for (const family of ['ipv4', 'ipv6'])
    for (const [name, value] of [
      ['retrans_time_ms', 50],
      ['delay_first_probe_time', 0],
    ] as const)
      sysctl(client, `net.${family}.neigh.eth0.${name}`, value);
  const rtnetlink = inNamespace(client, () => new Rtnetlink());
  const index = rtnetlink.link('eth0')!.index;
  const entry = (text: string) => rtnetlink.neighbour(index, address(text));
  const believed = (text: string) => {
    const mac = entry(text)?.mac;
    return mac && macText(mac);
  };
  return {
    set,
    one,
    two,
    client,
    believed,
    async asked(text) {
      if (entry(text) !== undefined) ip(client, `neigh del ${text} dev eth0`);
      rtnetlink.useNeighbour(index, address(text));
      const settled = NUD.REACHABLE | NUD.FAILED | NUD.STALE | NUD.DELAY | NUD.PROBE;
      // an entry that failed may be collected at once
      await eventually(() => ((entry(text)?.state ?? NUD.FAILED) & settled) !== 0).toBe(true);
      return believed(text);
    },
    [Symbol.dispose]() {
      rtnetlink[Symbol.dispose]();
      set[Symbol.dispose]();
    },
  };
}

/** The other family's, for tests that do all twice. */
export function ownAddress(of: 'one' | 'two', vip: Vip): string {
  const last = of === 'one' ? 11 : 12;
  return familyOf(vip.address) === 4 ? `10.0.0.${last}` : `fd00::${last}`;
}
