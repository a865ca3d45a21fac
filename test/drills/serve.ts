// A running lab takes orders for drills over a Unix socket in its folder: lines of JSON, one request a connection, one
// drill at a time. Guarantees: who goes away ends nothing but its own conversation; nonsense is refused with a sentence.
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { tellError } from '../../director/model/error.ts';
import type { Lab } from '../lab/lab.ts';
import { readLines, writeLine } from '../lab/lines.ts';
import { DRILLS } from './catalogue.ts';
import { type Drill, PACE } from './drill.ts';
import { publish } from './publish.ts';
import { reportLines } from './render.ts';
import type { DrillReport } from './report.ts';
import { listLines, storedResults, storeResult } from './results.ts';
import { runDrill } from './run.ts';
import { openSite, type Site } from './stage.ts';

const DRILL_SOCKET = 'drill.sock';
const CONNECTIONS = 500;
const CONNECTIONS_MAX = 5_000;
const CLIENTS_MAX = 8;

export interface DrillHooks {
  /** A drill is about to begin, and has ended. */
  readonly began: (drill: Drill) => void;
  readonly ended: (drill: Drill, report: DrillReport | undefined) => void;
}

interface Request {
  readonly drill?: unknown;
  readonly list?: unknown;
  readonly connections?: unknown;
}

export async function serveDrills(lab: Lab, hooks: DrillHooks): Promise<AsyncDisposable> {
  const path = join(lab.folder, DRILL_SOCKET);
  const clients = new Set<Socket>();
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const server = createServer((socket) => {
    if (clients.size >= CLIENTS_MAX) {
      socket.destroy();
      return;
    }
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
    let asked = false;
    readLines(
      socket,
      (line) => {
        if (asked) return;
        asked = true;
        void answer(socket, line as Request);
      },
      (error) => error && socket.destroy(),
    );
  });
  const answer = async (socket: Socket, request: Request): Promise<void> => {
    const drill = DRILLS.find(({ name }) => name === request?.drill);
    if (request?.list === true) {
      const drills = DRILLS.map(({ name, what }) => ({ name, what }));
      writeLine(socket, { drills, results: storedResults(), text: listLines(storedResults()) });
    } else if (!drill)
      refuse(socket, 'drill-unknown', `There is no drill ${JSON.stringify(request?.drill)}.`);
    else if (running) refuse(socket, 'drill-running', 'Another drill is going on in this lab.');
    else if (lab.directors.length < 2) refuse(socket, 'drill-alone', 'This lab has one director.');
    else {
      running = carryOut(socket, drill, connectionsOf(request)).finally(() => {
        running = undefined;
      });
      await running;
    }
    socket.end();
  };
  const carryOut = async (socket: Socket, drill: Drill, connections: number): Promise<void> => {
    const progress = (line: string): void => writeLine(socket, { progress: line });
    let report: DrillReport | undefined;
    let site: Site | undefined;
    hooks.began(drill);
    try {
      const why = drill.leftOut?.(lab);
      if (why !== undefined) {
        refuse(socket, 'drill-left-out', `${drill.name} is left out: ${why}`);
        return;
      }
      progress(`${drill.name}: ${drill.what}`);
      progress(`${connections} connections are being opened`);
      site = await openSite(lab, connections);
      report = await runDrill(site, drill, { pace: PACE, progress, signal: stopping.signal });
      storeResult(report);
      for (const line of await publish(report, lab.directors)) progress(line);
      writeLine(socket, { report, text: reportLines(report), ok: report.ok });
    } catch (error) {
      refuse(socket, 'drill-failed', tellError(error).lines.join('; '));
    } finally {
      site?.[Symbol.dispose]();
      hooks.ended(drill, report);
    }
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error('the lab ends'));
      await running;
      for (const socket of clients) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(path, { force: true });
    },
  };
}

function refuse(socket: Socket, code: string, message: string): void {
  writeLine(socket, { error: { code, message } });
}

function connectionsOf({ connections }: Request): number {
  const valid = Number.isInteger(connections) && Number(connections) >= 1;
  return valid ? Math.min(Number(connections), CONNECTIONS_MAX) : CONNECTIONS;
}
