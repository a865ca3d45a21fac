// A director between a client and a real server, each in a network namespace, with the ebpf engine on the director's
// real (veth) interfaces: eth0 towards the client, eth1 towards the server. A second cable leads from the server
// straight to the client, for methods whose answers pass the director by. Pins have a folder of their own.
import type { ChildProcess } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type EbpfEngine, openEbpfEngine } from '../../director/engine/ebpf/ebpf-engine.ts';
import type { HookChoice } from '../../director/engine/ebpf/hooks.ts';
import { address } from '../../director/model/address.ts';
import type { Clock } from '../../director/model/clock.ts';
import type { Method } from '../../director/model/service.ts';
import type { Step } from '../../director/model/step.ts';
import { inNamespace } from '../../director/native/netns.ts';
import { createNamespaces, ip, type Namespace, run, sysctl } from './netns.ts';

const VIP = '10.0.0.100';
const PORTS = { nat: { tcp: 80, udp: 53 }, route: { tcp: 81, udp: 54 } } as const;

const clock: Clock = {
  now: () => Date.now(),
  monotonic_ms: () => performance.now(),
  after(delay_ms, action) {
    const timer = setTimeout(action, delay_ms).unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** Answers what it gets, by TCP and UDP. UDP has an address, since the answer must come from the one that was asked. */
const ECHO = `
const places = JSON.parse(process.argv[1]);
let waiting = 2 * places.length;
const ready = () => --waiting || console.log('ready');
for (const { address, tcp, udp: port } of places) {
  require('net').createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(tcp, address, ready);
  const udp = require('dgram').createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  udp.on('message', (data, from) => udp.send(data, from.port, from.address)).bind(port, address, ready);
}`;

/**
 * Keeps one TCP connection and one UDP conversation going with a few messages on the way at all times. Tells how many
 * came back on every line that it reads; ends after "stop" once all have come back, or never.
 */
const TALK = `
const [to, tcpPort, udpPort] = JSON.parse(process.argv[1]);
const count = { tcp: 0, udp: 0 }, outstanding = { tcp: 0, udp: 0 };
let stopping = false;
const tell = () => console.log(JSON.stringify({ ...count, outstanding }));
const settle = () => { if (stopping && !outstanding.tcp && !outstanding.udp) { tell(); process.exit(0); } };
const came = (kind, messages, next) => {
  count[kind] += messages; outstanding[kind] -= messages;
  if (!stopping) for (let i = 0; i < messages; i++) next();
  settle();
};
const MESSAGE = Buffer.alloc(64, 'x');
const tcp = require('net').connect(tcpPort, to);
let bytes = 0;
const say = () => { outstanding.tcp++; tcp.write(MESSAGE); };
tcp.on('data', (data) => {
  bytes += data.length;
  const messages = Math.floor(bytes / 64);
  bytes -= messages * 64;
  came('tcp', messages, () => setTimeout(say, 1));
});
tcp.on('error', (error) => { console.log(JSON.stringify({ error: error.code })); process.exit(1); });
tcp.on('connect', () => { for (let i = 0; i < 4; i++) say(); });
const udp = require('dgram').createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
const ask = () => { outstanding.udp++; udp.send(MESSAGE); };
udp.on('message', () => came('udp', 1, () => setTimeout(ask, 1)));
udp.connect(udpPort, to, () => { for (let i = 0; i < 8; i++) ask(); });
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'stop') { stopping = true; settle(); } else tell();
});`;

export interface Conversation {
  /** How many messages have come back so far. */
  counts(): Promise<{ readonly tcp: number; readonly udp: number }>;
  /** Says nothing more and waits until every message has come back. */
  stop(): Promise<{ readonly tcp: number; readonly udp: number }>;
}

export interface EbpfSite extends Disposable {
  readonly director: Namespace;
  readonly client: Namespace;
  readonly server: Namespace;
  readonly pinFolder: string;
  open(options?: {
    readonly hook?: HookChoice;
    readonly interfaces?: readonly string[];
    readonly pinned?: boolean;
    readonly connections_max?: number;
  }): EbpfEngine;
  /** Takes everything out of the kernel, inside the director's namespace. */
  release(engine: EbpfEngine): void;
  /** The client talks to the virtual service of a method, by TCP and UDP at once. */
  talk(method?: keyof typeof PORTS): Conversation;
  /** What `tc filter show` says of an interface's ingress. */
  filters(interfaceName: string): string;
}

let sites = 0;

/** Services of both methods; the real server takes both. */
export const SITE_STEPS: readonly Step[] = (['nat', 'route'] as const).flatMap((method) => stepsOf(method));

function stepsOf(method: keyof typeof PORTS & Method): Step[] {
  return (['tcp', 'udp'] as const).flatMap((protocol): Step[] => {
    const [name, port] = [`${method}-${protocol}`, PORTS[method][protocol]];
    return [
      {
        kind: 'add-service',
        service: { name, scheduler: 'rr', listen: { protocol, address: address(VIP), port } },
      },
      {
        kind: 'add-server',
        service: name,
        server: { name: 'rs', address: address('10.1.0.21'), port, method, weight: 1 },
      },
    ];
  });
}

export async function createEbpfSite(): Promise<EbpfSite> {
  const set = createNamespaces('hooks', ['client', 'director', 'server']);
  try {
    const [client, director, server] = ['client', 'director', 'server'].map((label) => set.get(label)) as [
      Namespace,
      Namespace,
      Namespace,
    ];
    lay(set, client, director, server);
    const places = [
      { address: '10.1.0.21', ...PORTS.nat },
      { address: VIP, ...PORTS.route },
    ];
    await firstLine(set.start(server, process.execPath, ['-e', ECHO, JSON.stringify(places)]));
    const pinFolder = `/sys/fs/bpf/fairlead-test-${process.pid}-${sites++}`;
    return {
      director,
      client,
      server,
      pinFolder,
      open: ({ hook = 'tc', interfaces = ['eth0', 'eth1'], pinned = true, connections_max = 1_000 } = {}) =>
        inNamespace({ name: director.name }, () =>
          openEbpfEngine({
            interfaces,
            hook,
            connections_max,
            services_max: 64,
            servers_max: 64,
            ...(pinned ? { pinFolder } : {}),
            log: () => {},
            clock,
          }),
        ),
      release: (engine) => inNamespace({ name: director.name }, () => engine.release()),
      talk(method = 'nat') {
        const ends = JSON.stringify([VIP, PORTS[method].tcp, PORTS[method].udp]);
        return converse(set.start(client, process.execPath, ['-e', TALK, ends]));
      },
      filters: (name) => run(director, 'tc', ['filter', 'show', 'dev', name, 'ingress']).stdout,
      [Symbol.dispose]() {
        set[Symbol.dispose]();
        if (existsSync(pinFolder)) rmSync(pinFolder, { recursive: true });
      },
    };
  } catch (error) {
    set[Symbol.dispose]();
    throw error;
  }
}

function lay(
  set: ReturnType<typeof createNamespaces>,
  client: Namespace,
  director: Namespace,
  server: Namespace,
): void {
  set.cable(
    { namespace: director, name: 'eth0', addresses: ['10.0.0.11/24', `${VIP}/32`] },
    { namespace: client, name: 'eth0', addresses: ['10.0.0.1/24'] },
  );
  set.cable(
    { namespace: director, name: 'eth1', addresses: ['10.1.0.11/24'] },
    { namespace: server, name: 'eth0', addresses: ['10.1.0.21/24'] },
  );
  set.cable(
    { namespace: server, name: 'eth1', addresses: ['10.2.0.21/24'] },
    { namespace: client, name: 'eth1', addresses: ['10.2.0.1/24'] },
  );
  sysctl(director, 'net.ipv4.ip_forward', 1);
  for (const namespace of [client, server])
    for (const name of ['all', 'eth0', 'eth1']) sysctl(namespace, `net.ipv4.conf.${name}.rp_filter`, 0);
  // Answers of nat go back through the director, those from the virtual address straight to the client.
  ip(server, 'route add default via 10.1.0.11');
  ip(server, `addr add ${VIP}/32 dev lo`);
  sysctl(server, 'net.ipv4.conf.all.arp_ignore', 1);
  ip(server, `rule add from ${VIP} table 100`);
  ip(server, 'route add default via 10.2.0.1 dev eth1 table 100');
}

function converse(child: ChildProcess): Conversation {
  const lines = linesOf(child);
  const ask = async (word: string) => {
    child.stdin?.write(`${word}\n`);
    const told: unknown = JSON.parse(await lines());
    return told as { tcp: number; udp: number };
  };
  return { counts: () => ask('counts'), stop: () => ask('stop') };
}

function firstLine(child: ChildProcess): Promise<string> {
  return linesOf(child)();
}

/** One line per call; throws when the program has ended. */
function linesOf(child: ChildProcess): () => Promise<string> {
  if (!child.stdout) throw new TypeError('its output is not read');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the program has ended');
    return value;
  };
}
