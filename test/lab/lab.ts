// A whole site on one machine: network, real servers, client and directors, as a library. main.ts shows it to people;
// tests and drills do things to it. Disposing of a lab ends its programs and removes its namespaces and files.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceStatus } from '../../director/control/schema.ts';
import type { Namespaces } from '../support/netns.ts';
import { mountBpffs } from './bpffs.ts';
import type { ClientSettings } from './client/traffic.ts';
import {
  type ConfigurationOptions,
  configurationText,
  type LabService,
  PAIR,
  type PairSettings,
  SERVICES,
  targetsOf,
} from './configuration.ts';
import { enableTunnel } from './decapsulation.ts';
import { createDirector, type LabDirector } from './director.ts';
import { labFolder, makeFolder, removeFolder, removeLeftovers } from './folder.ts';
import { activeOf, unrest, viewPair } from './pair.ts';
import { type LabSerial, startSerial } from './serial/serial.ts';
import { createServer, type LabServer } from './server.ts';
import { buildTopology, type DirectorName, NETWORK, SERVER_NAMES, type ServerName } from './topology.ts';
import { createTraffic, type LabClient } from './traffic.ts';
import { waitFor } from './wait.ts';
import { createWires, type LabWires } from './wires/wires.ts';

const READY_MS = 60_000;

export interface LabOptions {
  readonly directors?: readonly DirectorName[];
  /** How two of them watch each other. */
  readonly pair?: Partial<Omit<PairSettings, 'serial'>>;
  /** A serial line between two directors, beside the two networks; default: yes. */
  readonly serial?: boolean;
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
  /** The active one, else one that runs. */
  spokesman(): Promise<LabDirector>;
  readonly pair: PairSettings;
  readonly wires: LabWires;
  readonly serial: LabSerial | undefined;
  /** Services with their real servers, as the first director sees them that answers, the active one before others. */
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
    const serial =
      directorNames.length > 1 && options.serial !== false ? await startSerial(set, folder) : undefined;
    const pair = { ...PAIR, ...options.pair, ...(serial ? { serial: serial.path } : {}) };
    const configuration = writeConfiguration(folder, {
      directors: directorNames,
      engine: options.engine ?? 'ebpf',
      services,
      pair,
    });
    for (const name of directorNames) {
      const line = serial && { end: serial.ends[name], path: serial.path };
      directors.push(
        createDirector(set, name, { folder, configuration, bpffs, ...(line ? { serial: line } : {}) }),
      );
    }
    await Promise.all(directors.map((director) => director.start()));
    stage('monitors');
    const director = directors[0]!;
    const status = async (): Promise<readonly ServiceStatus[]> =>
      (await (await spokesman(directors)).control.call('services')).services;
    await waitFor('all real servers to be up', READY_MS, async () => {
      options.signal?.throwIfAborted();
      return isWhole(await status(), services.length);
    });
    if (directors.length > 1) {
      stage('pair');
      let why: string | undefined;
      await waitFor(
        () => `the pair to come to rest (${why})`,
        READY_MS,
        async () => {
          options.signal?.throwIfAborted();
          why = unrest(await viewPair(directors));
          return why === undefined;
        },
      );
    }
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
      spokesman: () => spokesman(directors),
      pair,
      wires: createWires(set),
      serial,
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

function writeConfiguration(folder: string, options: Omit<ConfigurationOptions, 'keyFile'>): string {
  const keyFile = 'heartbeat.key';
  const path = join(folder, 'fairlead.yaml');
  writeFileSync(join(folder, keyFile), `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  writeFileSync(path, configurationText({ ...options, keyFile }));
  return path;
}

/** Of several directors the active one, else one that runs. */
async function spokesman(directors: readonly LabDirector[]): Promise<LabDirector> {
  if (directors.length === 1) return directors[0]!;
  return activeOf(await viewPair(directors)) ?? directors.find((one) => one.isRunning()) ?? directors[0]!;
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
