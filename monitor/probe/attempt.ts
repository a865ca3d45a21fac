// The frame of one probe: measures latency, keeps the deadline, and lets the first conclusion stand.
// Guarantees: the promise always resolves, exactly once, at the deadline at the latest, and `release` of everything
// that the attempt opened has been called by then, even when its start threw.
import type { ProbeContext, ProbeOutcome } from './probe.ts';

export interface Attempt {
  readonly ended: boolean;
  pass(reason: string): void;
  fail(reason: string): void;
  /** Fails by an error from the system; those that are this director's own fault are inconclusive. */
  error(error: unknown): void;
  /** Ends without a word about the server. */
  inconclusive(reason: string): void;
  /** Registers how to close what was just opened. */
  onEnd(release: () => void): void;
  /** Sentence for the deadline; the default names no stage. */
  stage(waitingFor: string): void;
}

/** Errors that tell about this director and not about the server. */
const OWN_FAULTS = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'EAGAIN']);

const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by the server',
  EPIPE: 'connection closed by the server',
  EHOSTUNREACH: 'no route to the server (host unreachable)',
  ENETUNREACH: 'no route to the server (network unreachable)',
  ETIMEDOUT: 'connection timed out',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate comes from an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate comes from an unknown authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate comes from an unknown authority',
  EPERM:
    'this director may not do that (a capability such as CAP_NET_RAW is missing, or a firewall rule forbids it)',
  EMFILE: 'this director is out of file descriptors',
  ENFILE: 'this director is out of file descriptors',
  EADDRNOTAVAIL: 'this director is out of local ports',
};

export function attempt(context: ProbeContext, start: (attempt: Attempt) => void): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const running = new Running(context, resolve);
    if (running.ended) return; // cancelled before it began
    try {
      start(running);
    } catch (error) {
      running.error(error);
    }
  });
}

class Running implements Attempt {
  readonly #begun_ms = performance.now();
  readonly #releases: (() => void)[] = [];
  readonly #context: ProbeContext;
  readonly #resolve: (outcome: ProbeOutcome) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #cancel = (): void => this.#end(false, 'cancelled', true);
  #waitingFor = 'answer';
  ended = false;

  constructor(context: ProbeContext, resolve: (outcome: ProbeOutcome) => void) {
    this.#context = context;
    this.#resolve = resolve;
    this.#timer = setTimeout(
      () => this.#end(false, `no ${this.#waitingFor} within ${context.timeout_ms} ms`),
      context.timeout_ms,
    );
    if (context.signal.aborted) this.#cancel();
    else context.signal.addEventListener('abort', this.#cancel);
  }

  pass(reason: string): void {
    this.#end(true, `${reason} in ${Math.max(1, Math.round(performance.now() - this.#begun_ms))} ms`);
  }

  fail(reason: string): void {
    this.#end(false, reason);
  }

  error(error: unknown): void {
    const code = errorCode(error);
    this.#end(false, errorSentence(error), code !== undefined && OWN_FAULTS.has(code));
  }

  inconclusive(reason: string): void {
    this.#end(false, reason, true);
  }

  onEnd(release: () => void): void {
    if (this.ended) release();
    else this.#releases.push(release);
  }

  stage(waitingFor: string): void {
    this.#waitingFor = waitingFor;
  }

  #end(ok: boolean, reason: string, inconclusive = false): void {
    if (this.ended) return;
    this.ended = true;
    const latency_ms = performance.now() - this.#begun_ms;
    clearTimeout(this.#timer);
    this.#context.signal.removeEventListener('abort', this.#cancel);
    for (const release of this.#releases) release();
    this.#resolve(inconclusive ? { ok, reason, latency_ms, inconclusive } : { ok, reason, latency_ms });
  }
}

function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  // Node's codes are bare; those of director/native carry a prefix.
  return typeof code === 'string' ? code.replace(/^errno-/, '') : undefined;
}

/** What a system error means, in the words of the house; other errors speak for themselves. */
function errorSentence(error: unknown): string {
  const code = errorCode(error);
  // Node gives an orderly close at the wrong moment the code of a reset, but no system call.
  if (code === 'ECONNRESET' && error instanceof Error && !('syscall' in error)) return SENTENCES.EPIPE!;
  return (code && SENTENCES[code]) ?? oneLine(error instanceof Error ? error.message : String(error));
}

const REASON_LENGTH = 200;

/** Text from outside as part of a reason: no control characters, no more than fits in a table. */
export function oneLine(text: string): string {
  const clean = text
    .slice(0, REASON_LENGTH * 2)
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .trim();
  return clean.length > REASON_LENGTH ? `${clean.slice(0, REASON_LENGTH)}…` : clean;
}
