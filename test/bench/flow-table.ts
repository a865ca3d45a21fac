// An engine with one service, full of connections, whose programs stand behind the wrapper: what packets of them cost.
// Guarantee: a measurement in which a packet was not forwarded fails instead of giving a figure.
import { type EbpfEngine, openEbpfEngine } from '../../director/engine/ebpf/ebpf-engine.ts';
import type { Hop } from '../../director/engine/ebpf/hops/hop.ts';
import { type Address, address, type Family, formatEndpoint } from '../../director/model/address.ts';
import type { Method } from '../../director/model/service.ts';
import type { Step } from '../../director/model/step.ts';
import { systemClock } from '../../director/native/system-clock.ts';
import { tcp } from '../support/packet/build.ts';
import { type Hook, type Packets, SERVERS, type Wrapper } from './wrapper.ts';

const ADDRESSES = {
  4: {
    client: address('10.0.0.0'),
    virtual: address('192.0.2.100'),
    servers: '10.200.0.',
    source: '10.200.1.1',
  },
  6: {
    client: address('2001:db8::'),
    virtual: address('fd00::100'),
    servers: 'fd00:200::',
    source: 'fd00:201::1',
  },
} as const;
const SERVER_PORT = 8080;
const SERVICE_PORT = 80;
/** Some interface that is not the one packets come by; nothing is sent in a test-run. */
const INTERFACE = 77;
const REDIRECT = { xdp: 4, tc: 7 } as const;

export type BenchMethod = Exclude<Method, 'local'>;

export interface FlowPackets {
  readonly hook: Hook;
  readonly direction?: 'inbound' | 'outbound';
  readonly flags: 'S' | 'A';
  readonly flows: number;
  readonly order: Packets['order'];
  readonly packets: number;
}

export class FlowTable implements Disposable {
  readonly method: BenchMethod;
  readonly family: Family;
  readonly engine: EbpfEngine;
  readonly #wrapper: Wrapper;
  readonly #target: number;

  constructor(wrapper: Wrapper, method: BenchMethod, family: Family, connections_max: number) {
    this.method = method;
    this.family = family;
    this.#wrapper = wrapper;
    this.engine = openBenchEngine(connections_max);
    const { tc, xdp } = this.engine.tables.programs;
    this.#target = wrapper.addTarget({ tc, xdp });
    for (const outcome of this.engine.apply(steps(method, family)))
      if (!outcome.ok) throw new Error(`${outcome.service}: ${outcome.code}: ${outcome.detail}`);
  }

  /** Runs packets that must all be forwarded; returns the mean of one in nanoseconds, wrapper included. */
  run(what: FlowPackets): number {
    const before = this.#forwarded();
    const mean_ns = this.#wrapper.run({
      ...packetsOf(this.family, what, this.method),
      target: this.#target,
      verdict: REDIRECT[what.hook],
    });
    const forwarded = this.#forwarded() - before;
    if (forwarded !== what.packets)
      throw new Error(`${this.method}: ${forwarded} of ${what.packets} packets were forwarded`);
    return mean_ns;
  }

  /** Enters flows one by one, as SYNs and then as ACKs. */
  establish(flows: number): void {
    for (const flags of ['S', 'A'] as const)
      this.run({ hook: 'xdp', flags, flows, order: 'one-by-one', packets: flows });
  }

  flush(): void {
    this.engine.flush({ what: 'connections' });
  }

  #forwarded(): number {
    return this.engine.snapshot().totals.forwarded;
  }

  [Symbol.dispose](): void {
    this.#wrapper.removeTarget(this.#target);
    this.engine[Symbol.dispose]();
  }
}

/** The same packets for any target. */
export function packetsOf(
  family: Family,
  what: FlowPackets,
  method: BenchMethod,
): Omit<Packets, 'target' | 'verdict'> {
  const { client, virtual, servers } = ADDRESSES[family];
  const server = address(`${servers}1`);
  const direction = what.direction ?? 'inbound';
  const from = formatEndpoint(client, 1024);
  const ends =
    direction === 'inbound'
      ? { from, to: formatEndpoint(virtual, SERVICE_PORT) }
      : { from: formatEndpoint(server, serverPort(method)), to: from };
  // 15 bytes make the frame 69 long, the size that other directors publish figures for
  const frame = tcp({ ...ends, flags: what.flags, payload: 15 });
  return { ...what, client, server, direction, frame };
}

export function openBenchEngine(connections_max: number): EbpfEngine {
  return openEbpfEngine({
    interfaces: [],
    hook: 'tc',
    connections_max,
    log: () => {},
    clock: systemClock,
    hopOf: linkHop,
  });
}

/** Every real server is a resolved neighbour. */
function linkHop(server: Address): Hop {
  return {
    kind: 'link',
    address: server,
    interface_index: INTERFACE,
    interface_name: 'bench',
    source_mac: Uint8Array.of(2, 0, 0, 0, 0, 1),
    destination_mac: Uint8Array.of(2, 0, 0, 0, 0, 2),
    gateway: server,
    mtu: 1600,
    source: address(ADDRESSES[server.includes(':') ? 6 : 4].source),
  };
}

function steps(method: BenchMethod, family: Family): Step[] {
  const { virtual, servers } = ADDRESSES[family];
  const listen = { protocol: 'tcp', address: virtual, port: SERVICE_PORT } as const;
  const added = Array.from({ length: SERVERS }, (_, index): Step => {
    const at = address(`${servers}${(index + 1).toString(family === 4 ? 10 : 16)}`);
    const server = { name: `rs${index + 1}`, address: at, port: serverPort(method), method, weight: 1 };
    return { kind: 'add-server', service: 'bench', server };
  });
  return [{ kind: 'add-service', service: { name: 'bench', listen, scheduler: 'rr' } }, ...added];
}

function serverPort(method: BenchMethod): number {
  return method === 'nat' ? SERVER_PORT : SERVICE_PORT;
}
