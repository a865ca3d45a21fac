// What docs/forwarding-methods.md says to do on real servers, by the command and by hand, on servers where nothing is
// prepared; its own requests show that packets are taken and answered. In a guest, whose kernel has tunnel devices, by one
// shell script; its routing and its tunnels stand in for the director, as here it is about the servers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { runInGuest } from '../kernel/guest.ts';
import { whyNoGuest } from '../kernel/uml.ts';
import { stepsOf } from './documents.ts';
import { followSteps } from './follow.ts';
import { installFairlead, type Outcome } from './typing.ts';

const LIMIT_MS = 240_000;

/**
 * The director is the switch as well; to the packets of `route` and `tunnel` it does what a director does, always to rs1.
 * Real servers filter reverse paths as Debian has it.
 */
const NETWORK = `
  for host in lb1 client rs1 rs2; do
    ip netns add $host
    ip -n $host link set lo up
  done
  for n in 0 1; do
    ip -n lb1 link add eth$n type bridge stp_state 0 forward_delay 0
    ip -n lb1 addr add 10.$n.0.11/24 dev eth$n
    ip -n lb1 link set eth$n up
  done
  ip -n lb1 addr add 10.1.0.100/24 dev eth1
  plug() { # HOST NET ADDRESS
    ip -n $1 link add eth$2 type veth peer name $1-$2 netns lb1
    ip -n $1 addr add $3/24 dev eth$2
    ip -n $1 link set eth$2 up
    ip -n lb1 link set $1-$2 master eth$2 up
  }
  plug client 0 10.0.0.1
  for n in 1 2; do
    for scope in all default; do ip netns exec rs$n sysctl -qw net.ipv4.conf.$scope.rp_filter=2; done
    plug rs$n 0 10.0.0.2$n
    plug rs$n 1 10.1.0.2$n
    ip netns exec rs$n busybox httpd -p 80 -h /tmp/page
  done
  ip -n client route add 10.0.0.101/32 via 10.0.0.21
  ip -n client route add 10.0.0.102/32 via 10.0.0.11
  ip -n lb1 link add to-rs1 type ipip local 10.1.0.11 remote 10.1.0.21
  ip -n lb1 link set to-rs1 up
  ip -n lb1 route add 10.0.0.102/32 dev to-rs1
`;

const MARK = '@@ ended with';
let folder: string;
const outcomes = new Map<string, Outcome[]>();

describe.skipIf(whyNoGuest() !== undefined)('real servers', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fl-docs-'));
    const typed = stepsOf('realserver').flatMap(({ host, commands }) =>
      commands.map(({ text }) => ({ host, text })),
    );
    const page = ['mkdir /tmp/page', 'echo it works > /tmp/page/index.html'];
    const lines = typed.flatMap(({ host, text }, index) => {
      writeFileSync(join(folder, `${index}`), text);
      return [`ip netns exec ${host} bash ${folder}/${index} 2>&1`, `echo "${MARK} $?"`];
    });
    writeFileSync(join(folder, 'script'), [...page, NETWORK, `echo "${MARK} 0"`, ...lines].join('\n'));
    const { output } = await runInGuest({
      command: ['sh', join(folder, 'script')],
      modules: ['bridge', 'ipip'],
      env: { PATH: installFairlead(folder), LANG: 'C.UTF-8' },
      cwd: '/',
      timeout_ms: LIMIT_MS,
    });
    const pieces = output.split(new RegExp(`${MARK} (\\d+)\\n`)).slice(2);
    for (const [index, { host, text }] of typed.entries()) {
      const outcome = { output: pieces[2 * index] ?? output, status: Number(pieces[2 * index + 1] ?? -1) };
      outcomes.set(host + text, [...(outcomes.get(host + text) ?? []), outcome]);
    }
  }, LIMIT_MS);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  followSteps('realserver', async (host, command) => outcomes.get(host + command)!.shift()!);
});
