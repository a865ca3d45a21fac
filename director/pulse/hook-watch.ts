// Whether the packet program is where packets come in. Somebody who clears an interface's filters, or makes it anew, takes it
// away without a word: no packet is forwarded from then on, whatever monitors say. It is put back, and told.
import type { Clock } from '../model/clock.ts';
import type { OpenedEngine } from './engine-choice.ts';
import type { RecordEvent } from './record-event.ts';

export interface HookWatchNeeds {
  readonly opened: Pick<OpenedEngine, 'mend'>;
  readonly record: RecordEvent;
  readonly clock: Clock;
}

export class HookWatch {
  /** Interface -> why the program is missing there, and since when. */
  readonly #missing = new Map<string, { readonly reason: string; readonly since: number }>();

  get missing(): ReadonlyMap<string, { readonly reason: string; readonly since: number }> {
    return this.#missing;
  }

  /** Every second. */
  look({ opened, record, clock }: HookWatchNeeds): void {
    const news = opened.mend();
    for (const { interface: name, hook, missing } of news) {
      const known = this.#missing.get(name);
      if (missing === undefined) {
        this.#missing.delete(name);
        record('hook-put-back', name, `the packet program (${hook}) was missing there; it is back`);
      } else if (known?.reason !== missing) {
        this.#missing.set(name, { reason: missing, since: known?.since ?? clock.now() });
        record('hook-missing', name, `the packet program is not there, no packet is forwarded: ${missing}`);
      }
    }
  }
}
