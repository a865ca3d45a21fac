// Whether this kernel and this process can carry the packet program.
import { type Finding, fail, ok, warn } from './finding.ts';
import type { Machine } from './machine.ts';

/** Numbers from linux/capability.h. Either of a pair will do. */
const CAPABILITIES = [
  { name: 'CAP_NET_ADMIN', bits: [12], why: 'to attach programs and raise VIPs' },
  { name: 'CAP_NET_RAW', bits: [13], why: 'to announce VIPs and to ping' },
  { name: 'CAP_BPF or CAP_SYS_ADMIN', bits: [39, 21], why: 'to load programs and maps' },
  { name: 'CAP_PERFMON or CAP_SYS_ADMIN', bits: [38, 21], why: 'to load programs that use pointers' },
] as const;

export function checkPrivileges(machine: Machine): Finding {
  const found = /^CapEff:\s*([0-9a-f]+)$/m.exec(machine.read('/proc/self/status') ?? '');
  if (found === null)
    return warn('privileges', 'the capabilities of this process cannot be read', 'Mount /proc.');
  const effective = BigInt(`0x${found[1]}`);
  const missing = CAPABILITIES.filter(({ bits }) =>
    bits.every((bit) => ((effective >> BigInt(bit)) & 1n) === 0n),
  );
  if (missing.length === 0) return ok('privileges', 'has the capabilities that it needs');
  return fail(
    'privileges',
    `lacks ${missing.map(({ name, why }) => `${name} (${why})`).join(', ')}`,
    'Run it as root, or through its systemd unit, which gives it these.',
  );
}

const KERNEL_MIN = { major: 6, minor: 1 };

export function checkKernel(machine: Machine): Finding {
  const found = /^(\d+)\.(\d+)/.exec(machine.kernelRelease);
  const [major, minor] = [Number(found?.[1]), Number(found?.[2])];
  if (major > KERNEL_MIN.major || (major === KERNEL_MIN.major && minor >= KERNEL_MIN.minor))
    return ok('kernel', `Linux ${machine.kernelRelease}`);
  return fail(
    'kernel',
    `Linux ${machine.kernelRelease} is older than ${KERNEL_MIN.major}.${KERNEL_MIN.minor}, which the ebpf engine needs`,
    'Boot a newer kernel (Debian 12 has one), or set engine.kind to ipvs.',
  );
}

export function checkBpf(machine: Machine): Finding {
  if (machine.exists('/proc/sys/kernel/unprivileged_bpf_disabled'))
    return ok('bpf', 'the kernel has the bpf system call');
  return fail('bpf', 'the kernel has no bpf system call', 'Boot a kernel with CONFIG_BPF_SYSCALL=y.');
}

export function checkJit(machine: Machine): Finding {
  const value = machine.read('/proc/sys/net/core/bpf_jit_enable')?.trim();
  if (value === '0')
    return warn(
      'bpf-jit',
      'BPF programs are interpreted, which makes forwarding several times slower',
      'Set net.core.bpf_jit_enable=1.',
    );
  // Told in the first network namespace alone, and there by kernels that have a compiler.
  if (value === undefined)
    return ok('bpf-jit', 'the kernel does not tell whether it compiles BPF programs, or has no compiler');
  return ok('bpf-jit', 'BPF programs are compiled');
}

export function checkBpffs(machine: Machine): Finding {
  const mounts = machine.read('/proc/mounts') ?? '';
  if (/^\S+ \/sys\/fs\/bpf bpf /m.test(mounts)) return ok('bpffs', '/sys/fs/bpf is mounted');
  return warn(
    'bpffs',
    '/sys/fs/bpf is not mounted, so that nothing would outlive a restart',
    'Run: mount -t bpf bpf /sys/fs/bpf',
  );
}

/** Options that the tc hook needs; a module will do, it is loaded on demand. */
const OPTIONS = ['CONFIG_NET_SCH_INGRESS', 'CONFIG_NET_CLS_BPF'];

export function checkClsact(machine: Machine): Finding {
  const config = machine.read('/proc/config.gz') ?? machine.read(`/boot/config-${machine.kernelRelease}`);
  if (config === undefined)
    return ok('clsact', 'the kernel does not tell its configuration; attaching will show');
  const missing = OPTIONS.filter((option) => !new RegExp(`^${option}=[ym]$`, 'm').test(config));
  if (missing.length === 0) return ok('clsact', 'the kernel has the tc hook');
  return fail(
    'clsact',
    `the kernel lacks ${missing.join(' and ')}`,
    'Boot a kernel that has them, such as Debian 12’s.',
  );
}

const LIBRARY_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/lib',
];

export function checkLibbpf(machine: Machine): Finding {
  const folder = LIBRARY_FOLDERS.find((each) => machine.exists(`${each}/libbpf.so.1`));
  return folder === undefined
    ? fail('libbpf', 'libbpf.so.1 is not installed', 'Run: apt-get install libbpf1')
    : ok('libbpf', `${folder}/libbpf.so.1`);
}

/** Bytes of kernel memory per connection slot, maps and hash nodes included; rounded up. */
const SLOT_BYTES = 512;

export function checkMemory(machine: Machine, connections_max: number): Finding {
  const needed = connections_max * SLOT_BYTES;
  const free = machine.availableMemory_bytes();
  const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 1024 / 1024)} MiB`;
  if (free > needed * 2)
    return ok(
      'memory',
      `${mebibytes(free)} are free, ${connections_max} connections take ${mebibytes(needed)}`,
    );
  return warn(
    'memory',
    `${connections_max} connections take ${mebibytes(needed)}, and only ${mebibytes(free)} are free`,
    'Lower engine.connections, or add memory.',
  );
}
