// HTTP traffic: requests at a steady rate, each on a connection of its own, and bulk transfers whose every byte is
// checked, towards the client and away from it.
import { fillPattern, findMismatch } from '../pattern.ts';
import { type Context, failure, steadily } from './activity.ts';
import { requestOnce } from './request.ts';
import type { Failure, Target } from './traffic.ts';

const ANSWER_BYTES_MAX = 4_096;
const CHUNK_BYTES = 64 << 10;
const BULK_TIMEOUT_FACTOR = 4;

type Cause = Parameters<typeof failure>[3];

export function startHttp(target: Target, context: Context): void {
  steadily(target.rate, context, () => void oneRequest(target, context));
  if (target.bulkEvery_ms <= 0) return;
  const bulk = async (): Promise<void> => {
    if (!context.paused) await transferBulk(target, context, context.settings.bulk_bytes);
    setTimeout(bulk, target.bulkEvery_ms);
  };
  setTimeout(bulk, Math.random() * target.bulkEvery_ms);
}

async function oneRequest(target: Target, context: Context): Promise<void> {
  const began = Date.now();
  const { timeout_ms, own } = context.settings;
  let text = '';
  const outcome = await requestOnce({
    ...target,
    path: '/',
    timeout_ms,
    take(chunk) {
      text += chunk;
      return text.length > ANSWER_BYTES_MAX ? 'the answer is too long' : undefined;
    },
  });
  const wrong = outcome.ok ? complaint(text, own) : outcome;
  if (outcome.ok && wrong === undefined)
    context.ledger.answered(target.service, readAnswer(text)?.server ?? '', outcome.latency_ms, text.length);
  else if (wrong !== undefined) context.ledger.failed(failure(target, 'request', began, wrong));
}

/** What is wrong with a real server's account of itself, if anything. */
function complaint(text: string, own: readonly string[]): Cause | undefined {
  const who = readAnswer(text);
  if (who?.server === undefined) return { kind: 'corrupt', detail: text.slice(0, 80) };
  if (own.includes(who.client ?? '')) return undefined;
  return { kind: 'disguised', detail: `${who.server} saw ${who.client}`, server: who.server };
}

function readAnswer(text: string): { server?: string; client?: string } | undefined {
  try {
    return JSON.parse(text) as { server?: string; client?: string };
  } catch {
    return undefined;
  }
}

/** Down, then up. Returns the first failure, which is in the ledger as well. */
export async function transferBulk(
  target: Target,
  context: Context,
  bytes: number,
): Promise<Failure | undefined> {
  for (const transfer of [download, upload]) {
    const began = Date.now();
    const cause = await transfer(target, context, bytes);
    if (cause === undefined) {
      context.ledger.bulk(target.service, bytes);
      continue;
    }
    const failed = failure(target, 'bulk', began, cause);
    context.ledger.failed(failed);
    return failed;
  }
  return undefined;
}

async function download(target: Target, context: Context, bytes: number): Promise<Cause | undefined> {
  const seed = context.seed();
  let got = 0;
  const outcome = await requestOnce({
    ...target,
    path: `/bytes/${bytes}?seed=${seed}`,
    timeout_ms: context.settings.timeout_ms * BULK_TIMEOUT_FACTOR,
    take(chunk) {
      const at = findMismatch(seed, got, chunk);
      got += chunk.length;
      return at < 0 ? undefined : `download: byte ${got - chunk.length + at} of ${bytes} is wrong`;
    },
  });
  if (!outcome.ok) return { ...outcome, detail: `download after ${got} bytes: ${outcome.detail}` };
  if (got === bytes) return undefined;
  return { kind: 'corrupt', detail: `download: ${got} bytes instead of ${bytes}` };
}

async function upload(target: Target, context: Context, bytes: number): Promise<Cause | undefined> {
  const seed = context.seed();
  let sent = 0;
  let text = '';
  const outcome = await requestOnce({
    ...target,
    path: `/sum?seed=${seed}`,
    timeout_ms: context.settings.timeout_ms * BULK_TIMEOUT_FACTOR,
    body: {
      length: bytes,
      next() {
        if (sent >= bytes) return undefined;
        const chunk = fillPattern(seed, sent, Math.min(CHUNK_BYTES, bytes - sent));
        sent += chunk.length;
        return chunk;
      },
    },
    take(chunk) {
      text += chunk;
      return text.length > ANSWER_BYTES_MAX ? 'the answer is too long' : undefined;
    },
  });
  if (!outcome.ok) return { ...outcome, detail: `upload: ${outcome.detail}` };
  const seen = readSum(text);
  if (seen?.bytes === bytes && seen.wrong_at === -1) return undefined;
  return { kind: 'corrupt', detail: `upload: the server saw ${text.slice(0, 80)} of ${bytes} bytes` };
}

function readSum(text: string): { bytes?: number; wrong_at?: number } | undefined {
  try {
    return JSON.parse(text) as { bytes?: number; wrong_at?: number };
  } catch {
    return undefined;
  }
}
