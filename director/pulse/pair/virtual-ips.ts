// The virtual IPs of a pair, as the rest of the supervisor sees them: the heartbeat holds them and says how they are.
import type { VirtualIps } from '../virtual-ips.ts';
import type { Pair } from './pair.ts';

export function pairsVirtualIps(pair: () => Pair | undefined): VirtualIps {
  return {
    set: (configuration) => pair()?.setVirtualIps(configuration),
    check() {},
    status: () => pair()?.virtualIps() ?? [],
    release() {},
    [Symbol.dispose]() {},
  };
}
