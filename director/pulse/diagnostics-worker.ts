// The thread that looks at the machine for a report: it asks commands, which take their time, and reads a configuration
// that may be large. One request, one answer, and it ends.
import fs from 'node:fs';
import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { parseConfiguration } from '../config/parse.ts';
import { redactConfiguration } from '../config/redact.ts';
import { examine } from '../doctor/examine.ts';
import { type Machine, thisMachine } from '../doctor/machine.ts';
import { redactText } from '../model/redact.ts';

export interface MachineQuestion {
  /** Text of the revision in force. */
  readonly configuration: string;
}

const DEBIAN_PACKAGES = ['libbpf1', 'iproute2', 'ethtool', 'nftables', 'chrony', 'systemd'];
const ROOT = new URL('../../', import.meta.url);

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker thread');
const { configuration } = workerData as MachineQuestion;
// The YAML library asks the environment about each word of the text, and Node asks the system each time.
process.env = { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin' };
port.postMessage(lookAt(thisMachine(Date.now)));

function lookAt(machine: Machine): Record<string, string> {
  return {
    'configuration.yaml': attempt(
      () =>
        redactConfiguration(configuration) ??
        '(left out: it cannot be read, so that nobody can tell its secrets)',
    ),
    'doctor.txt': attempt(() => doctor(machine)),
    'machine.json': attempt(() => json(machineFacts(machine))),
    'versions.json': attempt(() => json(versions(machine))),
    'interfaces.txt': attempt(() => machine.ask('ip', '-d', '-s', 'address') ?? json(os.networkInterfaces())),
    'routes.txt': attempt(() =>
      ['-4', '-6']
        .map((family) => machine.ask('ip', family, 'route', 'show', 'table', 'main') ?? '(ip is not there)\n')
        .join('\n'),
    ),
  };
}

/** A part that fails says so in its place; the others are there all the same. */
function attempt(part: () => string): string {
  try {
    return part();
  } catch (error) {
    return `(failed: ${error instanceof Error ? error.message : String(error)})`;
  }
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

function doctor(machine: Machine): string {
  const parsed = parseConfiguration(configuration, 'the revision in force');
  const findings = examine(machine, 'configuration' in parsed ? parsed.configuration : undefined);
  return findings
    .map(({ level, check, detail, remedy }) =>
      redactText(
        `${level.padEnd(4)}  ${check.padEnd(14)}${detail}${remedy === undefined ? '' : `\n${' '.repeat(20)}${remedy}`}`,
      ),
    )
    .join('\n');
}

function machineFacts(machine: Machine): unknown {
  return {
    hostname: os.hostname(),
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(machine.read('/etc/os-release') ?? '')?.[1] ?? os.type(),
    kernel: os.release(),
    kernel_version: os.version(),
    architecture: os.arch(),
    processors: os.cpus().length,
    processor: os.cpus()[0]?.model,
    load: os.loadavg(),
    uptime_s: os.uptime(),
    memory_bytes: os.totalmem(),
    memory_available_bytes: machine.availableMemory_bytes(),
    process: {
      pid: process.pid,
      uid: process.getuid?.(),
      uptime_s: process.uptime(),
      memory_bytes: process.memoryUsage.rss(),
    },
  };
}

function versions(machine: Machine): unknown {
  const own = readJson('package.json') as { version?: string; dependencies?: Record<string, string> };
  const installed = Object.keys(own.dependencies ?? {}).map((name) => [
    name,
    (readJson(`node_modules/${name}/package.json`) as { version?: string }).version ?? 'not there',
  ]);
  const debian = DEBIAN_PACKAGES.map((name) => [
    name,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is dpkg-query that fills it in
    machine.ask('dpkg-query', '-W', '-f', '${Version}', name) ?? 'not there',
  ]);
  return {
    fairlead: own.version,
    runtime: process.versions,
    packages: Object.fromEntries(installed),
    debian: Object.fromEntries(debian),
  };
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(new URL(path, ROOT), 'utf8'));
  } catch {
    return {};
  }
}
