// What docs/forwarding-methods.md says to do on real servers, by the command and by hand, on servers where nothing is
// prepared; its own requests show that connections go through. In the guest, whose kernel has tunnel devices.
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import type { LabService } from '../lab/configuration.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { addressesOf, NETWORK, PORTS, SERVER_NAMES } from '../lab/topology.ts';
import { ip, type Namespace, run, sysctl } from '../support/netns.ts';
import { followSteps } from './follow.ts';
import { type Host, openHost } from './host.ts';

const START_MS = 120_000;

const SERVICES: readonly LabService[] = [
  { name: 'www', method: 'nat', vip: NETWORK.vip.nat, reach: 'inside' },
  { name: 'files', method: 'route', vip: NETWORK.vip.route, reach: 'front' },
  { name: 'video', method: 'tunnel', vip: NETWORK.vip.tunnel, reach: 'inside' },
].map(
  (item) => ({ ...item, kind: 'http', port: PORTS.http, scheduler: 'rr', rate: 0, held: 0 }) as LabService,
);

let lab: Lab;
const hosts = new Map<string, Host>();

beforeAll(async () => {
  lab = await createLab({ services: SERVICES });
  for (const name of SERVER_NAMES) unprepare(lab.namespaces.get(name));
  // Two servers have a page to themselves; whatever the third would answer proves nothing.
  await lab.server('rs3').kill();
  for (const label of ['rs1', 'rs2', 'client', 'lb1'])
    hosts.set(
      label,
      await openHost(lab.namespaces, {
        label,
        folder: lab.folder,
        ...(label === 'lb1' ? { bpffs: join(lab.folder, 'bpf') } : {}),
        env: { FAIRLEAD_RUNTIME: lab.director.runtime },
      }),
    );
}, START_MS);

afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
}, START_MS);

/** As a server is that nobody has prepared. */
function unprepare(server: Namespace): void {
  for (const vip of [NETWORK.vip.route, NETWORK.vip.tunnel]) ip(server, `addr del ${vip}/32 dev lo`);
  ip(server, 'rule del from 10.1.0.0/24 lookup 100');
  ip(server, 'route flush table 100');
  run(server, 'ip', ['link', 'set', 'tunl0', 'down'], { allowFailure: true });
  for (const name of ['arp_ignore', 'arp_announce']) sysctl(server, `net.ipv4.conf.all.${name}`, 0);
  sysctl(server, 'net.ipv4.conf.all.rp_filter', 1);
  // Clients behind a router: their answers take the gateway.
  ip(server, `route add default via ${addressesOf('lb1').inside}`);
}

describe('real servers', () => {
  followSteps('realserver', (host, command, typed) => hosts.get(host)!.type(command, typed));
});
