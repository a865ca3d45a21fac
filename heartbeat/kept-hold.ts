// That this director stands by on order, as a file in the state folder: an order stands over restarts until it is taken
// back. Guarantee: a disk that refuses costs the memory of it and nothing else.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'heartbeat.hold';

export class KeptHold {
  readonly #file: string;
  readonly #complain: (what: string) => void;
  #held: boolean;
  #stopping = false;

  constructor(stateFolder: string, complain: (what: string) => void) {
    this.#file = join(stateFolder, FILE);
    this.#complain = complain;
    this.#held = existsSync(this.#file);
  }

  get held(): boolean {
    return this.#held;
  }

  /** From now on it is as it was: a stop hands over by a hold that is its own. */
  stopping(): void {
    this.#stopping = true;
  }

  keep(hold: boolean): void {
    if (hold === this.#held || this.#stopping) return;
    this.#held = hold;
    try {
      if (hold) writeFileSync(this.#file, '', { mode: 0o600 });
      else rmSync(this.#file, { force: true });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#complain(`hold could not be kept, a restart will not know of it: ${why}`);
    }
  }
}
