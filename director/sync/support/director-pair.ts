// Two directors' tables, each with its sync process in a network namespace of its own, joined by a cable: real programs, real
// packets by the kernel's test-run, real datagrams. For tests and the benchmark.
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNamespaces, ip, type Namespace, type Namespaces, run } from '../../../test/support/netns.ts';
import { type EbpfEngine, openEbpfEngine } from '../../engine/ebpf/ebpf-engine.ts';
import { type Address, address, familyOf } from '../../model/address.ts';
import type { Step } from '../../model/step.ts';
import { testRun } from '../../native/libbpf.ts';
import { type FromSync, fromSyncSchema, type SyncStatus, type ToSync } from '../protocol.ts';

const MAIN = join(import.meta.dirname, '../main.ts');
const PORT = 8_849;
const ENDS = { a: '10.9.0.1', b: '10.9.0.2' } as const;

export type Label = keyof typeof ENDS;

export interface PairOptions {
  readonly connections_max: number;
  readonly steps: readonly Step[];
}

let pairs = 0;

export class DirectorPair implements Disposable {
  readonly a: Director;
  readonly b: Director;
  readonly #resources = new DisposableStack();
  readonly #set: Namespaces;
  #joined = false;

  constructor(options: PairOptions) {
    try {
      const set = createNamespaces('sync', ['a', 'b']);
      this.#set = this.#resources.use(set);
      const folder = mkdtempSync(join(tmpdir(), 'fl-sync-'));
      this.#resources.defer(() => rmSync(folder, { recursive: true, force: true }));
      const keyFile = join(folder, 'key');
      writeFileSync(keyFile, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
      const [a, b] = (['a', 'b'] as const).map((label) => {
        const namespace = set.get(label);
        const start = () =>
          set.start(namespace, process.execPath, [MAIN], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
        return this.#resources.use(new Director(label, namespace, keyFile, start, options));
      });
      this.a = a!;
      this.b = b!;
      this.join();
    } catch (error) {
      this.#resources.dispose();
      throw error;
    }
  }

  /** As new, but for services: no entries, no processes, both standing by, the cable laid and without loss. */
  reset(): void {
    for (const director of [this.a, this.b]) director.reset();
    this.lose(0);
    if (!this.#joined) this.join();
  }

  /** Lays the cable between them. */
  join(): void {
    this.#joined = true;
    const [left, right] = (['a', 'b'] as const).map((label) => ({
      namespace: this.#set.get(label),
      name: 'eth0',
      addresses: [`${ENDS[label]}/24`],
    }));
    this.#set.cable(left!, right!);
  }

  /** Takes the cable away, interfaces and addresses with it. */
  cut(): void {
    this.#joined = false;
    ip(this.a.namespace, 'link del eth0');
  }

  /** Drops so many of 100 datagrams that come in, on both sides. */
  lose(percent: number): void {
    for (const { namespace } of [this.a, this.b])
      run(namespace, 'nft', ['-f', '-'], {
        input: `table inet loss { }; delete table inet loss;
          table inet loss { chain in { type filter hook input priority 0;
            udp dport ${PORT} numgen random mod 100 < ${percent} drop; }; }`,
      });
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}

export class Director implements Disposable {
  readonly label: Label;
  readonly namespace: Namespace;
  readonly pinFolder: string;
  engine: EbpfEngine;
  child: ChildProcess | undefined;
  status: SyncStatus | undefined;
  readonly messages: FromSync[] = [];
  readonly #keyFile: string;
  readonly #start: () => ChildProcess;
  readonly #options: PairOptions;
  #role: ToSync = { kind: 'role', active: false, epoch: 0 };

  constructor(
    label: Label,
    namespace: Namespace,
    keyFile: string,
    start: () => ChildProcess,
    options: PairOptions,
  ) {
    this.label = label;
    this.namespace = namespace;
    this.#keyFile = keyFile;
    this.#start = start;
    this.#options = options;
    this.pinFolder = `/sys/fs/bpf/fairlead-test-${process.pid}-sync-${pairs++}`;
    this.engine = this.#openEngine();
  }

  /** Starts the sync process, or starts it again. */
  start(): void {
    const child = this.#start();
    this.child = child;
    this.status = undefined;
    child.on('message', (value) => {
      const message = fromSyncSchema.parse(value);
      if (this.child !== child) return;
      if (message.kind === 'status') this.status = message.status;
      else this.messages.push(message);
    });
    const peer = this.label === 'a' ? 'b' : 'a';
    this.tell({
      kind: 'settings',
      settings: {
        pinFolder: this.pinFolder,
        cluster: 'test',
        node: this.label,
        peer,
        keyFile: this.#keyFile,
        interface: 'eth0',
        own: { address: ENDS[this.label], port: PORT },
        remote: { address: ENDS[peer], port: PORT },
      },
    });
    this.tell(this.#role);
  }

  setRole(active: boolean, epoch: number): void {
    this.#role = { kind: 'role', active, epoch };
    this.tell(this.#role);
  }

  tell(message: ToSync): void {
    if (this.child?.connected) this.child.send(message);
  }

  reset(): void {
    this.kill();
    this.#role = { kind: 'role', active: false, epoch: 0 };
    this.messages.length = 0;
    for (const what of ['connections', 'templates'] as const) this.engine.flush({ what });
  }

  /** Ends the sync process as a crash does. */
  kill(): void {
    this.child?.kill('SIGKILL');
    this.child = undefined;
    this.status = undefined;
  }

  /** Tables made anew, as after a crash of the machine. */
  loseTables(): void {
    this.engine.release();
    this.engine = this.#openEngine();
  }

  /** Runs a frame through the packet program. */
  feed(frame: Uint8Array): void {
    testRun(this.engine.tables.programs.xdp, { data: frame });
  }

  /** Entries as the dump has them, without times and counts that no event tells. */
  entries(): string[] {
    return this.engine
      .dump()
      .split('\n')
      .filter((line) => /^(connection|template)/.test(line))
      .map((line) => line.replace(/ expires=\d+| packets=\S+| bytes=\S+| controls=\d+/g, ''));
  }

  #openEngine(): EbpfEngine {
    const engine = openEbpfEngine({
      interfaces: [],
      hook: 'tc',
      connections_max: this.#options.connections_max,
      services_max: 64,
      servers_max: 64,
      pinFolder: this.pinFolder,
      log: () => {},
      clock: { now: () => 0, monotonic_ms: () => 0, after: () => ({ [Symbol.dispose]() {} }) },
      hopOf,
    });
    for (const outcome of engine.apply(this.#options.steps))
      if (!outcome.ok) throw new Error(`${outcome.service}: ${outcome.code}: ${outcome.detail}`);
    return engine;
  }

  [Symbol.dispose](): void {
    this.kill();
    this.engine.release();
    rmSync(this.pinFolder, { recursive: true, force: true });
  }
}

/** Every real server is a neighbour; nothing is sent in a test-run. */
function hopOf(server: Address) {
  return {
    kind: 'link' as const,
    address: server,
    interface_index: 77,
    interface_name: 'eth1',
    source_mac: Uint8Array.of(2, 0, 0, 0, 0, 1),
    destination_mac: Uint8Array.of(2, 0, 0, 0, 0, 2),
    gateway: server,
    mtu: 1_600,
    source: address(familyOf(server) === 6 ? 'fd00:201::1' : '10.1.0.1'),
  };
}
