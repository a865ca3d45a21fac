// A whole site on one machine: network, real servers, client and directors, as a library. main.ts shows it to people;
// tests and drills do things to it. Disposing of a lab ends its programs and removes its namespaces and files.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceStatus } from '../../director/control/schema.ts';
import type { Namespaces } from '../support/netns.ts';
import { mountBpffs } from './bpffs.ts';
import type { ClientSettings } from './client/traffic.ts';
import { configurationText, type LabService, SERVICES, targetsOf } from './configuration.ts';
import { enableTunnel } from './decapsulation.ts';
import { createDirector, type LabDirector } from './director.ts';
import { labFolder, makeFolder, removeFolder, removeLeftovers } from './folder.ts';
import { createServer, type LabServer } from './server.ts';
import { buildTopology, type DirectorName, NETWORK, SERVER_NAMES, type ServerName } from './topology.ts';
import { createTraffic, type LabClient } from './traffic.ts';
import { waitFor } from './wait.ts';

const READY_MS = 20_000;

export interface LabOptions {
  readonly directors?: readonly DirectorName[];
  readonly engine?: 'ebpf' | 'ipvs' | 'memory';
  readonly services?: readonly LabService[];
  /** 1600 leaves room for outer headers; 1500 makes directors answer packet-too-big. */
  readonly insideMtu?: number;
  readonly client?: Partial<Pick<ClientSettings, 'report_ms' | 'timeout_ms' | 'bulk_bytes'>>;
  /** Leaves the folder with configuration, state and logs behind. */
  readonly keep?: boolean;
  /** Told of every stage of the start. */
  readonly stage?: (what: string) => void;
  /** Gives up the start. */
  readonly signal?: AbortSignal;
}

export interface Lab extends AsyncDisposable {
  /** Configuration, keys, and per director state, runtime folder and log. */
  readonly folder: string;
  readonly namespaces: Namespaces;
  readonly services: readonly LabService[];
  /** What takes off outer headers at the real servers: IPv4 in IPv4 works with both, the rest with the program alone. */
  readonly tunnelEnd: 'kernel' | 'program';
  readonly client: LabClient;
  readonly servers: readonly LabServer[];
  server(name: ServerName): LabServer;
  /** The first director. */
  readonly director: LabDirector;
  readonly directors: readonly LabDirector[];
  /** Services with their real servers, as the first director sees them. */
  status(): Promise<readonly ServiceStatus[]>;
}

/** Settles when traffic flows and every real server of every service is up. */
export async function createLab(options: LabOptions = {}): Promise<Lab> {
  const services = options.services ?? SERVICES;
  const directorNames = options.directors ?? ['lb1'];
  const stage = (what: string): void => {
    options.signal?.throwIfAborted();
    options.stage?.(what);
  };
  removeLeftovers();
  stage('network');
  const set = buildTopology({
    directors: directorNames,
    insideMtu: options.insideMtu ?? NETWORK.mtu.inside,
  });
  const folder = labFolder(set);
  const directors: LabDirector[] = [];
  const site = holdSite(set, folder, directors, options.keep ?? false);
  try {
    makeFolder(folder);
    const bpffs = mountBpffs(folder);
    const [tunnelEnd] = SERVER_NAMES.map((name) => enableTunnel(set.get(name), name));
    stage('real servers');
    const servers = SERVER_NAMES.map((name) => createServer(set, name));
    await Promise.all(servers.map((server) => server.start()));
    stage('director');
    const configuration = writeConfiguration(folder, directorNames, options.engine ?? 'ebpf', services);
    directors.push(
      ...directorNames.map((name) => createDirector(set, name, { folder, configuration, bpffs })),
    );
    await Promise.all(directors.map((director) => director.start()));
    stage('monitors');
    const director = directors[0]!;
    const status = async (): Promise<readonly ServiceStatus[]> =>
      (await director.control.call('services')).services;
    await waitFor('all real servers to be up', READY_MS, async () => {
      options.signal?.throwIfAborted();
      return isWhole(await status(), services.length);
    });
    stage('client');
    const client = createTraffic(set, clientSettings(services, options.client));
    const server = (name: ServerName): LabServer => servers.find((candidate) => candidate.name === name)!;
    return {
      folder,
      namespaces: set,
      services,
      tunnelEnd: tunnelEnd ?? 'program',
      client,
      servers,
      server,
      director,
      directors,
      status,
      ...site,
    };
  } catch (error) {
    await site[Symbol.asyncDispose]();
    throw error;
  }
}

/** What takes a lab down again: in order, or at once when the process ends without having done so. */
function holdSite(
  set: Namespaces,
  folder: string,
  directors: readonly LabDirector[],
  keep: boolean,
): AsyncDisposable {
  const remove = (): void => {
    process.off('exit', remove);
    set[Symbol.dispose]();
    removeFolder(folder, keep);
  };
  process.on('exit', remove);
  return {
    async [Symbol.asyncDispose]() {
      try {
        await Promise.allSettled(directors.map((director) => director.stop()));
      } finally {
        remove();
      }
    },
  };
}

/** Every real server of every service is up and takes connections with its full weight. */
export function isWhole(services: readonly ServiceStatus[], count: number): boolean {
  return (
    services.length === count &&
    services.every((service) =>
      service.servers.every(
        (server) => server.health === 'up' && server.weight_effective >= server.weight_configured,
      ),
    )
  );
}

function writeConfiguration(
  folder: string,
  directors: readonly DirectorName[],
  engine: 'ebpf' | 'ipvs' | 'memory',
  services: readonly LabService[],
): string {
  const keyFile = 'heartbeat.key';
  const path = join(folder, 'fairlead.yaml');
  writeFileSync(join(folder, keyFile), `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  writeFileSync(path, configurationText({ directors, engine, services, keyFile }));
  return path;
}

function clientSettings(services: readonly LabService[], wish: LabOptions['client']): ClientSettings {
  return {
    own: [NETWORK.client.front, NETWORK.client.front6],
    targets: targetsOf(services),
    report_ms: 250,
    timeout_ms: 3_000,
    bulk_bytes: 256 << 10,
    ...wish,
  };
}
