// Waiting for a condition that only time brings about, with a limit and a sentence for when the limit is met.
import { FairleadError } from '../../director/model/error.ts';

const POLL_MS = 25;

function tooLate(what: string, limit_ms: number): FairleadError {
  return new FairleadError('lab-too-late', `Waited ${limit_ms} ms in vain for ${what}.`, {
    remedy: 'Is the machine very busy? --keep leaves the logs behind.',
  });
}

export async function waitFor(
  what: string | (() => string),
  limit_ms: number,
  isSo: () => Promise<boolean> | boolean,
): Promise<void> {
  const end = performance.now() + limit_ms;
  while (!(await isSo())) {
    if (performance.now() > end) throw tooLate(typeof what === 'string' ? what : what(), limit_ms);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The promise's outcome, or an error after the limit. */
export async function within<T>(what: string, limit_ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooLate(what, limit_ms)), limit_ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
