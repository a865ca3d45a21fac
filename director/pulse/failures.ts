// Services whose steps the engine refused: since when, why, and when they are tried again (back-off up to a minute).

const FIRST_MS = 1_000;
const LAST_MS = 60_000;

export interface Failure {
  readonly service: string;
  readonly code: string;
  readonly detail: string;
  /** Wall clock. */
  readonly since: number;
  readonly attempts: number;
  /** Monotonic. */
  readonly nextAttempt_ms: number;
}

export class Failures {
  readonly #failures = new Map<string, Failure>();

  all(): readonly Failure[] {
    return [...this.#failures.values()];
  }

  /** true: it was not failing before, or for another reason. */
  failed(service: string, code: string, detail: string, now: number, monotonic_ms: number): boolean {
    const before = this.#failures.get(service);
    const attempts = (before?.attempts ?? 0) + 1;
    const wait_ms = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(16, attempts - 1));
    this.#failures.set(service, {
      service,
      code,
      detail,
      since: before?.since ?? now,
      attempts,
      nextAttempt_ms: monotonic_ms + wait_ms,
    });
    return before?.code !== code;
  }

  /** true: it had been failing. */
  succeeded(service: string): boolean {
    return this.#failures.delete(service);
  }

  /** Services whose next attempt is due. */
  due(monotonic_ms: number): string[] {
    return this.all()
      .filter((failure) => failure.nextAttempt_ms <= monotonic_ms)
      .map((failure) => failure.service);
  }

  /** Forgets services that are neither wanted nor in the engine. */
  keepOnly(services: ReadonlySet<string>): void {
    for (const service of this.#failures.keys()) if (!services.has(service)) this.#failures.delete(service);
  }
}
