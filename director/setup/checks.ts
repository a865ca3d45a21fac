// What a machine is checked for before it becomes a director: by the doctor's own checks, and the network's answers.
// Guarantees: nothing is changed by looking.
import type { Configuration } from '../config/configuration.ts';
import { examineFirst } from '../doctor/examine.ts';
import { type Finding, fail, ok, warn } from '../doctor/finding.ts';
import type { Machine } from '../doctor/machine.ts';
import { ownAddresses } from '../doctor/network/address-checks.ts';
import { examineNetwork } from '../doctor/network/examine.ts';
import type { Clock } from '../model/clock.ts';
import { duration } from './core/duration.ts';

export interface CheckOptions {
  readonly machine: Machine;
  readonly configuration: Configuration;
  readonly node: string;
  readonly clock: Clock;
  /** Forwarding will be switched on. */
  readonly willForward: boolean;
  /** Link addresses of the director that invites. */
  readonly peerMacs?: ReadonlySet<string>;
  /** How far its clock is ahead. */
  readonly clockAhead_ms?: number;
}

export async function checkBeforeWriting(options: CheckOptions): Promise<Finding[]> {
  const { machine, configuration, node, clock, peerMacs } = options;
  const first = examineFirst(machine, configuration)
    .filter((each) => each.check !== 'own-address')
    .map((each) => (options.willForward ? settled(each) : each));
  const network =
    configuration.engine.kind === 'memory'
      ? []
      : await examineNetwork(configuration, { node, ...(peerMacs === undefined ? {} : { peerMacs }) }, clock);
  return [
    ...first,
    ...checkOwnAddresses(machine, configuration, node),
    ...(options.clockAhead_ms === undefined ? [] : [compareClocks(options.clockAhead_ms)]),
    ...network,
  ];
}

function settled(finding: Finding): Finding {
  return finding.check === 'forwarding' && finding.level === 'fail'
    ? ok('forwarding', 'is off, and will be switched on')
    : finding;
}

/** Without them neither beats nor sync could be sent. */
function checkOwnAddresses(machine: Machine, configuration: Configuration, node: string): Finding[] {
  const local = new Set(machine.addresses());
  return ownAddresses(configuration, node).map((address) =>
    local.has(address)
      ? ok('own-address', `this is ${node}, ${address}`)
      : fail(
          'own-address',
          `${address}, an own address of ${node}, is not on this machine`,
          'Add it to its interface, or correct the address; "ip -brief address" lists them.',
        ),
  );
}

const CLOCKS_APART_MS = 2_000;

/** Nothing in a pair depends on the clocks, but people who read the logs of both. */
function compareClocks(ahead_ms: number): Finding {
  const apart = duration(Math.abs(ahead_ms));
  return Math.abs(ahead_ms) <= CLOCKS_APART_MS
    ? ok('clocks', 'the clocks of both directors agree')
    : warn(
        'clocks',
        `the other director’s clock is ${apart} ${ahead_ms > 0 ? 'ahead of' : 'behind'} this one`,
        'Let both have a time server (chrony or systemd-timesyncd).',
      );
}
