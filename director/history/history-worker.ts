// The thread that owns history.sqlite. It takes samples and answers questions as they come; between them it writes, slice by
// slice. What is to be given up is looked at every few minutes, what a database needs besides at night (node-cron).
import { parentPort, workerData } from 'node:worker_threads';
import cron from 'node-cron';
import { sentence, sqliteCode } from '../database/database.ts';
import { FairleadError } from '../model/error.ts';
import { Keeper } from './keeper.ts';
import type { FromWorker, HistoryReply, HistoryRequest, HistoryWorkerData, ToWorker } from './protocol.ts';

const TIDY = '*/3 * * * *';
/** Minute and hour that nothing else is usually scheduled at. */
const NIGHTLY = '41 3 * * *';

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker thread');
const post = (message: FromWorker): void => port.postMessage(message);

try {
  serve(
    new Keeper({
      ...(workerData as HistoryWorkerData),
      now: () => Date.now(),
      monotonic_ms: () => performance.now(),
      cpu_ms: () => (process.threadCpuUsage().user + process.threadCpuUsage().system) / 1_000,
      onOpened: (opening) => post({ kind: 'opened', ...opening }),
      onBehind: (detail) => post({ kind: 'behind', detail }),
      onRecovered: () => post({ kind: 'recovered' }),
    }),
  );
} catch (error) {
  const { code, detail, remedy } = told(error);
  post({ kind: 'refused', code, detail, ...(remedy === undefined ? {} : { remedy }) });
  port.close();
}

function serve(keeper: Keeper): void {
  let isWorking = false;
  let isClosed = false;
  const work = (): void => {
    isWorking = !isClosed && keeper.step();
    if (isWorking) setImmediate(work);
  };
  const begin = (): void => {
    if (isWorking) return;
    isWorking = true;
    setImmediate(work);
  };
  const schedule = (pattern: string, run: () => void) =>
    cron.schedule(
      pattern,
      () => {
        run();
        begin();
      },
      { noOverlap: true },
    );
  const tasks = [schedule(TIDY, () => keeper.tidy()), schedule(NIGHTLY, () => keeper.upkeep())];
  port?.on('message', (message: ToWorker) => {
    switch (message.kind) {
      case 'subjects':
        keeper.setSubjects(message.names);
        return;
      case 'sample':
        keeper.sample(message.at, message.span_ms, message.values);
        post({ kind: 'taken' });
        begin();
        return;
      case 'limit':
        keeper.setLimit(message.limit_bytes);
        begin();
        return;
      // Step by step, between all else.
      case 'copy':
        void copy(keeper, message).then(post);
        return;
      default:
        post(answer(keeper, message));
    }
    if (message.kind !== 'close') return;
    isClosed = true;
    for (const task of tasks) void task.destroy();
    port?.close();
  });
  begin();
}

type Copy = Extract<HistoryRequest, { kind: 'copy' }>;

async function copy(keeper: Keeper, { id, file }: Copy): Promise<FromWorker> {
  try {
    await keeper.copy(file);
    return { kind: 'done', id, reply: undefined };
  } catch (error) {
    return { kind: 'failed', id, code: sqliteCode(error), detail: sentence(error) };
  }
}

function answer(keeper: Keeper, request: Exclude<HistoryRequest, Copy>): FromWorker {
  const { id } = request;
  try {
    return { kind: 'done', id, reply: reply(keeper, request) };
  } catch (error) {
    const { code, detail, remedy } = told(error);
    return { kind: 'failed', id, code, detail, ...(remedy === undefined ? {} : { remedy }) };
  }
}

function reply(keeper: Keeper, request: Exclude<HistoryRequest, Copy>): HistoryReply {
  switch (request.kind) {
    case 'series':
      return keeper.series(request.question);
    case 'moment':
      return keeper.moment(request.at);
    case 'status':
      return keeper.status();
    case 'upkeep':
      keeper.upkeep();
      while (keeper.step());
      return undefined;
    case 'close':
      keeper.close();
      return undefined;
  }
}

function told(error: unknown): { code: string; detail: string; remedy?: string } {
  if (error instanceof FairleadError)
    return {
      code: error.code,
      detail: error.message,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    };
  return {
    code: 'history-failed',
    detail: `History cannot be read: ${sentence(error)} ${sqliteCode(error)}`.trim(),
  };
}
