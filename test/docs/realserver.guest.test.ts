// What docs/forwarding-methods.md says to do on real servers, by the command and by hand, on servers where nothing is
// prepared; its own requests show that packets are taken and answered. In the guest, whose kernel has tunnel devices, and
// with its routing and its tunnels in the director's place: here it is about the servers, and the interpreter is slow.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { createNamespaces, type Namespaces } from '../support/netns.ts';
import { followSteps } from './follow.ts';
import { type Host, openHost } from './host.ts';

const START_MS = 150_000;
const LABELS = ['lb1', 'client', 'rs1', 'rs2'] as const;

/**
 * One shell for all of it, as starting a process from this one takes long in there. The director is the switch as well; to
 * the packets of `route` and `tunnel` it does what a director does, by the kernel's own means, always to rs1.
 */
const NETWORK = `
  set -e
  for n in 0 1; do
    ip -n $lb1 link add eth$n type bridge stp_state 0 forward_delay 0
    ip -n $lb1 addr add 10.$n.0.11/24 dev eth$n
    ip -n $lb1 link set eth$n up
  done
  ip -n $lb1 addr add 10.1.0.100/24 dev eth1
  plug() { # NAMESPACE NET ADDRESS PORT
    ip -n $1 link add eth$2 type veth peer name $4-$2 netns $lb1
    ip -n $1 addr add $3/24 dev eth$2
    ip -n $1 link set eth$2 up
    ip -n $lb1 link set $4-$2 master eth$2 up
  }
  plug $client 0 10.0.0.1 client
  for n in 1 2; do
    eval "rs=\\$rs$n"
    plug $rs 0 10.0.0.2$n rs$n
    plug $rs 1 10.1.0.2$n rs$n
  done
  ip -n $client route add 10.0.0.101/32 via 10.0.0.21
  ip -n $client route add 10.0.0.102/32 via 10.0.0.11
  ip -n $lb1 link add to-rs1 type ipip local 10.1.0.11 remote 10.1.0.21
  ip -n $lb1 link set to-rs1 up
  ip -n $lb1 route add 10.0.0.102/32 dev to-rs1
`;

let folder: string;
let set: Namespaces;
const hosts = new Map<string, Host>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fl-docs-'));
  set = createNamespaces('docs', LABELS);
  const names = Object.fromEntries(LABELS.map((label) => [label, set.get(label).name]));
  execFileSync('sh', ['-c', NETWORK], { env: { ...process.env, ...names }, stdio: 'pipe' });
  writeFileSync(join(folder, 'index.html'), 'it works\n');
  for (const label of LABELS) hosts.set(label, await openHost(set, { label, folder }));
  for (const label of ['rs1', 'rs2'])
    set.start(set.get(label), 'busybox', ['httpd', '-f', '-p', '80', '-h', folder], { stdio: 'ignore' });
}, START_MS);

afterAll(() => {
  set[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
}, START_MS);

describe('real servers', () => {
  followSteps('realserver', (host, command, typed) => hosts.get(host)!.type(command, typed));
});
