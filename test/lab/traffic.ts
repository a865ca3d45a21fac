// The client as the lab holds it: its reports as they come, and bulk transfers on demand.
import { join } from 'node:path';
import type { Namespaces } from '../support/netns.ts';
import type { ClientCommand, ClientLine, ClientReport, ClientSettings, Failure } from './client/traffic.ts';
import { type Program, startProgram } from './program.ts';
import { within } from './wait.ts';

const BULK_MS = 60_000;

export interface LabClient {
  /** Calls back for every report until disposed of. */
  follow(take: (report: ClientReport) => void): Disposable;
  /** The next report that is a whole one: begun after this call. */
  nextReport(): Promise<ClientReport>;
  /** One transfer each way through a service of kind http, every byte checked. Undefined: all well. */
  bulk(service: string, bytes: number): Promise<Failure | undefined>;
  /** No new connection; held ones go on. */
  pause(): void;
  resume(): void;
  isRunning(): boolean;
  /** Settles when it has ended, whyever. */
  readonly ended: Promise<string>;
}

export function createTraffic(set: Namespaces, settings: ClientSettings): LabClient {
  const listeners = new Set<(report: ClientReport) => void>();
  const bulks = new Map<number, (failed: Failure | undefined) => void>();
  let bulkId = 0;
  const program: Program = startProgram(set, {
    namespace: set.get('client'),
    node: [join(import.meta.dirname, 'client.ts'), JSON.stringify(settings)],
    signalAtParentDeath: 'KILL',
    line(value) {
      const line = value as ClientLine;
      if ('report' in line) for (const take of [...listeners]) take(line.report);
      else if ('bulk' in line) {
        bulks.get(line.bulk)?.(line.failed);
        bulks.delete(line.bulk);
      }
    },
  });
  const send = (command: ClientCommand): void => program.send(command);
  const follow = (take: (report: ClientReport) => void): Disposable => {
    listeners.add(take);
    return { [Symbol.dispose]: () => void listeners.delete(take) };
  };
  return {
    follow,
    async nextReport() {
      let whole = false;
      return within(
        'a report of the client',
        settings.report_ms * 2 + settings.timeout_ms,
        new Promise((resolve) => {
          const following = follow((report) => {
            if (whole) {
              following[Symbol.dispose]();
              resolve(report);
            }
            whole = true;
          });
        }),
      );
    },
    bulk(service, bytes) {
      const id = ++bulkId;
      const done = new Promise<Failure | undefined>((resolve) => bulks.set(id, resolve));
      send({ do: 'bulk', service, bytes, id });
      return within(`a bulk transfer through ${service}`, BULK_MS, done);
    },
    pause: () => send({ do: 'pause' }),
    resume: () => send({ do: 'resume' }),
    isRunning: () => program.isRunning(),
    ended: program.ended.then(({ complaint, signal }) => complaint.trim() || `signal ${signal}`),
  };
}
