// What has been dealt with, in a file of the state folder. Guarantees: the file is replaced as a whole or not at all; at
// most one write is under way and the newest state follows it; a disk that refuses costs nothing but that a successor may
// send a message again.
import { readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import path from 'node:path';

export const STATE_FILE = 'notifications.json';
const FILE_MAX_BYTES = 64 * 1024 * 1024;

/** `now` says when it was; a state that differs in nothing else is not written again. */
export type Kept = { readonly now: number } & object;

export class StateFile {
  readonly #file: string;
  #wanted: (() => Kept) | undefined;
  #next: PromiseWithResolvers<void> | undefined;
  #writing = false;
  #last = '';
  /** Why the last write failed. */
  failure: string | undefined;

  constructor(stateFolder: string) {
    this.#file = path.join(stateFolder, STATE_FILE);
  }

  /** Undefined: none, or none that can be read. */
  read(): unknown {
    try {
      const bytes = readFileSync(this.#file);
      return bytes.length > FILE_MAX_BYTES ? undefined : (JSON.parse(bytes.toString('utf8')) as unknown);
    } catch {
      return undefined;
    }
  }

  /** Settles when this state or a newer one is on disk, or when the disk has refused it. */
  save(value: () => Kept): Promise<void> {
    this.#wanted = value;
    this.#next ??= Promise.withResolvers();
    const { promise } = this.#next;
    if (!this.#writing) void this.#write();
    return promise;
  }

  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#wanted !== undefined) {
      const value = this.#wanted;
      const settled = this.#next;
      this.#wanted = undefined;
      this.#next = undefined;
      try {
        await this.#keep(value());
        this.failure = undefined;
      } catch (error) {
        this.failure = error instanceof Error ? error.message : String(error);
      }
      settled?.resolve();
    }
    this.#writing = false;
  }

  async #keep(value: Kept): Promise<void> {
    const text = JSON.stringify({ ...value, now: 0 });
    if (text === this.#last) return;
    await replace(this.#file, `${JSON.stringify(value)}\n`);
    this.#last = text;
  }
}

async function replace(file: string, text: string): Promise<void> {
  const fresh = `${file}.new`;
  {
    await using handle = await open(fresh, 'w', 0o600);
    await handle.writeFile(text);
    await handle.sync();
  }
  await rename(fresh, file);
  await using folder = await open(path.dirname(file), 'r');
  await folder.sync();
}
