// The work of `fairlead doctor`: the running director, this machine, its units and its network, as findings.

import { readlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import { readConfigurationFile } from '../config/file.ts';
import { parseConfiguration } from '../config/parse.ts';
import type { Status } from '../control/schema.ts';
import { examine } from '../doctor/examine.ts';
import { type Finding, fail, ok, warn } from '../doctor/finding.ts';
import { thisMachine } from '../doctor/machine.ts';
import { commandClock } from '../doctor/network/command-clock.ts';
import { examineNetwork } from '../doctor/network/examine.ts';
import { checkUnits } from '../doctor/unit-checks.ts';
import { EXIT, type ExitCode, FairleadError } from '../model/error.ts';
import type { CommandContext } from './command.ts';
import { text } from './command.ts';
import { print } from './commands/common.ts';
import { findingLines } from './findings.ts';

export async function examineAll(context: CommandContext): Promise<ExitCode> {
  const { findings: running, configuration: inForce, status } = await examineRunning(context);
  const file = text(context.values, 'config');
  const configuration = file === undefined ? inForce : readConfigurationFile(file).configuration;
  const machine = thisMachine(Date.now);
  const findings = [
    ...running,
    ...examine(machine, configuration, file && dirname(file)),
    ...checkUnits(machine),
    ...(await askNetwork(configuration, status)),
  ];
  print(context, { findings }, () => findingLines(findings, context.terminal.color));
  return findings.some((finding) => finding.level === 'fail') ? EXIT.failed : EXIT.ok;
}

interface Running {
  readonly findings: Finding[];
  readonly configuration: Configuration | undefined;
  /** Undefined: no director runs. */
  readonly status: Status | undefined;
}

/** The memory engine moves no packets: its addresses may be anywhere. */
async function askNetwork(
  configuration: Configuration | undefined,
  status: Status | undefined,
): Promise<Finding[]> {
  if (configuration === undefined || configuration.engine.kind === 'memory') return [];
  const standpoint = { node: status?.node, peerHolds: status?.role === 'standby' };
  return examineNetwork(configuration, standpoint, commandClock);
}

async function examineRunning(context: CommandContext): Promise<Running> {
  let status: Status;
  try {
    status = await context.client.call('status');
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    return {
      findings: [warn('director', error.message, error.remedy ?? 'Start it.')],
      configuration: undefined,
      status: undefined,
    };
  }
  const { text: yaml } = await context.client.call('revision', {
    params: { revision: String(status.revision.number) },
  });
  const parsed = parseConfiguration(yaml, 'the revision in force');
  return {
    findings: [
      ok('director', `running, pid ${status.pid}, ${status.role}, engine ${status.engine.kind}`),
      ...examineNamespace(status.pid),
      ...status.problems.map((problem) =>
        fail(
          problem.code,
          `${problem.subject}: ${problem.detail}`,
          problem.remedy ?? 'See "fairlead events".',
        ),
      ),
      ...(await examineServers(context)),
    ],
    configuration: 'configuration' in parsed ? parsed.configuration : undefined,
    status,
  };
}

/** Interfaces, addresses and settings are those of a namespace; the director's may be another one than ours. */
function examineNamespace(pid: number): Finding[] {
  try {
    if (readlinkSync('/proc/self/ns/net') === readlinkSync(`/proc/${pid}/ns/net`)) return [];
  } catch {
    return []; // somebody without the right to look, or a director on the other side of a container
  }
  return [
    warn(
      'namespace',
      `the director (pid ${pid}) runs in another network namespace: what is said here about interfaces, addresses and settings is not about its own`,
      `Run: nsenter --net=/proc/${pid}/ns/net fairlead doctor`,
    ),
  ];
}

async function examineServers(context: CommandContext): Promise<Finding[]> {
  const { servers } = await context.client.call('servers');
  const down = servers.filter((server) => server.health === 'down');
  if (down.length === 0) return [ok('servers', `${servers.length} real servers, none is down`)];
  return down.map((server) =>
    warn(
      'servers',
      `${server.service}/${server.name} (${server.address}) is down: ${server.health_reason}${server.path === undefined ? '' : `; way: ${server.path}`}`,
      'See that it runs and can be reached from here.',
    ),
  );
}
