// All checks of the machine in order; a subset of them is what the supervisor insists on before it begins.
import type { Configuration } from '../config/configuration.ts';
import { FairleadError } from '../model/error.ts';
import { type Finding, ok, warn } from './finding.ts';
import {
  checkBpf,
  checkBpffs,
  checkClsact,
  checkJit,
  checkKernel,
  checkLibbpf,
  checkMemory,
  checkPrivileges,
} from './kernel-checks.ts';
import { checkKey } from './key-check.ts';
import type { Machine } from './machine.ts';
import {
  checkForwarding,
  checkInterfaces,
  checkNeighbours,
  checkOffloads,
  checkReversePath,
  checkVirtualIps,
} from './network-checks.ts';
import { checkPair } from './pair-checks.ts';

/** `folder` is the configuration file's; undefined when it is not known. */
export function examine(
  machine: Machine,
  configuration: Configuration | undefined,
  folder?: string,
): Finding[] {
  const kind = configuration?.engine.kind ?? 'ebpf';
  const interfaces = configuration?.engine.interfaces ?? [];
  return [
    ...(kind === 'ebpf' ? examineForEbpf(machine) : []),
    ...(configuration === undefined ? [] : checkInterfaces(machine, configuration)),
    ...(configuration === undefined || kind === 'memory' ? [] : checkForwarding(machine, configuration)),
    ...(kind === 'memory'
      ? []
      : [checkReversePath(machine, interfaces), ...checkOffloads(machine, interfaces)]),
    ...(configuration === undefined || kind === 'memory' ? [] : checkNeighbours(machine, configuration)),
    ...(configuration === undefined ? [] : checkVirtualIps(machine, configuration)),
    ...(configuration === undefined ? [] : checkPair(machine, configuration)),
    ...(configuration === undefined || folder === undefined ? [] : checkKey(machine, configuration, folder)),
    ...(configuration === undefined || kind === 'memory'
      ? []
      : [checkMemory(machine, configuration.engine.connections_max)]),
    checkClock(machine),
  ];
}

function examineForEbpf(machine: Machine): Finding[] {
  return [
    checkPrivileges(machine),
    checkKernel(machine),
    checkBpf(machine),
    checkJit(machine),
    checkBpffs(machine),
    checkClsact(machine),
    checkLibbpf(machine),
  ];
}

/** Of a machine that is to become a director: everything that needs neither key nor VIPs nor a running director. */
export function examineFirst(machine: Machine, configuration: Configuration): Finding[] {
  const { kind, interfaces, connections_max } = configuration.engine;
  return [
    ...(kind === 'ebpf' ? examineForEbpf(machine) : []),
    ...checkInterfaces(machine, configuration),
    ...checkPair(machine, configuration),
    ...(kind === 'memory'
      ? []
      : [
          ...checkForwarding(machine, configuration),
          checkReversePath(machine, interfaces),
          ...checkOffloads(machine, interfaces),
          ...checkNeighbours(machine, configuration),
          checkMemory(machine, connections_max),
        ]),
    checkClock(machine),
  ];
}

/** Before anything is touched. Throws for the first thing that makes running pointless; returns what only surprises. */
export function insist(machine: Machine, configuration: Configuration, folder: string): Finding[] {
  const findings = [
    ...(configuration.engine.kind === 'ebpf' ? examineForEbpf(machine) : []),
    ...checkInterfaces(machine, configuration),
    ...checkPair(machine, configuration),
    ...checkKey(machine, configuration, folder),
    ...(configuration.engine.kind === 'memory' ? [] : checkForwarding(machine, configuration)),
  ];
  // Forwarding may be switched on later without a restart; the rest may not.
  const fatal = findings.find((finding) => finding.level === 'fail' && finding.check !== 'forwarding');
  if (fatal !== undefined)
    throw new FairleadError(`preflight-${fatal.check}`, `Cannot start: ${fatal.detail}.`, {
      ...(fatal.remedy === undefined ? {} : { remedy: fatal.remedy }),
    });
  return findings.filter((finding) => finding.level !== 'ok');
}

/** Long before this release was made: a clock that was never set. */
const EARLIEST = Date.UTC(2026, 0, 1);
const SYNC_MARKS = [
  '/run/systemd/timesync/synchronized',
  '/run/chrony/chronyd.pid',
  '/run/ntpd.pid',
  '/run/openntpd.pid',
];

function checkClock(machine: Machine): Finding {
  if (machine.now() < EARLIEST)
    return warn(
      'clock',
      `the clock says ${new Date(machine.now()).toISOString()}, so that events cannot be told in time`,
      'Set the clock; use a time server.',
    );
  return SYNC_MARKS.some((mark) => machine.exists(mark))
    ? ok('clock', 'the clock is kept by a time server')
    : warn(
        'clock',
        'no time server keeps the clock, so that the logs of a pair will not match',
        'Install chrony or enable systemd-timesyncd.',
      );
}
