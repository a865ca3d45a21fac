// The network that throughput is measured in: a client, a director in the middle, and two real servers, joined by veth
// pairs with default offloads. Disposal ends every program in it and removes it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { FairleadError } from '../../director/model/error.ts';
import { createNamespaces, ip, type Namespace, type Namespaces, run, sysctl } from '../support/netns.ts';

export const PLACES = {
  client: '10.0.0.1',
  virtual: '10.0.0.100',
  servers: ['10.1.1.2', '10.1.2.2'],
  interfaces: ['eth0', 'eth1', 'eth2'],
} as const;
export const PORTS = { web: 80, bulk: 5201 } as const;

const WEB_SERVER = join(import.meta.dirname, 'web-server/main.ts');
const READY_MS = 10_000;
/** What a program may take beyond its own time before it is killed: a path that swallows packets hangs it. */
const GRACE_S = 5;

export interface Site extends Disposable {
  readonly director: Namespace;
  /** Runs a program at the client that takes about `seconds`; returns what it printed. */
  atClient(seconds: number, command: string, args: readonly string[]): Promise<string>;
}

export async function createSite(signal: AbortSignal): Promise<Site> {
  using opening = new DisposableStack();
  const set = opening.use(createNamespaces('bench', ['client', 'director', 'rs1', 'rs2']));
  joinAll(set);
  for (const name of ['rs1', 'rs2']) await startWebServer(set, name);
  set.start(set.get('rs1'), 'iperf3', ['-s', '-p', String(PORTS.bulk)], { stdio: 'ignore' });
  prime(set);
  const kept = opening.move();
  return {
    director: set.get('director'),
    atClient: (seconds, command, args) => runFor(set.get('client'), seconds, command, args, signal),
    [Symbol.dispose]: () => kept.dispose(),
  };
}

function joinAll(set: Namespaces): void {
  const director = set.get('director');
  for (const label of ['client', 'director', 'rs1', 'rs2'])
    for (const scope of ['all', 'default']) sysctl(set.get(label), `net.ipv4.conf.${scope}.rp_filter`, 0);
  sysctl(director, 'net.ipv4.ip_forward', 1);
  sysctl(director, 'net.ipv4.conf.all.send_redirects', 0);
  // more ports for connections that last for one request
  sysctl(set.get('client'), 'net.ipv4.ip_local_port_range', '1024 65535');
  set.cable(
    { namespace: set.get('client'), name: 'eth0', addresses: [`${PLACES.client}/24`] },
    { namespace: director, name: 'eth0', addresses: ['10.0.0.2/24', `${PLACES.virtual}/32`] },
  );
  ip(set.get('client'), 'route add 10.1.0.0/16 via 10.0.0.2');
  for (const [index, address] of PLACES.servers.entries()) {
    const server = set.get(`rs${index + 1}`);
    const gateway = `10.1.${index + 1}.1`;
    set.cable(
      { namespace: server, name: 'eth0', addresses: [`${address}/24`] },
      { namespace: director, name: `eth${index + 1}`, addresses: [`${gateway}/24`] },
    );
    ip(server, `route add default via ${gateway}`);
  }
}

async function startWebServer(set: Namespaces, name: string): Promise<void> {
  const child = set.start(set.get(name), process.execPath, [WEB_SERVER, String(PORTS.web)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ready = Promise.withResolvers<void>();
  child.stdout?.once('data', () => ready.resolve());
  child.once('exit', (status) => ready.reject(new Error(`the web server ended with status ${status}`)));
  const limit = setTimeout(() => ready.reject(new Error('the web server does not start')), READY_MS);
  await ready.promise.finally(() => clearTimeout(limit));
}

/** Neighbours are asked for before anything is measured. */
function prime(set: Namespaces): void {
  for (const address of PLACES.servers) run(set.get('client'), 'ping', ['-c', '1', '-W', '5', address]);
}

async function runFor(
  namespace: Namespace,
  seconds: number,
  command: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const bounded = ['-s', 'KILL', String(seconds + GRACE_S), command, ...args];
  const child = spawn('nsenter', [`--net=${namespace.path}`, '--', 'timeout', ...bounded], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = () => child.kill('SIGKILL');
  signal.addEventListener('abort', end);
  const printed: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
  child.stderr.resume();
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => signal.removeEventListener('abort', end));
  signal.throwIfAborted();
  const text = Buffer.concat(printed).toString('utf8');
  if (status !== 0)
    throw new FairleadError(
      'bench-program-failed',
      `${command} ${args.join(' ')} ended with status ${status}.`,
      {
        remedy: text.slice(-500),
      },
    );
  return text;
}
