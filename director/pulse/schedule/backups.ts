// The director's own backups: what goes into one, one at a time, told as events.
import path from 'node:path';
import { backupsFolder, MANUAL } from '../../backup/folder.ts';
import { type MadeBackup, makeBackup } from '../../backup/make.ts';
import { HISTORY_MIGRATIONS } from '../../history/schema.ts';
import { FairleadError } from '../../model/error.ts';
import { SCHEMA_VERSION } from '../../store/migrations.ts';
import type { Note } from '../audit-handlers.ts';
import type { Core } from '../core.ts';

export interface BackupsOptions {
  readonly stateFolder: string;
  readonly configFile: string;
}

export interface BackupOrder {
  readonly by: string;
  readonly keep?: number;
  readonly history: boolean;
  readonly author: string;
  readonly note: Note;
}

const WAITING_MAX = 4;

type Parts = Pick<Core, 'clock' | 'store' | 'history' | 'director' | 'node' | 'version' | 'record'>;

export class Backups {
  readonly folder: string;
  readonly #core: () => Parts;
  readonly #options: BackupsOptions;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(core: () => Parts, options: BackupsOptions) {
    this.#core = core;
    this.#options = options;
    this.folder = backupsFolder(options.stateFolder);
  }

  /** Throws FairleadError. */
  async make(order: BackupOrder): Promise<MadeBackup> {
    if (this.#waiting >= WAITING_MAX)
      throw new FairleadError('busy', 'Several backups are being made already.', {
        remedy: 'Wait for them.',
      });
    this.#waiting++;
    const made = this.#last.then(() => this.#make(order));
    this.#last = made.catch(() => {}).finally(() => this.#waiting--);
    return made;
  }

  async #make({ by, keep, history, author, note }: BackupOrder): Promise<MadeBackup> {
    const { clock, store, history: sampled, node, version, record, director } = this.#core();
    const { stateFolder, configFile } = this.#options;
    const { cluster, heartbeat } = director.configuration;
    const keyFile = heartbeat?.keyFile;
    note({ target: by === MANUAL ? 'backup' : `backup ${by}` });
    const samples = {
      ...({ name: 'history.sqlite', schema: HISTORY_MIGRATIONS.steps.length } as const),
      from: path.join(stateFolder, 'history.sqlite'),
      copy: (file: string) => sampled.copy(file),
    };
    const made = await makeBackup({
      ...{ folder: this.folder, node, cluster, version, at: clock.now(), by },
      ...(keep === undefined ? {} : { keep }),
      databases: [
        {
          ...{ name: 'store.sqlite', schema: SCHEMA_VERSION, copy: (file) => store.copy(file) },
          from: path.join(stateFolder, 'store.sqlite'),
        },
        ...(history && sampled.limit_bytes > 0 ? [samples] : []),
      ],
      files: [
        { name: 'fairlead.yaml', from: path.resolve(configFile) },
        ...(keyFile === undefined
          ? []
          : [{ name: 'heartbeat.key', from: path.resolve(path.dirname(configFile), keyFile) } as const]),
      ],
    });
    const { name, bytes, missing, pruned } = made;
    note({ after: { name, bytes, ...(missing.length === 0 ? {} : { missing }) } });
    const without = missing.length === 0 ? '' : `, without ${missing.join('; ')}`;
    record('backup-made', by, `${name}, ${bytes} bytes${without}`, { author, name, bytes, pruned, missing });
    return made;
  }
}
