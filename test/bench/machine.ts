// What the figures were measured on. Figures of different machines, kernels or loads are not comparable.
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  readonly date: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly memory_gib: number;
  readonly node: string;
  /** One minute, at the start: above zero, something else was running. */
  readonly load: number;
  readonly hypervisor: boolean;
  /** What the kernel does against speculation that makes calls from packet programs slow. */
  readonly mitigations: Readonly<Record<string, string>>;
}

export function readMachine(): Machine {
  const flags = /^(?:flags|Features)\s*:.*$/m.exec(read('/proc/cpuinfo'))?.[0] ?? '';
  return {
    date: new Date().toISOString(),
    kernel: release(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    memory_gib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    load: Number(loadavg()[0]!.toFixed(2)),
    hypervisor: / hypervisor\b/.test(flags),
    mitigations: {
      spectre_v2: vulnerability('spectre_v2'),
      return_stack: vulnerability('spec_rstack_overflow'),
    },
  };
}

export function describeMachine(machine: Machine): string {
  const { cpu, cpus: count, hypervisor, memory_gib, kernel, node, load, date, mitigations } = machine;
  return [
    `${count} x ${cpu}${hypervisor ? ' (virtual machine)' : ''}, ${memory_gib} GiB, Linux ${kernel}, Node ${node}`,
    `spectre_v2: ${mitigations.spectre_v2}; return stack: ${mitigations.return_stack}`,
    `${date}, load ${load}`,
  ].join('\n');
}

function vulnerability(name: string): string {
  return read(`/sys/devices/system/cpu/vulnerabilities/${name}`).split(';')[0]!.trim() || 'unknown';
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
