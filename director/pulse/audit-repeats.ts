// Keeps somebody who guesses passwords by the thousand from pushing everything else out of the audit: what is refused for too
// many attempts is recorded once a minute for each origin, with how many there were in between.
import type { AuditEntry } from '../control/backend.ts';

const EVERY_MS = 60_000;
const ORIGINS_MAX = 256;
const REPEATED = 'too-many-attempts: ';

export class AuditRepeats {
  readonly #origins = new Map<string, { at_ms: number; left_out: number }>();

  /** As it is to be recorded; undefined: not this time. */
  admit(entry: AuditEntry, now_ms: number): AuditEntry | undefined {
    if (entry.outcome !== 'refused' || !entry.detail.startsWith(REPEATED)) return entry;
    // Once there are that many origins, all further ones count as one.
    const key = `${entry.action} ${entry.origin}`;
    const known = this.#origins.has(key) || this.#origins.size < ORIGINS_MAX ? key : '';
    const before = this.#origins.get(known);
    if (before !== undefined && now_ms - before.at_ms < EVERY_MS) {
      before.left_out++;
      return undefined;
    }
    this.#forget(now_ms);
    this.#origins.set(known, { at_ms: now_ms, left_out: 0 });
    const left_out = before?.left_out ?? 0;
    return left_out === 0
      ? entry
      : { ...entry, detail: `${entry.detail} (and ${left_out} times since the last record of it)` };
  }

  #forget(now_ms: number): void {
    for (const [key, { at_ms, left_out }] of this.#origins)
      if (left_out === 0 && now_ms - at_ms >= EVERY_MS) this.#origins.delete(key);
  }
}
