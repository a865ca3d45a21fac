// Two heartbeat processes as tests hold them: directors lb1 and lb2 in namespaces of their own, joined by a front network
// with a client and by a cable between themselves, with one VIP. Bpffs and folders are private to the pair.
import { type ChildProcess, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type FromHeartbeat,
  fromHeartbeatSchema,
  HEARTBEAT_SOCKET,
  type HeartbeatSettings,
  type HeartbeatStatus,
  SETTINGS_FILE,
  type ToHeartbeat,
} from '../../heartbeat/protocol.ts';
import { createNamespaces, ip, type Namespace, type Namespaces, run } from './netns.ts';

const MAIN = join(import.meta.dirname, '../../heartbeat/main.ts');
export const NAMES = ['lb1', 'lb2'] as const;
export type Name = (typeof NAMES)[number];
const VIP = '10.0.0.100';

export interface Director {
  readonly name: Name;
  readonly namespace: Namespace;
  readonly runtime: string;
  status(): HeartbeatStatus | undefined;
  readonly events: readonly Extract<FromHeartbeat, { kind: 'event' }>[];
  readonly results: readonly Extract<FromHeartbeat, { kind: 'order-result' }>[];
  start(): void;
  signal(signal: NodeJS.Signals): void;
  isRunning(): boolean;
  tell(message: ToHeartbeat): void;
  /** What the kernel has. */
  holdsVip(): boolean;
}

export interface Pair extends Disposable {
  readonly set: Namespaces;
  readonly lb1: Director;
  readonly lb2: Director;
  /** Whose link address the client's kernel gets when it asks for the VIP now; undefined: nobody answers. */
  whoAnswers(): Name | 'nobody';
  cut(name: Name, link: 'eth0' | 'eth1'): void;
  heal(name: Name, link: 'eth0' | 'eth1'): void;
}

const MACS: Readonly<Record<Name, string>> = { lb1: '02:00:00:00:00:11', lb2: '02:00:00:00:00:12' };

export function createPair(wish: Partial<HeartbeatSettings> = {}): Pair {
  const set = createNamespaces('pair', ['client', 'switch', ...NAMES]);
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-pair-'));
  layCables(set);
  const bpffs = join(folder, 'bpf');
  mkdirSync(bpffs);
  execFileSync('mount', ['-t', 'bpf', 'bpf', bpffs]);
  writeFileSync(join(folder, 'key'), `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  const [lb1, lb2] = NAMES.map((name) => openDirector(set, folder, bpffs, name, wish)) as [
    Director,
    Director,
  ];
  return {
    set,
    lb1,
    lb2,
    whoAnswers() {
      const said = run(set.get('client'), 'arping', ['-c1', '-w1', '-I', 'eth0', VIP], {
        allowFailure: true,
      });
      const mac = /\[([0-9A-F:]+)\]/i.exec(said.stdout)?.[1]?.toLowerCase();
      return NAMES.find((name) => MACS[name] === mac) ?? 'nobody';
    },
    cut: (name, link) => void ip(set.get('switch'), `link set dev ${name}-${link} down`),
    heal: (name, link) => void ip(set.get('switch'), `link set dev ${name}-${link} up`),
    [Symbol.dispose]() {
      set[Symbol.dispose]();
      execFileSync('umount', ['-l', bpffs]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function layCables(set: Namespaces): void {
  const hub = set.get('switch');
  set.cable(
    { namespace: set.get('client'), name: 'eth0', addresses: ['10.0.0.1/24'] },
    { namespace: hub, name: 'client-eth0' },
  );
  for (const [index, name] of NAMES.entries())
    for (const [net, link] of ['eth0', 'eth1'].entries())
      set.cable(
        {
          namespace: set.get(name),
          name: link,
          addresses: [`10.${net}.0.${11 + index}/24`],
          ...(link === 'eth0' ? { mac: MACS[name] } : {}),
        },
        { namespace: hub, name: `${name}-${link}` },
      );
  set.bridge(hub, 'front', ['client-eth0', 'lb1-eth0', 'lb2-eth0']);
  set.bridge(hub, 'between', ['lb1-eth1', 'lb2-eth1']);
}

function settingsOf(folder: string, name: Name, wish: Partial<HeartbeatSettings>): HeartbeatSettings {
  const own = NAMES.indexOf(name);
  const link = (net: number) => ({
    kind: 'udp' as const,
    interface: `eth${net}`,
    port: 694,
    own: `10.${net}.0.${11 + own}`,
    peer: `10.${net}.0.${12 - own}`,
  });
  return {
    cluster: 'test',
    node: name,
    peer: NAMES[1 - own]!,
    priority: name === 'lb1' ? 200 : 100,
    interval_ms: 50,
    deadtime_ms: 400,
    initdead_ms: 8_000,
    failback: 'manual',
    keyFile: join(folder, 'key'),
    stateFolder: join(folder, name),
    links: [link(0), link(1)],
    vips: [{ address: VIP, prefix_bits: 24, interface: 'eth0', probe: false }],
    formerVips: [],
    witnesses: [],
    ...wish,
  };
}

function openDirector(
  set: Namespaces,
  folder: string,
  bpffs: string,
  name: Name,
  wish: Partial<HeartbeatSettings>,
): Director {
  const namespace = set.get(name);
  const runtime = join(folder, name);
  mkdirSync(runtime);
  writeFileSync(join(runtime, SETTINGS_FILE), JSON.stringify(settingsOf(folder, name, wish)));
  const events: Extract<FromHeartbeat, { kind: 'event' }>[] = [];
  const results: Extract<FromHeartbeat, { kind: 'order-result' }>[] = [];
  let child: ChildProcess | undefined;
  let status: HeartbeatStatus | undefined;
  let socket: Socket | undefined;
  const hear = (message: FromHeartbeat): void => {
    if (message.kind === 'status') status = message.status;
    else if (message.kind === 'event') events.push(message);
    else results.push(message);
  };
  return {
    name,
    namespace,
    runtime,
    events,
    results,
    status: () => status,
    start() {
      status = undefined;
      // Bpffs of the pair in the place of the machine's, for this process alone.
      const script = 'mount --bind "$0" /sys/fs/bpf && exec "$@"';
      const command = [process.execPath, MAIN, '--runtime', runtime];
      child = set.start(namespace, 'unshare', ['-m', 'sh', '-c', script, bpffs, ...command], {
        stdio: ['ignore', 'inherit', process.env.FAIRLEAD_LOUD === '1' ? 'inherit' : 'ignore'],
      });
      const started = child;
      const attach = (): void => {
        socket = connect(join(runtime, HEARTBEAT_SOCKET));
        readMessages(socket, hear);
        socket.on('error', () => {
          if (started.exitCode === null && started.signalCode === null && started === child)
            setTimeout(attach, 20);
        });
      };
      attach();
    },
    signal(signal) {
      child?.kill(signal);
    },
    isRunning: () => child !== undefined && child.exitCode === null && child.signalCode === null,
    tell: (message) => void socket?.write(`${JSON.stringify(message)}\n`),
    holdsVip: () => ip(namespace, `addr show to ${VIP}`).includes(VIP),
  };
}

function readMessages(socket: Socket, hear: (message: FromHeartbeat) => void): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) hear(fromHeartbeatSchema.parse(JSON.parse(line)));
  });
}
