// What someone who helps from afar wants to see, as named texts: each limited, none with secrets in it. What takes time is
// done by a thread of its own, so that the director goes on meanwhile; several who ask at once share one answer.
import { Worker } from 'node:worker_threads';
import type { Handlers } from '../control/backend.ts';
import type { Diagnostics } from '../control/schema.ts';
import type { Clock } from '../model/clock.ts';
import { redactValue } from '../model/redact.ts';
import type { Core } from './core.ts';
import type { MachineQuestion } from './diagnostics-worker.ts';
import { reportHa } from './pair/ha-report.ts';
import type { Pair } from './pair/pair.ts';
import { reportServices } from './report.ts';
import { reportStatus } from './status.ts';

const TEXT_MAX_BYTES = 256 << 10;
const EVENTS = 500;
const AUDIT = 200;
const PATIENCE_MS = 20_000;

export function diagnosticsHandlers(core: Core, pair: () => Pair | undefined): Pick<Handlers, 'diagnostics'> {
  let underWay: Promise<Diagnostics> | undefined;
  return {
    diagnostics: () => {
      underWay ??= gather(core, pair()).finally(() => {
        underWay = undefined;
      });
      return underWay;
    },
  };
}

async function gather(core: Core, pair: Pair | undefined): Promise<Diagnostics> {
  const { clock, store } = core;
  const status = reportStatus(core, pair);
  const [events, audit, machine] = await Promise.all([
    store.events(0, EVENTS),
    store.audit.list({ limit: AUDIT }),
    askMachine({ configuration: core.revision.text }, clock),
  ]);
  const texts = {
    'status.json': json(status),
    'ha.json': json(reportHa(core, pair)),
    'services.json': json(reportServices(core)),
    'tables.json': json({
      limits: status.engine.limits,
      tables: status.engine.tables,
      totals: status.engine.totals,
    }),
    'events.jsonl': lines(events),
    'audit.jsonl': lines(audit.records.toReversed()),
    ...Object.fromEntries(Object.entries(machine).map(([name, text]) => [name, cutEnd(text)])),
  };
  return { at: clock.now(), node: core.node, version: core.version, texts };
}

function json(value: unknown): string {
  return cutEnd(JSON.stringify(redactValue(value), null, 2));
}

/** The newest stand last, and are what is kept. */
function lines(records: readonly unknown[]): string {
  const kept: string[] = [];
  let bytes = 0;
  for (const record of records.toReversed()) {
    const line = JSON.stringify(redactValue(record));
    bytes += Buffer.byteLength(line) + 1;
    if (bytes > TEXT_MAX_BYTES - 64) {
      kept.push(`(${records.length - kept.length} older ones are left out)`);
      break;
    }
    kept.push(line);
  }
  return kept.reverse().join('\n');
}

export function cutEnd(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= TEXT_MAX_BYTES) return text;
  const kept = new TextDecoder().decode(bytes.subarray(0, TEXT_MAX_BYTES - 128), { stream: true });
  return `${kept}\n(${bytes.length - Buffer.byteLength(kept)} bytes are left out)`;
}

/** What could not be found out is told in the place of what was asked for. */
async function askMachine(question: MachineQuestion, clock: Clock): Promise<Record<string, string>> {
  const worker = new Worker(new URL('./diagnostics-worker.ts', import.meta.url), { workerData: question });
  worker.unref();
  const answer = Promise.withResolvers<Record<string, string>>();
  const fail = (why: string): void => answer.resolve({ 'machine.json': `(failed: ${why})` });
  worker.once('message', (texts: Record<string, string>) => answer.resolve(texts));
  worker.once('error', (error: Error) => fail(error.message));
  worker.once('exit', () => fail('its thread ended'));
  using _ = clock.after(PATIENCE_MS, () => fail(`it took longer than ${PATIENCE_MS / 1_000} s`));
  try {
    return await answer.promise;
  } finally {
    await worker.terminate();
  }
}
