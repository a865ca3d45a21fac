// A client's network with two directors and real servers that are set up rightly and wrongly; what a director finds out.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createNamespaces, ip, type Namespaces, run, sysctl } from '../../../test/support/netns.ts';
import { parseConfiguration } from '../../config/parse.ts';
import { enterNamespace } from '../../native/netns.ts';
import type { Finding } from '../finding.ts';
import { commandClock } from './command-clock.ts';
import { examineNetwork, type Standpoint } from './examine.ts';

const VIP = '10.0.0.100';
const VIP6 = 'fd00::100';
let set: Namespaces;

beforeAll(() => {
  set = createNamespaces('doctor', ['switch', 'lb1', 'lb2', 'rs1', 'rs2', 'rs3']);
  const hub = set.get('switch');
  const front: string[] = [];
  const inside: string[] = [];
  for (const [index, name] of ['lb1', 'lb2', 'rs1'].entries()) {
    const host = [11, 12, 21][index];
    const addresses = [`10.0.0.${host}/24`, `fd00::${host}/64`];
    set.cable({ namespace: set.get(name), name: 'eth0', addresses }, { namespace: hub, name: `${name}-0` });
    front.push(`${name}-0`);
  }
  for (const [index, name] of ['lb1', 'lb2', 'rs2', 'rs3'].entries()) {
    const addresses = [`10.1.0.${[11, 12, 22, 23][index]}/24`];
    set.cable({ namespace: set.get(name), name: 'eth1', addresses }, { namespace: hub, name: `${name}-1` });
    inside.push(`${name}-1`);
  }
  set.bridge(hub, 'front', front);
  set.bridge(hub, 'inside', inside);
  sysctl(set.get('lb1'), 'net.ipv4.ip_forward', 1);
  run(set.get('rs2'), 'ip', ['route', 'add', 'default', 'via', '10.1.0.11']);
  run(set.get('rs3'), 'ip', ['route', 'add', 'default', 'via', '10.1.0.12']);
});
afterAll(() => set?.[Symbol.dispose]());

const undo: (() => void)[] = [];
afterEach(() => {
  for (const each of undo.splice(0)) each();
});
beforeEach(() => hold('lb1', 'eth0', `${VIP}/24`));

function hold(label: string, name: string, prefixed: string): void {
  const nodad = prefixed.includes(':') ? ' nodad' : '';
  ip(set.get(label), `addr add ${prefixed} dev ${name}${nodad}`);
  undo.push(() => ip(set.get(label), `addr del ${prefixed} dev ${name}`));
}

const SERVICES = `
  www: { listen: "tcp://${VIP}:80", method: route, servers: { rs1: { address: 10.0.0.21 } } }
  six: { listen: "tcp://[${VIP6}]:80", method: route, servers: { rs1: { address: "fd00::21" } } }`;

async function findings(
  services = SERVICES,
  standpoint: Standpoint = { node: 'lb1' },
  witnesses = '[]',
): Promise<Finding[]> {
  const parsed = parseConfiguration(
    `cluster: web
directors: { lb1: { address: 10.0.0.11 }, lb2: { address: 10.0.0.12 } }
heartbeat: { key_file: k, witnesses: ${witnesses}, links: [{ udp: eth1, addresses: { lb1: 10.1.0.11, lb2: 10.1.0.12 } }, { udp: eth0 }] }
virtual_ips:
  - { address: ${VIP}/24, interface: eth0 }
  - { address: "${VIP6}/64", interface: eth0 }
  - { address: 10.1.0.100/24, interface: eth1, role: nat-gateway }
services: ${services}
`,
    'test.yaml',
  );
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  // For as long as it takes: sockets belong to the namespace in which they are opened.
  using _inside = enterNamespace({ path: set.get('lb1').path });
  return await examineNetwork(parsed.configuration, standpoint, commandClock);
}

const bad = (list: readonly Finding[]): string[] =>
  list.filter((each) => each.level !== 'ok').map((each) => `${each.level} ${each.check}: ${each.detail}`);

const NAT = (servers: string): string =>
  `{ www: { listen: "tcp://${VIP}:80", method: nat, servers: { ${servers} } } }`;

describe('examineNetwork', () => {
  it('finds nothing wrong where nothing is', async () => {
    expect(bad(await findings())).toEqual([]);
  });

  it('sees a real server that answers for the VIP of either family, and one that keeps silent', async () => {
    hold('rs1', 'lo', `${VIP}/32`);
    hold('rs1', 'eth0', `${VIP6}/128`); // on lo the kernel does not answer for it
    const answers = (server: string, vip: string): string =>
      `fail real-server-arp: real server ${server} answers the network’s questions for the virtual IP ${vip}: clients reach it past the director`;
    expect(bad(await findings())).toEqual([
      answers('www/rs1 (10.0.0.21)', VIP),
      answers('six/rs1 (fd00::21)', VIP6),
    ]);
    sysctl(set.get('rs1'), 'net.ipv4.conf.all.arp_ignore', 1);
    undo.push(() => sysctl(set.get('rs1'), 'net.ipv4.conf.all.arp_ignore', 0));
    expect(bad(await findings()).filter((line) => line.includes(`virtual IP ${VIP}:`))).toEqual([]);
  });

  it('tells a peer that answers for the VIP from a stranger who does', async () => {
    hold('lb2', 'eth0', `${VIP}/24`);
    expect(bad(await findings())).toEqual([
      `fail duplicate-address: this director and its peer both answer for the virtual IP ${VIP}`,
    ]);
    undo.shift()?.(); // now the peer alone has it
    expect(bad(await findings())).toEqual([]);
    hold('lb2', 'eth0', '10.0.0.11/24');
    const [mac] = JSON.parse(ip(set.get('lb2'), '-j link show dev eth0')) as { address: string }[];
    expect(bad(await findings())).toContain(
      `fail duplicate-address: 10.0.0.11, this director’s own address, is also answered for by ${mac?.address}`,
    );
  });

  it('sees somebody who has nothing to do with it answer for the VIP', async () => {
    hold('rs1', 'eth0', `${VIP}/24`);
    const list = bad(await findings('{}'));
    expect(list).toHaveLength(1);
    expect(list[0]).toMatch(
      /^fail duplicate-address: somebody else \([0-9a-f:]{17}\) answers for the virtual IP/,
    );
  });

  it('sees a peer that is not there, link by link', async () => {
    ip(set.get('lb2'), 'link set eth1 down');
    undo.push(() => ip(set.get('lb2'), 'link set eth1 up'));
    expect(bad(await findings())).toEqual(['warn peer: lb2 does not answer over eth1 for 10.1.0.12']);
    ip(set.get('lb2'), 'link set eth0 down');
    undo.push(() => ip(set.get('lb2'), 'link set eth0 up'));
    expect(bad(await findings())).toEqual([
      'warn peer: lb2 does not answer at 10.0.0.12',
      'warn peer: lb2 does not answer over eth1 for 10.1.0.12',
      'warn peer: lb2 does not answer over eth0 for 10.0.0.12',
    ]);
  });

  it('sees which real servers of nat send their answers another way', async () => {
    hold('lb1', 'eth1', '10.1.0.100/24');
    const servers = 'rs2: { address: 10.1.0.22 }, rs3: { address: 10.1.0.23 }, rs4: { address: 10.1.0.24 }';
    const list = await findings(NAT(servers));
    expect(
      list.filter((each) => each.check === 'return-path').map((each) => `${each.level} ${each.detail}`),
    ).toEqual([
      'ok 1 real servers of method nat answer strangers through here',
      'fail 10.1.0.23 answers pings from here, but what it says to clients elsewhere does not come back through here',
      'warn whether 10.1.0.24 send their answers through here cannot be told: they answer no pings, are behind a router, or have IPv6',
    ]);
  });

  it('sees clients that real servers of nat would answer past the director', async () => {
    expect(bad(await findings(NAT('rs1: { address: 10.0.0.21 }')))[0]).toMatch(
      /^warn return-path: 10\.0\.0\.21: method nat/,
    );
  });

  it('sees tunnels that are too narrow, servers without a way, and witnesses that do not answer', async () => {
    const services = `{ www: { listen: "tcp://${VIP}:80", method: tunnel, servers: { rs2: { address: 10.1.0.22 }, far: { address: 192.0.2.1 } } } }`;
    expect(bad(await findings(services, { node: 'lb1' }, '[10.0.0.254]'))).toEqual([
      'fail way: there is no way to www/far (192.0.2.1)',
      expect.stringMatching(/^warn tunnel-mtu: www\/rs2 \(10\.1\.0\.22\): packets of 1480 bytes fit/),
      expect.stringMatching(/^fail witnesses: no witness answers pings/),
    ]);
  });
});
