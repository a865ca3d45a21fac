// What must outlive the process: the highest epoch that this director may have claimed, on disk, and whether it holds a
// claim at this moment, in the runtime folder (which a reboot empties).
// Guarantees: an epoch is told to be stored only when the disk has it; a full or read-only disk costs nothing but that;
// at most one write is under way, and the newest wish follows it.
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';

const EPOCH_FILE = 'heartbeat.epoch';
const CLAIM_FILE = 'heartbeat.claim';

export interface Claim {
  readonly epoch: number;
  /** The peer's boot that has known us until now; 0: none. */
  readonly peerBootId: number;
}

export class EpochStore {
  readonly #epochFile: string;
  readonly #claimFile: string;
  readonly #onStored: (epoch: number, ok: boolean, reason: string) => void;
  #wished: number | undefined;
  #writing = false;

  constructor(options: {
    readonly stateFolder: string;
    readonly runtimeFolder: string;
    readonly onStored: (epoch: number, ok: boolean, reason: string) => void;
  }) {
    this.#epochFile = join(options.stateFolder, EPOCH_FILE);
    this.#claimFile = join(options.runtimeFolder, CLAIM_FILE);
    this.#onStored = options.onStored;
  }

  /** 0: none, or nothing that can be read as one. */
  read(): number {
    const text = readText(this.#epochFile)?.trim() ?? '';
    const epoch = /^\d{1,10}$/.test(text) ? Number(text) : 0;
    return epoch <= 0xffff_ffff ? epoch : 0;
  }

  store(epoch: number): void {
    this.#wished = epoch;
    if (!this.#writing) void this.#write();
  }

  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#wished !== undefined) {
      const epoch = this.#wished;
      this.#wished = undefined;
      try {
        await writeDurably(this.#epochFile, `${epoch}\n`);
        this.#onStored(epoch, true, '');
      } catch (error) {
        this.#onStored(epoch, false, error instanceof Error ? error.message : String(error));
      }
    }
    this.#writing = false;
  }

  /** The claim that a predecessor held when it ended without releasing it. */
  readClaim(): Claim | undefined {
    const match = /^(\d{1,10}) (\d{1,10})$/.exec(readText(this.#claimFile)?.trim() ?? '');
    return match === null ? undefined : { epoch: Number(match[1]), peerBootId: Number(match[2]) };
  }

  /** In memory, as a runtime folder is: no waiting. Failing only means that a successor cannot go on. */
  writeClaim(claim: Claim): boolean {
    try {
      const fresh = `${this.#claimFile}.new`;
      const file = openSync(fresh, 'w', 0o600);
      writeSync(file, `${claim.epoch} ${claim.peerBootId}\n`);
      closeSync(file);
      renameSync(fresh, this.#claimFile);
      return true;
    } catch {
      return false;
    }
  }

  forgetClaim(): void {
    try {
      rmSync(this.#claimFile, { force: true });
    } catch {
      // A claim whose lease has lapsed is worth nothing to a successor.
    }
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').slice(0, 64);
  } catch {
    return undefined;
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  await using file = await openFresh(fresh);
  await file.writeFile(text);
  await file.sync();
  await rename(fresh, path);
  await using folder = await open(join(path, '..'), 'r');
  await folder.sync();
}

async function openFresh(path: string): Promise<FileHandle> {
  return await open(path, 'w', 0o600);
}
