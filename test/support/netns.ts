// Network namespaces for tests and the lab: named, private to the process that made them, gone when disposed.
// Names carry the owner's pid and start time, so two runs never meet and leftovers of a crashed run can be told
// from those of a living one. Nothing here touches the namespace that the caller runs in.
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

const NETNS_FOLDER = '/run/netns';
const NAME_PATTERN = /^fl-(\d+)-(\d+)-[0-9a-f]{6}-/;
/** Far from what the kernel gives out by itself. */
const FIRST_INDEX = 1_000;
const RUN_TIMEOUT_MS = 20_000;

export interface Namespace {
  /** Full name, as `ip netns` lists it. */
  readonly name: string;
  /** The short name it was asked for by. */
  readonly label: string;
  /** For nsenter and setns. */
  readonly path: string;
}

/** One end of a cable: the interface `name` inside `namespace`. Addresses are `10.0.0.1/24` or `fd00::1/64`. */
export interface Port {
  readonly namespace: Namespace;
  readonly name: string;
  readonly mac?: string;
  readonly mtu?: number;
  readonly addresses?: readonly string[];
}

export interface Namespaces extends Disposable {
  /** Adds one more namespace, loopback up, IPv6 duplicate address detection off. */
  create(label: string): Namespace;
  /** The namespace that was created under this label. Throws for an unknown one. */
  get(label: string): Namespace;
  /** Joins two ports by a veth pair, both up. */
  cable(left: Port, right: Port): void;
  /** A bridge without delays (no spanning tree), up, with the given interfaces of the same namespace as ports. */
  bridge(namespace: Namespace, name: string, ports?: readonly string[]): void;
  /** Starts a program that is ended, at the latest, when the set is disposed. */
  start(namespace: Namespace, command: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
}

/** Makes a set of namespaces, one per label. `prefix` only helps people to tell sets apart. */
export function createNamespaces(prefix: string, labels: readonly string[] = []): Namespaces {
  const stem = `fl-${process.pid}-${startTime(process.pid)}-${randomBytes(3).toString('hex')}-${prefix}-`;
  const made = new Map<string, Namespace>();
  const children = new Set<ChildProcess>();
  let nextIndex = FIRST_INDEX;
  const set: Namespaces = {
    create(label) {
      if (made.has(label)) throw new Error(`namespace ${label} exists already`);
      const name = stem + label;
      const namespace: Namespace = { name, label, path: `${NETNS_FOLDER}/${name}` };
      execute('ip', ['netns', 'add', name]);
      made.set(label, namespace);
      ip(namespace, 'link set lo up');
      for (const scope of ['all', 'default']) sysctl(namespace, `net.ipv6.conf.${scope}.accept_dad`, 0);
      return namespace;
    },
    get(label) {
      const namespace = made.get(label);
      if (!namespace) throw new Error(`no namespace ${label} in this set`);
      return namespace;
    },
    cable(left, right) {
      // Ends with equal numbers would be told of their carrier only up to a second later (net/core/link_watch.c,
      // linkwatch_urgent_event), and IPv6 is deaf until then.
      const index = nextIndex;
      nextIndex += 2;
      const peer = `peer name ${right.name} index ${index + 1} netns ${right.namespace.name}`;
      ip(left.namespace, `link add name ${left.name} index ${index} type veth ${peer}`);
      for (const port of [left, right]) settlePort(port);
    },
    bridge(namespace, name, ports = []) {
      ip(namespace, `link add name ${name} type bridge stp_state 0 forward_delay 0`);
      for (const port of ports) ip(namespace, `link set dev ${port} master ${name}`);
      ip(namespace, `link set dev ${name} up`);
    },
    start(namespace, command, args, options = {}) {
      const child = spawn('nsenter', nsenterArguments(namespace, command, args), options);
      children.add(child);
      child.once('exit', () => children.delete(child));
      return child;
    },
    [Symbol.dispose]() {
      for (const child of children) child.kill('SIGKILL');
      for (const namespace of made.values()) removeNamespace(namespace.name);
      made.clear();
    },
  };
  try {
    for (const label of labels) set.create(label);
    return set;
  } catch (error) {
    set[Symbol.dispose]();
    throw error;
  }
}

export interface RunResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly timeout_ms?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Give back a failure instead of throwing. */
  readonly allowFailure?: boolean;
}

/** Runs a program inside a namespace to its end; mounts (bpffs among them) stay those of the caller. */
export function run(
  namespace: Namespace,
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): RunResult {
  return execute('nsenter', nsenterArguments(namespace, command, args), options);
}

/** `ip(ns, 'addr add 10.0.0.1/24 dev eth0')`: words are split at blanks. Returns what it printed. */
export function ip(namespace: Namespace, words: string): string {
  return execute('ip', ['-n', namespace.name, ...words.split(/\s+/).filter(Boolean)]).stdout;
}

/** Sets a kernel setting of the namespace, `net.ipv4.ip_forward` style. */
export function sysctl(namespace: Namespace, name: string, value: string | number): void {
  run(namespace, 'sysctl', ['-q', '-w', `${name}=${value}`]);
}

/** Adds an address; IPv6 without duplicate address detection, so that it can be used at once. */
function addAddress(namespace: Namespace, interfaceName: string, prefixed: string): void {
  ip(namespace, `addr add ${prefixed} dev ${interfaceName}${prefixed.includes(':') ? ' nodad' : ''}`);
}

/** Program and arguments that run something inside a namespace, for callers with their own way of spawning. */
function nsenterArguments(namespace: Namespace, command: string, args: readonly string[]): string[] {
  return [`--net=${namespace.path}`, '--', command, ...args];
}

/** Removes namespaces, and ends programs in them, that belong to processes that are gone. Returns their names. */
export function sweepLeftovers(): string[] {
  const leftovers = listNames().filter((name) => {
    const match = NAME_PATTERN.exec(name);
    return match !== null && startTime(Number(match[1])) !== match[2];
  });
  for (const name of leftovers) removeNamespace(name);
  return leftovers;
}

function settlePort(port: Port): void {
  const { namespace, name } = port;
  if (port.mac !== undefined) ip(namespace, `link set dev ${name} address ${port.mac}`);
  if (port.mtu !== undefined) ip(namespace, `link set dev ${name} mtu ${port.mtu}`);
  for (const prefixed of port.addresses ?? []) addAddress(namespace, name, prefixed);
  ip(namespace, `link set dev ${name} up`);
}

/** A namespace lives as long as a program runs in it, so those are ended first. */
function removeNamespace(name: string): void {
  const inside = execute('ip', ['netns', 'pids', name], { allowFailure: true }).stdout.split('\n');
  for (const pid of inside.map(Number)) {
    if (!(pid > 1) || pid === process.pid) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself in between.
    }
  }
  execute('ip', ['netns', 'delete', name], { allowFailure: true });
}

function listNames(): string[] {
  try {
    return readdirSync(NETNS_FOLDER);
  } catch {
    return []; // no namespace was ever made on this machine
  }
}

/**
 * Field 22 of /proc/PID/stat (proc(5)): with the pid it names one process for good. Undefined when it is gone, or has
 * ended and waits for a parent that never asks.
 */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function execute(command: string, args: readonly string[], options: RunOptions = {}): RunResult {
  const done = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: options.timeout_ms ?? RUN_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  if (done.error) throw done.error;
  const result = { status: done.status ?? -1, stdout: done.stdout, stderr: done.stderr };
  if (result.status !== 0 && options.allowFailure !== true)
    throw new Error(`${command} ${args.join(' ')}: status ${result.status}: ${result.stderr.trim()}`);
  return result;
}
