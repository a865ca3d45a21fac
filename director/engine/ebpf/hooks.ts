// Where the packet program meets packets: tc or native XDP, per interface. Guarantees: every interface is looked up
// before the first is touched, and if one cannot be attached, those attached before it in the same call are let go.
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { EXIT, FairleadError } from '../../model/error.ts';
import { attachTc, attachXdp, detachTc, detachXdp, XDP_FLAGS_DRV_MODE } from '../../native/libbpf.ts';
import { Rtnetlink } from '../../native/rtnetlink.ts';
import type { Tables } from './tables.ts';

export type HookChoice = 'auto' | 'tc' | 'xdp';

export interface Hook {
  readonly interface: string;
  readonly interface_index: number;
  readonly hook: 'tc' | 'xdp';
  readonly why: string;
}

/** Ours among the filters of an interface's clsact ingress; low, so that it comes first. */
const TC_HANDLE = 1;
const TC_PRIORITY = 0x46;

/**
 * Drivers of network cards whose native XDP can redirect to other cards. Frames from such a card are complete;
 * those from virtual devices may carry checksums that are still to be computed, which XDP would lose.
 */
const XDP_DRIVERS: ReadonlySet<string> = new Set([
  'bnxt_en',
  'ena',
  'i40e',
  'ice',
  'igb',
  'igc',
  'ixgbe',
  'mlx4_en',
  'mlx5_core',
  'nfp',
  'qede',
  'sfc',
]);

/** What auto makes of a driver, with the reason for people. */
export function chooseHook(
  choice: HookChoice,
  driver: string | undefined,
): { hook: 'tc' | 'xdp'; why: string } {
  if (choice !== 'auto') return { hook: choice, why: 'configured' };
  if (driver === undefined)
    return { hook: 'tc', why: 'virtual interface: its frames may carry unfinished checksums' };
  if (XDP_DRIVERS.has(driver)) return { hook: 'xdp', why: `driver ${driver} has native XDP` };
  return { hook: 'tc', why: `driver ${driver} is not known for native XDP` };
}

export function findHooks(interfaces: readonly string[], choice: HookChoice): Hook[] {
  using rtnetlink = new Rtnetlink();
  return interfaces.map((name) => {
    const link = rtnetlink.link(name);
    if (!link)
      throw new FairleadError('interface-missing', `There is no interface ${name}.`, {
        remedy: `Correct engine.interfaces; here are: ${rtnetlink
          .links()
          .map((each) => each.name)
          .join(', ')}.`,
        exit: EXIT.usage,
      });
    return { interface: name, interface_index: link.index, ...chooseHook(choice, driverOf(name)) };
  });
}

export function attachHooks(hooks: readonly Hook[], tables: Tables): void {
  const attached: Hook[] = [];
  try {
    for (const hook of hooks) {
      attach(hook, tables);
      attached.push(hook);
    }
  } catch (cause) {
    if (!tables.adopted) detachHooks(attached);
    const failed = hooks[attached.length]!;
    throw new FairleadError(
      'attach-failed',
      `The packet program cannot be attached to ${failed.interface} by ${failed.hook}.`,
      {
        remedy:
          failed.hook === 'xdp'
            ? 'Set engine.hook to tc.'
            : 'Run fairlead doctor; the kernel needs NET_SCH_INGRESS and NET_CLS_BPF.',
        cause,
      },
    );
  }
}

export function detachHooks(hooks: readonly Hook[]): void {
  for (const { hook, interface_index } of hooks) {
    if (hook === 'tc') detachTc(place(interface_index));
    else detachXdp(interface_index, XDP_FLAGS_DRV_MODE);
  }
}

function attach(hook: Hook, tables: Tables): void {
  if (hook.hook === 'tc') attachTc(place(hook.interface_index), tables.programs.tc);
  else attachXdp(hook.interface_index, tables.programs.xdp, XDP_FLAGS_DRV_MODE);
}

function place(interface_index: number) {
  return { interface_index, handle: TC_HANDLE, priority: TC_PRIORITY };
}

/** Undefined for devices without hardware, and where sysfs shows another network namespace. */
function driverOf(name: string): string | undefined {
  try {
    return basename(readlinkSync(`/sys/class/net/${name}/device/driver`));
  } catch {
    return undefined;
  }
}
