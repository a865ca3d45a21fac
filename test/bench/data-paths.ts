// The ways a director's packets can go that are compared: this project's packet program, nftables DNAT, and routing
// without any translation. Each is set up and taken away again for every round.
import { openEbpfEngine } from '../../director/engine/ebpf/ebpf-engine.ts';
import { address } from '../../director/model/address.ts';
import type { Step } from '../../director/model/step.ts';
import { inNamespace } from '../../director/native/netns.ts';
import { systemClock } from '../../director/native/system-clock.ts';
import { run } from '../support/netns.ts';
import { PLACES, PORTS, type Site } from './site.ts';

const SWEEP_MS = 100;
const RESOLVED_MS = 5_000;
const CONNECTIONS = 2 ** 20;

export interface DataPath {
  readonly name: 'fairlead' | 'nftables' | 'routing';
  /** Where the client sends its requests. */
  readonly address: string;
  open(site: Site): Promise<Disposable>;
}

export const DATA_PATHS: readonly DataPath[] = [
  { name: 'fairlead', address: PLACES.virtual, open: openFairlead },
  { name: 'nftables', address: PLACES.virtual, open: openNftables },
  // one real server, since nothing chooses
  { name: 'routing', address: PLACES.servers[0], open: async () => ({ [Symbol.dispose]() {} }) },
];

/** As pulse drives it: tc on every interface, next hops from the kernel, a sweep ten times a second. */
async function openFairlead(site: Site): Promise<Disposable> {
  const { path } = site.director;
  using opening = new DisposableStack();
  const engine = inNamespace({ path }, () =>
    openEbpfEngine({
      interfaces: PLACES.interfaces,
      hook: 'tc',
      connections_max: CONNECTIONS,
      log: () => {},
      clock: systemClock,
    }),
  );
  opening.defer(() => inNamespace({ path }, () => engine.release()));
  for (const outcome of engine.apply(steps()))
    if (!outcome.ok) throw new Error(`${outcome.service}: ${outcome.code}: ${outcome.detail}`);
  const sweeps = setInterval(() => engine.sweep(), SWEEP_MS);
  opening.defer(() => clearInterval(sweeps));
  const end_ms = performance.now() + RESOLVED_MS;
  const isResolved = () =>
    engine
      .snapshot()
      .services.every(({ servers }) => servers.every((server) => server.path?.includes(' at ')));
  while (!isResolved()) {
    if (performance.now() > end_ms) throw new Error('the real servers do not answer for their addresses');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const kept = opening.move();
  return { [Symbol.dispose]: () => kept.dispose() };
}

function steps(): Step[] {
  const service = (name: string, port: number, servers: readonly string[]): Step[] => [
    {
      kind: 'add-service',
      service: { name, listen: { protocol: 'tcp', address: address(PLACES.virtual), port }, scheduler: 'rr' },
    },
    ...servers.map((at, index): Step => {
      const server = {
        name: `rs${index + 1}`,
        address: address(at),
        port,
        method: 'nat',
        weight: 1,
      } as const;
      return { kind: 'add-server', service: name, server };
    }),
  ];
  // iperf3 opens two connections that must meet the same server
  return [
    ...service('web', PORTS.web, PLACES.servers),
    ...service('bulk', PORTS.bulk, PLACES.servers.slice(0, 1)),
  ];
}

async function openNftables(site: Site): Promise<Disposable> {
  const [one, two] = PLACES.servers;
  const input = `table ip bench {
    chain before {
      type nat hook prerouting priority dstnat
      ip daddr ${PLACES.virtual} tcp dport ${PORTS.web} dnat to numgen inc mod 2 map { 0 : ${one}, 1 : ${two} }
      ip daddr ${PLACES.virtual} tcp dport ${PORTS.bulk} dnat to ${one}
    }
  }\n`;
  run(site.director, 'nft', ['-f', '-'], { input });
  return { [Symbol.dispose]: () => void run(site.director, 'nft', ['delete', 'table', 'ip', 'bench']) };
}
