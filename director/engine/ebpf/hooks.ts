// Where the packet program meets packets: tc or native XDP, per interface. Guarantees: every interface is looked up
// before the first is touched, and if one cannot be attached, those that are new in the same call are let go.
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { EXIT, FairleadError } from '../../model/error.ts';
import {
  attachTc,
  attachXdp,
  detachTc,
  detachXdp,
  programId,
  queryTc,
  queryXdp,
  XDP_FLAGS_DRV_MODE,
  XDP_FLAGS_UPDATE_IF_NOEXIST,
} from '../../native/libbpf.ts';
import { Rtnetlink } from '../../native/rtnetlink.ts';
import { ATTACHMENT, ATTACHMENTS_MAX, CONTROL } from './layout.ts';
import type { Tables } from './tables.ts';

export type HookChoice = 'auto' | 'tc' | 'xdp';

export interface Attachment {
  readonly interface_index: number;
  readonly hook: 'tc' | 'xdp';
}

export interface Hook extends Attachment {
  readonly interface: string;
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

/**
 * Attaches to these and lets go of whatever an earlier process had attached elsewhere. Where the program stands already
 * it is swapped without losing a packet.
 */
export function attachHooks(hooks: readonly Hook[], tables: Tables): void {
  if (hooks.length > ATTACHMENTS_MAX)
    throw new FairleadError(
      'interfaces-too-many',
      `engine.interfaces names more than ${ATTACHMENTS_MAX} interfaces.`,
      {
        remedy: 'Name only those that clients or real servers are behind.',
        exit: EXIT.usage,
      },
    );
  const before = readAttachments(tables);
  const attached: Hook[] = [];
  for (const hook of hooks) {
    try {
      attach(
        hook,
        tables,
        before.some((other) => isSame(other, hook)),
      );
    } catch (cause) {
      detachHooks(attached.filter((each) => !before.some((other) => isSame(other, each))));
      throw refusal(hook, cause);
    }
    attached.push(hook);
  }
  detachHooks(before.filter((other) => !hooks.some((hook) => isSame(other, hook))));
  writeAttachments(tables, hooks);
}

/** What became of a hook that was missing. */
export interface HookNews {
  readonly interface: string;
  readonly hook: 'tc' | 'xdp';
  /** Undefined: it is back. Else why it still is missing. */
  readonly missing: string | undefined;
}

/**
 * Looks whether the program is where it belongs, and puts it back where somebody took it away or the interface was made
 * anew. To be called about every second. Returns the hooks as they are now, and what there is to tell.
 */
export function mendHooks(
  hooks: readonly Hook[],
  tables: Tables,
): { readonly hooks: readonly Hook[]; readonly news: readonly HookNews[] } {
  using rtnetlink = new Rtnetlink();
  const news: HookNews[] = [];
  const mended = hooks.map((hook) => {
    const link = rtnetlink.link(hook.interface);
    const now = link === undefined ? hook : { ...hook, interface_index: link.index };
    if (link !== undefined && isAttached(now, tables)) return now;
    let missing = link === undefined ? `there is no interface ${hook.interface}` : undefined;
    try {
      if (link !== undefined) attach(now, tables, false);
    } catch (error) {
      missing = error instanceof Error ? error.message : String(error);
    }
    news.push({ interface: hook.interface, hook: hook.hook, missing });
    return now;
  });
  if (mended.some((hook, index) => !isSame(hook, hooks[index]!))) writeAttachments(tables, mended);
  return { hooks: mended, news };
}

function isAttached({ hook, interface_index }: Attachment, { programs }: Tables): boolean {
  return hook === 'tc'
    ? queryTc(place(interface_index)) === programId(programs.tc)
    : queryXdp(interface_index, XDP_FLAGS_DRV_MODE) === programId(programs.xdp);
}

export function detachHooks(attachments: readonly Attachment[]): void {
  for (const { hook, interface_index } of attachments) {
    if (hook === 'tc') detachTc(place(interface_index));
    else detachXdp(interface_index, XDP_FLAGS_DRV_MODE);
  }
}

function isSame(one: Attachment, other: Attachment): boolean {
  return one.interface_index === other.interface_index && one.hook === other.hook;
}

/** Those of an earlier process; interfaces that are gone took the program with them. */
function readAttachments(tables: Tables): Attachment[] {
  using rtnetlink = new Rtnetlink();
  const control = tables.array('control');
  const found: Attachment[] = [];
  for (let index = 0; index < ATTACHMENTS_MAX; index++) {
    const at = CONTROL.attachments + index * ATTACHMENT.size;
    const interface_index = control.getU32(0, at + ATTACHMENT.interface);
    if (interface_index === 0 || !rtnetlink.link(interface_index)) continue;
    found.push({ interface_index, hook: control.getU32(0, at + ATTACHMENT.xdp) ? 'xdp' : 'tc' });
  }
  return found;
}

function writeAttachments(tables: Tables, attachments: readonly Attachment[]): void {
  const control = tables.array('control');
  for (let index = 0; index < ATTACHMENTS_MAX; index++) {
    const at = CONTROL.attachments + index * ATTACHMENT.size;
    control.setU32(0, at + ATTACHMENT.interface, attachments[index]?.interface_index ?? 0);
    control.setU32(0, at + ATTACHMENT.xdp, attachments[index]?.hook === 'xdp' ? 1 : 0);
  }
}

function attach({ hook, interface_index }: Hook, tables: Tables, isOurs: boolean): void {
  if (hook === 'tc') attachTc(place(interface_index), tables.programs.tc);
  // never in the place of somebody else's program
  else
    attachXdp(
      interface_index,
      tables.programs.xdp,
      isOurs ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_DRV_MODE | XDP_FLAGS_UPDATE_IF_NOEXIST,
    );
}

function refusal(failed: Hook, cause: unknown): FairleadError {
  const message = `The packet program cannot be attached to ${failed.interface} by ${failed.hook}.`;
  const remedy =
    failed.hook === 'xdp'
      ? 'Set engine.hook to tc: the driver has no native XDP, or another XDP program stands there.'
      : 'Run fairlead doctor; the kernel needs NET_SCH_INGRESS and NET_CLS_BPF.';
  return new FairleadError('attach-failed', message, { remedy, cause });
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
