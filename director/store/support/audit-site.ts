// A store for the tests of the audit, in a folder of its own, with a clock whose timers run when told to.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, vi } from 'vitest';
import type { Clock } from '../../model/clock.ts';
import type { NewAudit } from '../record.ts';
import { openStore, type Store, type StoreOptions } from '../store.ts';

export class AuditSite implements Disposable {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fairlead-audit-'));
  readonly file = path.join(this.folder, 'store.sqlite');
  readonly #timers = new Set<() => void>();
  readonly #clock: Clock = {
    now: () => 1_700_000_000_000,
    monotonic_ms: () => 0,
    after: (_delay_ms, run) => {
      this.#timers.add(run);
      return { [Symbol.dispose]: () => void this.#timers.delete(run) };
    },
  };

  open(options: Partial<StoreOptions> = {}): Promise<Store> {
    return openStore({ file: this.file, clock: this.#clock, ...options });
  }

  runTimers(): void {
    for (const run of [...this.#timers]) {
      this.#timers.delete(run);
      run();
    }
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

export function entry(target: string, more: Partial<NewAudit> = {}): NewAudit {
  return {
    ...{ at: 5, who: 'ann', origin: 'cli', action: 'drain', target, outcome: 'done', detail: '' },
    ...more,
  };
}

export async function written(store: Store): Promise<void> {
  await vi.waitFor(() => expect(store.status().waiting).toBe(0));
}
