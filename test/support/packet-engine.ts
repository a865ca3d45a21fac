// The ebpf engine as tests see it: frames go through the real program by the kernel's test-run, the clock is set by
// hand. One program serves many engines in turn, since loading it takes most of a test's time; the tables are emptied
// between them. Everything runs in a network namespace of its own, whose routes say that clients can be reached.
import { type EbpfEngine, openEbpfEngine } from '../../director/engine/ebpf/ebpf-engine.ts';
import type { Hop } from '../../director/engine/ebpf/hops/hop.ts';
import { CONTROL } from '../../director/engine/ebpf/layout.ts';
import { MAPPED, Tables } from '../../director/engine/ebpf/tables.ts';
import type { Engine, PacketPort, PacketVerdict } from '../../director/engine/engine.ts';
import { type Address, familyOf } from '../../director/model/address.ts';
import { deleteElement, mapInfo, nextKey, testRun } from '../../director/native/libbpf.ts';
import { SystemError } from '../../director/native/libc.ts';
import { enterNamespace } from '../../director/native/netns.ts';
import { createNamespaces, ip, sysctl } from './netns.ts';

export type Shell = 'tc' | 'xdp';

export interface PacketEngineOptions {
  readonly capacity: number;
  readonly mtu: number;
  readonly tunnelSource: { readonly 4: Address; readonly 6: Address };
}

/** What a frame becomes when it is sent on or back: TC_ACT_REDIRECT, XDP_TX, XDP_REDIRECT. */
const SENT: Readonly<Record<Shell, readonly number[]>> = { tc: [7], xdp: [3, 4] };
const SIZES = { services: 64, servers: 256 };
/** Not the loopback's, so that XDP tells sending on from sending back. */
const SERVER_INTERFACE = 77;

/** Programs and a namespace for the tests of one file. Dispose after the last. */
export class PacketEngines implements Disposable {
  readonly #resources = new DisposableStack();
  readonly #tables = new Map<number, Tables>();
  readonly #shell: Shell;

  constructor(shell: Shell) {
    this.#shell = shell;
    const namespaces = this.#resources.use(createNamespaces('packet', ['director', 'client']));
    const director = namespaces.get('director');
    namespaces.cable(
      { namespace: director, name: 'eth0', addresses: ['198.18.0.1/24', '2001:db8:feed::1/64'] },
      { namespace: namespaces.get('client'), name: 'eth0' },
    );
    for (const name of ['net.ipv4.conf.all.forwarding', 'net.ipv6.conf.all.forwarding'])
      sysctl(director, name, 1);
    for (const [family, gateway] of [
      ['-4', '198.18.0.254'],
      ['-6', '2001:db8:feed::254'],
    ]) {
      ip(director, `neigh add ${gateway} lladdr 02:00:00:00:00:fe dev eth0 nud permanent`);
      ip(director, `${family} route add default via ${gateway} dev eth0`);
    }
    this.#resources.use(enterNamespace({ name: director.name }));
  }

  /** As EngineFactory: one engine at a time per capacity. */
  readonly create = (options: PacketEngineOptions): Engine & PacketPort => {
    const tables = this.#emptyTables(options.capacity);
    const engine = openEbpfEngine({
      interfaces: [],
      hook: this.#shell,
      connections_max: options.capacity,
      log: () => {},
      clock: { now: () => 0, monotonic_ms: () => 0, after: () => ({ [Symbol.dispose]() {} }) },
      hopOf: (address) => hopTo(address, options),
      testClock: true,
      events: true,
      tables,
    });
    return withPort(engine, tables, this.#shell);
  };

  [Symbol.dispose](): void {
    for (const tables of this.#tables.values()) tables[Symbol.dispose]();
    this.#resources.dispose();
  }

  #emptyTables(capacity: number): Tables {
    const known = this.#tables.get(capacity);
    if (known) {
      empty(known);
      return known;
    }
    const tables = new Tables({ sizes: { slots: capacity, ...SIZES }, testClock: true });
    this.#tables.set(capacity, tables);
    return tables;
  }
}

/** Gives an engine the test-run for a network card. */
function withPort(engine: EbpfEngine, tables: Tables, shell: Shell): Engine & PacketPort {
  return Object.assign(engine, {
    setClock(now_ms: number): void {
      tables.array('control').setU64(0, CONTROL.test_now_ns, BigInt(now_ms) * 1_000_000n);
    },
    setGrace(until_ms: number): void {
      tables.array('control').setU64(0, CONTROL.grace_until_ns, BigInt(until_ms) * 1_000_000n);
    },
    setAdmitUntil(until_ms: number): void {
      tables.array('control').setU64(0, CONTROL.admit_until_ns, BigInt(until_ms) * 1_000_000n);
    },
    inject(frame: Uint8Array): PacketVerdict {
      const before = engine.snapshot().totals;
      const { value, data } = feed(tables, shell, frame);
      const after = engine.snapshot().totals;
      const out = Uint8Array.from(data);
      if (after.forwarded > before.forwarded) return { outcome: 'forward', frame: out };
      if (after.local > before.local) return { outcome: 'local' };
      return SENT[shell].includes(value) ? { outcome: 'reply', frame: out } : { outcome: 'drop' };
    },
  });
}

/** The kernel's test-run for tc refuses frames that are cut off early; the other shell around the same core takes them. */
function feed(tables: Tables, shell: Shell, frame: Uint8Array) {
  try {
    return testRun(tables.programs[shell], { data: frame });
  } catch (error) {
    if (shell === 'xdp' || !(error instanceof SystemError) || error.code !== 'errno-EINVAL') throw error;
    return testRun(tables.programs.xdp, { data: frame });
  }
}

function hopTo(address: Address, { mtu, tunnelSource }: PacketEngineOptions): Hop {
  return {
    kind: 'link',
    address,
    interface_index: SERVER_INTERFACE,
    interface_name: 'eth1',
    source_mac: Uint8Array.of(2, 0, 0, 0, 0, 1),
    destination_mac: Uint8Array.of(2, 0, 0, 0, 0, 2),
    gateway: address,
    mtu,
    source: tunnelSource[familyOf(address)],
  };
}

function empty(tables: Tables): void {
  for (const name of MAPPED) if (name !== 'control') tables.array(name).u8.fill(0);
  const control = tables.array('control');
  for (const field of [CONTROL.slots_high, CONTROL.slots_used, CONTROL.events_lost])
    control.setU32(0, field, 0);
  for (const field of [CONTROL.free_head, CONTROL.grace_until_ns, CONTROL.admit_until_ns])
    control.setU64(0, field, 0n);
  tables.writeDefaultTimeouts();
  for (const name of ['listening', 'fragments'] as const) removeAll(tables.fd(name));
}

function removeAll(fd: number): void {
  const key = new Uint8Array(mapInfo(fd).key_bytes);
  while (nextKey(fd, undefined, key)) deleteElement(fd, key);
}
