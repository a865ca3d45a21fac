// The place where machines stand: the lab's network, client, and real servers in namespaces of this host, with one or two
// machines as directors plugged into its switch by taps. Disposing of a site ends and removes all of it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LabService } from '../lab/configuration.ts';
import { enableTunnel } from '../lab/decapsulation.ts';
import { labFolder, makeFolder, removeFolder, removeLeftovers } from '../lab/folder.ts';
import { startSerial } from '../lab/serial/serial.ts';
import { createServer, type LabServer } from '../lab/server.ts';
import { addressesOf, buildTopology, type DirectorName, NETWORK, SERVER_NAMES } from '../lab/topology.ts';
import { ip, type Namespaces } from '../support/netns.ts';
import { provideDisk } from './disk.ts';
import { copySparse, provideInstalled } from './installed.ts';
import { createMachine, type Link, type Machine, WRITTEN } from './machine/machine.ts';

export interface SiteOptions {
  readonly machines: readonly DirectorName[];
  readonly services: readonly LabService[];
  /** On every machine already, if given; see installed.ts. */
  readonly deb?: string;
  /** A null modem between the machines, at ttyS1 of each. */
  readonly serial?: boolean;
  /** Whether there are real servers; default: yes. */
  readonly servers?: boolean;
  readonly progress?: (line: string) => void;
}

export interface Site extends AsyncDisposable {
  readonly namespaces: Namespaces;
  readonly services: readonly LabService[];
  readonly servers: readonly LabServer[];
  readonly machines: readonly Machine[];
  machine(name: DirectorName): Machine;
}

/** Machines are created, not booted. */
export async function openSite(options: SiteOptions): Promise<Site> {
  const { machines: names, services, progress = () => {} } = options;
  const disk = await provideDisk(progress);
  const installed = options.deb === undefined ? undefined : await provideInstalled(options.deb, progress);
  removeLeftovers();
  const set = buildTopology({ directors: [], insideMtu: NETWORK.mtu.inside });
  const folder = labFolder(set);
  const machines: Machine[] = [];
  const remove = (): void => {
    process.off('exit', remove);
    for (const machine of machines) machine[Symbol.dispose]();
    set[Symbol.dispose]();
    removeFolder(folder, false);
  };
  process.on('exit', remove);
  try {
    makeFolder(folder);
    const serial = options.serial && names.length > 1 ? await startSerial(set, folder) : undefined;
    for (const name of names) {
      const own = join(folder, name);
      mkdirSync(own, { mode: 0o700 });
      const links = plugIn(set, name);
      if (installed !== undefined) copySparse(installed, join(own, WRITTEN));
      const common = { name, disk, folder: own, set, namespace: set.get('switch'), links };
      machines.push(createMachine({ ...common, ...(serial ? { serial: serial.ends[name] } : {}) }));
    }
    const servers = options.servers === false ? [] : await startServers(set);
    return {
      namespaces: set,
      services,
      servers,
      machines,
      machine: (name) => machines.find((one) => one.name === name)!,
      async [Symbol.asyncDispose]() {
        // One after the other would do as well; nothing is written down anyway.
        await Promise.allSettled(machines.map((machine) => machine.powerCut()));
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

async function startServers(set: Namespaces): Promise<LabServer[]> {
  for (const name of SERVER_NAMES) enableTunnel(set.get(name), name);
  const servers = SERVER_NAMES.map((name) => createServer(set, name));
  await Promise.all(servers.map((server) => server.start()));
  return servers;
}

/** A tap in each of the switch's bridges, for a machine that may be off: its carrier comes and goes with the machine. */
function plugIn(set: Namespaces, name: DirectorName): Link[] {
  const at = set.get('switch');
  const { front, front6, inside, inside6 } = addressesOf(name);
  const number = Number(name.slice(2)) + 10;
  const nets = [
    { net: 'front', name: 'eth0', mtu: NETWORK.mtu.front, addresses: [`${front}/24`, `${front6}/64`] },
    { net: 'inside', name: 'eth1', mtu: NETWORK.mtu.inside, addresses: [`${inside}/24`, `${inside6}/64`] },
  ];
  return nets.map(({ net, ...link }, index) => {
    const tap = `${name}-${net}`;
    ip(at, `tuntap add dev ${tap} mode tap`);
    ip(at, `link set dev ${tap} mtu ${link.mtu} master ${net} up`);
    return { ...link, tap, mac: `02:fa:00:00:0${index}:${number}` };
  });
}
