// A restore happens while no director runs: the one that starts on it tells of it, as an event and a record of the audit.
import path from 'node:path';
import { takeRestoreNote } from '../backup/restore-note.ts';
import type { Core } from './core.ts';

export function tellRestore(core: Core, stateFolder: string): void {
  try {
    takeRestoreNote(stateFolder, ({ who, at, file, backup }) => {
      const made = new Date(backup.at).toISOString();
      const what = `${file}, made by ${backup.node} at ${made}`;
      core.record('restored', 'director', `${who} put a backup back: ${what}`, { who, at, file, backup });
      core.store.audit.record({
        ...{ at, who, origin: 'cli', action: 'restore', target: path.basename(file), outcome: 'done' },
        detail: `made by ${backup.node} at ${made}`,
      });
    });
  } catch (error) {
    core.log('warn', 'a restore was not told of', { error: String(error) });
  }
}
