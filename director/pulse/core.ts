// Everything that a running supervisor consists of, held together: what the handlers of the control API act on.
import type { MonitorPool } from '../../monitor/pool.ts';
import type { ServerConfig, ServiceConfig } from '../config/configuration.ts';
import { nearest } from '../config/nearest.ts';
import type { History } from '../history/history.ts';
import type { Clock } from '../model/clock.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import type { RevisionRecord } from '../store/record.ts';
import type { Store } from '../store/store.ts';
import type { ConfigurationReader } from './configuration-reader.ts';
import type { Director } from './director.ts';
import type { OpenedEngine } from './engine-choice.ts';
import type { HealthBoard } from './health-board.ts';
import type { HistorySampler } from './history-sampler.ts';
import type { HookWatch } from './hook-watch.ts';
import type { Log } from './log.ts';
import type { NotifyProcess } from './notify-process.ts';
import type { OpenedAccounts } from './open-accounts.ts';
import type { OrderBook } from './order-book.ts';
import type { RecordEvent } from './record-event.ts';
import type { Backups } from './schedule/backups.ts';
import type { ScheduleBook } from './schedule/book.ts';
import type { VirtualIps } from './virtual-ips.ts';

export interface Core {
  readonly node: string;
  readonly version: string;
  readonly started: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly reader: ConfigurationReader;
  readonly opened: OpenedEngine;
  readonly hooks: HookWatch;
  readonly board: HealthBoard;
  readonly orders: OrderBook;
  readonly schedule: ScheduleBook;
  readonly backups: Backups;
  readonly director: Director;
  readonly monitors: MonitorPool;
  readonly virtualIps: VirtualIps;
  readonly accounts: OpenedAccounts;
  readonly notify: NotifyProcess;
  readonly history: History;
  readonly sampler: HistorySampler;
  /** Follows the heartbeat; replaced as a whole. */
  role: { readonly name: 'active' | 'standby'; readonly because: string };
  /** The one in force; replaced as a whole. */
  revision: RevisionRecord;
  readonly record: RecordEvent;
}

export function findService(core: Pick<Core, 'director'>, name: string): ServiceConfig {
  const service = core.director.service(name);
  if (service !== undefined) return service;
  throw unknown(
    'unknown-service',
    `There is no service ${name}`,
    name,
    core.director.configuration.services.map((each) => each.name),
  );
}

export function findServer(core: Pick<Core, 'director'>, serviceName: string, name: string): ServerConfig {
  const service = findService(core, serviceName);
  const servers = [...service.servers, ...(service.sorry === undefined ? [] : [service.sorry])];
  const server = servers.find((each) => each.name === name);
  if (server !== undefined) return server;
  throw unknown(
    'unknown-server',
    `Service ${serviceName} has no server ${name}`,
    name,
    servers.map((each) => each.name),
  );
}

const LISTED_MAX = 10;

function unknown(code: string, sentence: string, name: string, known: readonly string[]): FairleadError {
  const near = nearest(name, known);
  const list = `${known.slice(0, LISTED_MAX).join(', ')}${known.length > LISTED_MAX ? ', ...' : ''}`;
  return new FairleadError(code, `${sentence}.`, {
    exit: EXIT.usage,
    remedy:
      near !== undefined
        ? `Did you mean ${near}?`
        : known.length > 0
          ? `There are: ${list}.`
          : 'There is none.',
  });
}
