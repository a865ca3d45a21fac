// The supervisor: constructs everything in an order in which nothing is ever half attached, and keeps time. If one
// part cannot be had, those before it are undone again and the error says why.
//
// Order: configuration valid -> machine fit -> lock -> store -> engine -> virtual IPs -> monitors -> history -> control
// socket -> heartbeat and sync of a pair.
import fs from 'node:fs';
import path from 'node:path';
import { createMonitorPool } from '../../monitor/pool.ts';
import type { Configuration } from '../config/configuration.ts';
import { readConfigurationFile } from '../config/file.ts';
import { parseConfiguration } from '../config/parse.ts';
import { openControlServer } from '../control/server.ts';
import { insist } from '../doctor/examine.ts';
import type { Machine } from '../doctor/machine.ts';
import type { EngineSnapshot } from '../engine/engine.ts';
import { openHistory } from '../history/history.ts';
import type { Clock } from '../model/clock.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import { lockRuntime, lockState } from '../native/instance-lock.ts';
import type { JsonValue } from '../store/record.ts';
import { openStore, type Store } from '../store/store.ts';
import { backendOf, liveOf, servePeer } from './backend.ts';
import { createConfigurationReader } from './configuration-reader.ts';
import type { Core } from './core.ts';
import { Director } from './director.ts';
import { openEngine } from './engine-choice.ts';
import { checkEngineLimits } from './engine-limits.ts';
import { HealthBoard } from './health-board.ts';
import { HistorySampler } from './history-sampler.ts';
import { HookWatch } from './hook-watch.ts';
import type { LiveFeed } from './live.ts';
import type { Log } from './log.ts';
import { NOTIFY_MAIN, NotifyProcess } from './notify-process.ts';
import { openAccounts } from './open-accounts.ts';
import { OrderBook } from './order-book.ts';
import { isPair } from './pair/addresses.ts';
import { HEARTBEAT_MAIN } from './pair/heartbeat-process.ts';
import { serviceHeartbeat, spawnedHeartbeat } from './pair/heartbeat-start.ts';
import { leavePair } from './pair/leave-pair.ts';
import { Pair } from './pair/pair.ts';
import { SYNC_MAIN } from './pair/sync-process.ts';
import { pairsVirtualIps } from './pair/virtual-ips.ts';
import type { RecordEvent } from './record-event.ts';
import { reload } from './reload.ts';
import { startRounds } from './rounds.ts';
import { Backups } from './schedule/backups.ts';
import { ScheduleBook } from './schedule/book.ts';
import { Scheduler } from './schedule/scheduler.ts';
import { chooseStartingPoint } from './starting-point.ts';
import { tellRestore } from './tell-restore.ts';
import { startUpkeep } from './upkeep.ts';
import { openVirtualIps } from './virtual-ips.ts';

const READY_PATIENCE_MS = 15_000;

export interface PulseOptions {
  readonly configFile: string;
  readonly node: string;
  readonly stateFolder: string;
  readonly runtimeFolder: string;
  readonly version: string;
  /** Take everything out of the kernel at the end; else packets go on without this process. */
  readonly releaseOnExit: boolean;
  /** The service of systemd that is the heartbeat; undefined: a process that is started from here. */
  readonly heartbeatUnit?: string | undefined;
  /** Other programs than ours, for tests. */
  readonly programs?: { readonly heartbeat: string; readonly sync: string };
  /** Once a second, when a round has been taken: how things are, in a line. */
  readonly onRound?: (status: string) => void;
  readonly clock: Clock;
  readonly machine: Machine;
  readonly log: Log;
}

export interface Pulse extends AsyncDisposable {
  /** Settles when the director does its part: at once, of a pair when it is known who is active, or cannot be known yet. */
  ready(): Promise<void>;
  /** Reads the configuration file again; what is wrong with it is logged and changes nothing. */
  reload(): Promise<void>;
}

export async function startPulse(options: PulseOptions): Promise<Pulse> {
  const { clock, log } = options;
  const file = readConfigurationFile(options.configFile);
  checkNode(file.configuration, options.node);
  for (const warning of file.warnings) log('warn', warning.message, { line: warning.line });
  for (const { detail, check, remedy } of insist(
    options.machine,
    file.configuration,
    path.dirname(options.configFile),
  ))
    log('warn', detail, { check, remedy });

  await using parts = new AsyncDisposableStack();
  parts.use(lockRuntime(options.runtimeFolder));
  parts.use(lockState(options.stateFolder));
  fs.rmSync(socketOf(options.runtimeFolder), { force: true });
  const store = parts.use(await openStore({ file: path.join(options.stateFolder, 'store.sqlite'), clock }));
  const since = store.lastEventId();
  const record: RecordEvent = (kind, subject, reason, evidence?: JsonValue, at = clock.now()) => {
    store.record({ at, kind, subject, reason, ...(evidence === undefined ? {} : { evidence }) });
    log('info', `${subject}: ${reason}`, { event: kind });
  };
  tellStore(store, record);
  const chosen = chooseStartingPoint(file, store, options, record);
  if (chosen.configuration !== file.configuration)
    insist(options.machine, chosen.configuration, path.dirname(options.configFile));

  const opened = parts.use(
    await openEngine({ config: chosen.configuration.engine, runtime: options.runtimeFolder, clock, log }),
  );
  checkEngineLimits(chosen.configuration, chosen.configuration.engine.kind, opened.limits);
  const found = opened.engine.snapshot();
  let started = false;
  // A start that fails leaves nothing behind, unless it was there before.
  parts.defer(() => {
    if (options.releaseOnExit || (!started && found.services.length === 0)) opened.release();
  });
  const orders = new OrderBook(store.initial.orders);
  let live: LiveFeed | undefined;
  const board = new HealthBoard(clock, store.initial.verdicts, () => live?.soon());
  const paired = isPair(chosen.configuration);
  let pair: Pair | undefined;
  if (!paired) await leavePair(options);
  const director = new Director({
    engine: opened.engine,
    clock,
    configuration: chosen.configuration,
    orders,
    board,
    record,
    onApplied: () => pair?.engineChanged(),
  });
  board.setActive(!paired);
  const virtualIps = paired
    ? pairsVirtualIps(() => pair)
    : parts.use(openVirtualIps({ clock, record, former: formerVirtualIps(store) }));
  parts.defer(() => {
    if (options.releaseOnExit || (!started && found.services.length === 0)) virtualIps.release();
  });
  const monitors = parts.use(
    createMonitorPool({
      workers: 1,
      clock,
      log: (level, message, fields) => log(level, message, fields),
      onVerdict(verdict) {
        const changes = board.hear(verdict);
        if (verdict.health !== 'unknown')
          store.saveVerdict({
            key: verdict.key,
            health: verdict.health,
            reason: verdict.reason,
            at: verdict.at,
          });
        for (const { service, server, before, after, reason, probe } of changes)
          record(`server-${after}`, `${service}/${server}`, reason, { probe, was: before });
        director.touch(changes.map((change) => change.service));
      },
      onProbes: (checks, probes) => board.probes.hear(checks, probes),
    }),
  );
  const notify = parts.use(
    new NotifyProcess({
      ...{ main: NOTIFY_MAIN, clock, log, record, since, lastEvent: () => store.lastEventId() },
      ...{ node: options.node, version: options.version, stateFolder: options.stateFolder },
      configFolder: path.dirname(path.resolve(options.configFile)),
      socket: socketOf(options.runtimeFolder),
    }),
  );
  const history = parts.use(
    openHistory({
      file: path.join(options.stateFolder, 'history.sqlite'),
      clock,
      limit_bytes: chosen.configuration.history.size_bytes,
      tell: (kind, reason, evidence) => record(kind, 'history', reason, evidence),
    }),
  );
  const core: Core = {
    node: options.node,
    version: options.version,
    started: clock.now(),
    clock,
    log,
    store,
    reader: parts.use(createConfigurationReader({ clock })),
    opened,
    hooks: new HookWatch(),
    board,
    orders,
    director,
    monitors,
    virtualIps,
    accounts: parts.use(
      openAccounts({
        ...{ clock, store, record, runtimeFolder: options.runtimeFolder },
        names: () => passwordTaboos(director.configuration),
      }),
    ),
    notify,
    history,
    schedule: new ScheduleBook(store, store.initial.schedule),
    backups: new Backups(() => core, options),
    sampler: new HistorySampler({
      ...{ director, board, orders, history, clock },
      latencyOf: (service, server) => board.latencyOf(service, server),
      isActive: () => core.role.name === 'active',
      syncLag_ms: () => pair?.sync?.status?.lag_p99_ms,
    }),
    role: paired
      ? { name: 'standby', because: 'starting: the heartbeat has not spoken yet' }
      : { name: 'active', because: 'it is the only director' },
    revision: chosen.revision,
    record,
  };
  begin(core, found, chosen.because);
  if (chosen.isNew) await store.saveRevision(chosen.revision);
  const feed = parts.use(liveOf(core, () => pair));
  live = feed;
  const backend = backendOf(core, () => pair, feed);
  parts.use(
    startRounds(core, () => {
      feed.tick();
      options.onRound?.(statusLine(core));
    }),
  );
  parts.use(startUpkeep(core));
  tellRestore(core, options.stateFolder);
  const scheduler = parts.use(new Scheduler({ core, pair: () => pair, audit: backend.audit }));
  parts.use(await openControlServer({ socket: socketOf(options.runtimeFolder), clock, backend }));
  notify.configure(chosen.configuration);
  // Last, as it lives on when a start fails.
  if (paired)
    pair = parts.use(
      new Pair({
        core,
        configuration: chosen.configuration,
        folder: path.dirname(path.resolve(options.configFile)),
        stateFolder: options.stateFolder,
        runtimeFolder: options.runtimeFolder,
        former: formerVirtualIps(store),
        releaseOnExit: options.releaseOnExit,
        starter:
          options.heartbeatUnit === undefined
            ? spawnedHeartbeat(options.programs?.heartbeat ?? HEARTBEAT_MAIN, options.runtimeFolder)
            : serviceHeartbeat(options.heartbeatUnit),
        sync: options.programs?.sync ?? SYNC_MAIN,
        serve: (request) => servePeer(backend, request),
      }),
    );
  scheduler.look();
  log('info', 'running', { revision: core.revision.number, socket: socketOf(options.runtimeFolder) });
  started = true;
  const owned = parts.move();
  return {
    ready: async () => pair?.roleKnown(READY_PATIENCE_MS),
    reload: () => reload(core, options.configFile),
    async [Symbol.asyncDispose]() {
      record(
        'stopped',
        'director',
        options.releaseOnExit ? 'stopped and released' : 'stopped; packets go on',
      );
      await owned.disposeAsync();
    },
  };
}

/** For `systemctl status`. */
function statusLine({ role, revision, director }: Core): string {
  const services = director.configuration.services.length;
  return `${role.name}: ${role.because}; revision ${revision.number}, ${services} services`;
}

export function socketOf(runtimeFolder: string): string {
  return path.join(runtimeFolder, 'control.sock');
}

function checkNode(configuration: Configuration, node: string): void {
  const names = configuration.directors.map((director) => director.name);
  if (names.includes(node)) return;
  throw new FairleadError('unknown-node', `The configuration has no director ${node}.`, {
    remedy: `Give one of its directors with --node: ${names.join(', ')}.`,
    exit: EXIT.usage,
  });
}

/** What stands on the door of every console of this cluster. */
function passwordTaboos({ cluster, directors }: Configuration): readonly string[] {
  return [cluster, ...directors.map((each) => each.name)];
}

function tellStore(store: Store, record: RecordEvent): void {
  if (store.setAside !== undefined)
    record(
      'store-damaged',
      'store',
      `the store was damaged and a fresh one begun: ${store.setAside.detail}`,
      {
        set_aside: store.setAside.path,
      },
    );
  const { state, detail } = store.status();
  if (state === 'memory')
    record(
      'store-in-memory',
      'store',
      `the state folder cannot be written, nothing is kept: ${detail ?? ''}`,
    );
}

/** Those of the last revision may still be up, though the file names others by now. */
function formerVirtualIps(store: Store): Configuration['virtualIps'] {
  const text = store.initial.revision?.text;
  const parsed = text === undefined ? undefined : parseConfiguration(text, 'the last revision');
  return parsed !== undefined && 'configuration' in parsed ? parsed.configuration.virtualIps : [];
}

/** First decision: what the engine has already stays, what differs is put right. */
function begin(core: Core, found: EngineSnapshot, because: string): void {
  const present = new Set<string>();
  let connections = 0;
  for (const service of found.services)
    for (const server of service.servers) {
      if (server.presence === 'present') present.add(`${service.spec.name}/${server.spec.name}`);
      connections += server.active + server.inactive;
    }
  const { configuration } = core.director;
  core.monitors.assign(
    core.board.configure(configuration, (service, server) => present.has(`${service}/${server}`)),
  );
  const { steps, failed } = core.director.decideAll();
  core.store.keep(configuration.history);
  core.virtualIps.set(configuration);
  core.record('started', 'director', `revision ${core.revision.number} is in force: ${because}`, {
    steps: steps.length,
    failed: failed.length,
  });
  if (found.services.length > 0)
    core.record(
      'adopted',
      'engine',
      `took over ${found.services.length} services, ${present.size} servers and ${connections} connections; ${steps.length} steps differed`,
      { services: found.services.length, servers: present.size, connections, steps: steps.length },
    );
}
