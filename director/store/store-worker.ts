// The thread that owns SQLite. It answers one request at a time, in order; whatever goes wrong is an answer too.
import { parentPort, workerData } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import { copyDatabase } from '../database/copy.ts';
import { openDatabase, sentence, sqliteCode } from '../database/database.ts';
import { FairleadError } from '../model/error.ts';
import { MIGRATIONS } from './migrations.ts';
import type { StoredState, StoreKeep, StoreRead, StoreWrite } from './record.ts';
import { openTables, type StoreReply, type Tables } from './tables.ts';

export interface StoreWorkerData {
  readonly file: string;
  readonly pages_max: number;
  readonly now_ms: number;
}

export type StoreRequest =
  | { readonly id: number; readonly kind: 'write'; readonly writes: readonly StoreWrite[] }
  | { readonly id: number; readonly kind: 'read'; readonly read: StoreRead }
  | { readonly id: number; readonly kind: 'keep'; readonly keep: StoreKeep }
  | { readonly id: number; readonly kind: 'copy'; readonly file: string }
  | { readonly id: number; readonly kind: 'upkeep' | 'close' };

export type StoreAnswer =
  | {
      readonly kind: 'opened';
      readonly state: StoredState;
      readonly mode: 'file' | 'memory';
      readonly setAside?: string;
      readonly detail?: string;
    }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string; readonly remedy?: string }
  | { readonly kind: 'done'; readonly id: number; readonly reply?: StoreReply }
  | { readonly kind: 'failed'; readonly id: number; readonly code: string; readonly detail: string };

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker thread');
const data = workerData as StoreWorkerData;
const post = (answer: StoreAnswer): void => port.postMessage(answer);

try {
  const { database, ...opened } = openDatabase({
    ...data,
    migrations: { what: 'store', steps: MIGRATIONS },
  });
  const tables = openTables(database);
  port.on('message', (request: StoreRequest) => {
    // The one that takes its time: step by step, and others are answered meanwhile.
    if (request.kind === 'copy') {
      void copy(database, request).then(post);
      return;
    }
    post(answer(tables, request));
    if (request.kind === 'close') {
      database.close();
      port.close();
    }
  });
  post({ kind: 'opened', state: tables.state(), ...opened });
} catch (error) {
  post(
    error instanceof FairleadError
      ? {
          kind: 'refused',
          code: error.code,
          message: error.message,
          ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
        }
      : { kind: 'refused', code: 'store-failed', message: sentence(error) },
  );
  port.close();
}

type Copy = Extract<StoreRequest, { kind: 'copy' }>;

async function copy(database: Database, { id, file }: Copy): Promise<StoreAnswer> {
  try {
    await copyDatabase(database, file);
    return { kind: 'done', id };
  } catch (error) {
    return { kind: 'failed', id, code: sqliteCode(error), detail: sentence(error) };
  }
}

function answer(tables: Tables, request: Exclude<StoreRequest, Copy>): StoreAnswer {
  try {
    if (request.kind === 'write') tables.write(request.writes);
    if (request.kind === 'keep') tables.keep(request.keep);
    if (request.kind === 'upkeep') tables.upkeep();
    const reply = request.kind === 'read' ? tables.read(request.read) : undefined;
    return { kind: 'done', id: request.id, ...(reply === undefined ? {} : { reply }) };
  } catch (error) {
    return { kind: 'failed', id: request.id, code: sqliteCode(error), detail: sentence(error) };
  }
}
