// The supervisor: constructs everything in an order in which nothing is ever half attached, and keeps time. If one
// part cannot be had, those before it are undone again and the error says why.
//
// Order: configuration valid -> machine fit -> lock -> store -> engine -> virtual IPs -> monitors -> control socket.
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
import type { Clock } from '../model/clock.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import type { JsonValue, RevisionRecord } from '../store/record.ts';
import { openStore, type Store } from '../store/store.ts';
import { changeConfiguration } from './change.ts';
import type { Core, RecordEvent } from './core.ts';
import { Director } from './director.ts';
import { endedDrains } from './drains.ts';
import { openEngine } from './engine-choice.ts';
import { every } from './every.ts';
import { createHandlers } from './handlers.ts';
import { HealthBoard } from './health-board.ts';
import { lockInstance } from './instance-lock.ts';
import type { Log } from './log.ts';
import { OrderBook } from './order-book.ts';
import { chooseRevision } from './revisions.ts';
import { openVirtualIps } from './virtual-ips.ts';

export interface PulseOptions {
  readonly configFile: string;
  readonly node: string;
  readonly stateFolder: string;
  readonly runtimeFolder: string;
  readonly version: string;
  /** Take everything out of the kernel at the end; else packets go on without this process. */
  readonly releaseOnExit: boolean;
  readonly clock: Clock;
  readonly machine: Machine;
  readonly log: Log;
}

export interface Pulse extends AsyncDisposable {
  /** Reads the configuration file again; what is wrong with it is logged and changes nothing. */
  reload(): Promise<void>;
}

const TICK_MS = 100;
const SAMPLE_MS = 1_000;

export async function startPulse(options: PulseOptions): Promise<Pulse> {
  const { clock, log } = options;
  const file = readConfigurationFile(options.configFile);
  checkNode(file.configuration, options.node);
  for (const warning of file.warnings) log('warn', warning.message, { line: warning.line });
  for (const finding of insist(options.machine, file.configuration))
    log('warn', finding.detail, { check: finding.check, remedy: finding.remedy });

  await using parts = new AsyncDisposableStack();
  parts.use(lockInstance(options.runtimeFolder));
  fs.rmSync(socketOf(options.runtimeFolder), { force: true });
  const store = parts.use(await openStore({ file: path.join(options.stateFolder, 'store.sqlite'), clock }));
  const record: RecordEvent = (kind, subject, reason, evidence?: JsonValue) => {
    store.record({ at: clock.now(), kind, subject, reason, ...(evidence === undefined ? {} : { evidence }) });
    log('info', `${subject}: ${reason}`, { event: kind });
  };
  tellStore(store, record);
  const chosen = choose(file, store, options, record);

  const opened = parts.use(await openEngine({ config: chosen.configuration.engine, clock, log }));
  if (options.releaseOnExit) parts.defer(() => opened.release());
  const found = opened.engine.snapshot();
  const orders = new OrderBook(store.initial.orders);
  const board = new HealthBoard(clock, store.initial.verdicts);
  const director = new Director({
    engine: opened.engine,
    clock,
    configuration: chosen.configuration,
    orders,
    board,
    record,
  });
  const virtualIps = parts.use(openVirtualIps({ log, record }));
  if (options.releaseOnExit) parts.defer(() => virtualIps.release());
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
    }),
  );
  const core: Core = {
    node: options.node,
    version: options.version,
    started: clock.now(),
    clock,
    log,
    store,
    opened,
    board,
    orders,
    director,
    monitors,
    virtualIps,
    role: roleOf(chosen.configuration),
    revision: chosen.revision,
    record,
  };
  begin(core, found, chosen.because);
  if (chosen.isNew) await store.saveRevision(chosen.revision);
  parts.use(every(clock, TICK_MS, () => tick(core)));
  parts.use(every(clock, SAMPLE_MS, () => sample(core)));
  parts.use(
    await openControlServer({
      socket: socketOf(options.runtimeFolder),
      clock,
      backend: {
        handlers: createHandlers(core),
        revision: () => core.revision.number,
        eventsAfter: (id, limit) => store.events(id, limit),
        follow: (onEvent) => store.follow(onEvent),
      },
    }),
  );
  log('info', 'running', { revision: core.revision.number, socket: socketOf(options.runtimeFolder) });
  const owned = parts.move();
  return {
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

interface Chosen {
  readonly revision: RevisionRecord;
  readonly configuration: Configuration;
  readonly isNew: boolean;
  readonly because: string;
}

/** A stored revision that this release cannot read any more must not keep the director down: the file rules then. */
function choose(
  file: { readonly text: string; readonly configuration: Configuration },
  store: Store,
  options: PulseOptions,
  record: RecordEvent,
): Chosen {
  const now = options.clock.now();
  const choice = chooseRevision(file.text, store.initial, now);
  if (choice.isNew || choice.revision.text === file.text)
    return { ...choice, configuration: file.configuration };
  const parsed = parseConfiguration(choice.revision.text, `revision ${choice.revision.number}`);
  if ('configuration' in parsed && parsed.configuration.directors.some((each) => each.name === options.node))
    return { ...choice, configuration: parsed.configuration };
  record(
    'revision-unusable',
    `revision ${choice.revision.number}`,
    'the stored revision cannot be used any more; the configuration file rules',
  );
  const next = { ...choice.revision, number: choice.revision.number + 1, at: now, author: 'file' };
  return {
    revision: {
      ...next,
      ...chooseRevision(file.text, { revision: undefined, revisions: [] }, now).revision,
      number: next.number,
    },
    configuration: file.configuration,
    isNew: true,
    because: 'the newest stored revision cannot be used',
  };
}

function roleOf(configuration: Configuration): Core['role'] {
  return configuration.heartbeat === undefined || configuration.directors.length === 1
    ? { name: 'active', because: 'it is the only director' }
    : { name: 'standby', because: 'no heartbeat has given it the VIPs' };
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
  if (core.role.name === 'active') core.virtualIps.set(configuration);
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

function tick(core: Core): void {
  try {
    core.opened.tick();
    core.opened.engine.sweep();
    core.director.tick();
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    core.log('error', `the engine fails: ${error.message}`, { code: error.code });
  }
}

function sample(core: Core): void {
  try {
    const snapshot = core.director.observer.sample();
    if (snapshot === undefined) return;
    core.director.resync(snapshot);
    endDrains(core, snapshot);
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    core.log('error', `the engine cannot be read: ${error.message}`, { code: error.code });
  }
}

function endDrains(core: Core, snapshot: EngineSnapshot): void {
  const now = core.clock.now();
  for (const { order, remaining, because } of endedDrains(core.orders.all(), snapshot, now)) {
    const { service, server } = order;
    const cut = because === 'deadline' && order.atDeadline === 'cut';
    let freed = 0;
    if (cut)
      for (const what of ['connections', 'templates'] as const)
        freed += core.opened.engine.flush({ what, service, server });
    const standing = core.orders.change(service, server, { drained: now }, { author: order.author, now });
    if (standing !== undefined) void core.store.saveOrder(standing);
    const left = `${remaining.active} active, ${remaining.inactive} inactive, ${remaining.templates} templates`;
    core.record(
      'drained',
      `${service}/${server}`,
      because === 'empty'
        ? 'nothing is left'
        : cut
          ? `the deadline came with ${left}; they were cut`
          : `the deadline came with ${left}; they go on`,
      { ...remaining, because, freed },
    );
  }
}

async function reload(core: Core, configFile: string): Promise<void> {
  try {
    const { text } = readConfigurationFile(configFile);
    const reply = await changeConfiguration(core, {
      text,
      source: configFile,
      author: 'file',
      comment: 'the configuration file was read again',
      dryRun: false,
    });
    if (!reply.changed) core.log('info', 'the configuration file says what is in force already');
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    core.record('reload-refused', 'director', error.message.split('\n')[0] ?? error.message, {
      code: error.code,
    });
  }
}
