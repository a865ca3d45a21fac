// What a restore leaves for the director that starts next: who put which backup back, and when, so that events and audit
// tell of it. A note that cannot be read is dropped, since it must stop nobody.
import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const NAME = 'restored.json';
const MAX_BYTES = 16 << 10;
export const WHO_MAX_CHARS = 64;

const noteSchema = z.strictObject({
  who: z.string().min(1).max(WHO_MAX_CHARS),
  /** Milliseconds since 1970, as in all of it. */
  at: z.number().int().min(0),
  file: z.string().max(4_096),
  backup: z.strictObject({
    node: z.string().max(64),
    at: z.number().int().min(0),
    version: z.string().max(64),
  }),
});
export type RestoreNote = z.infer<typeof noteSchema>;

export function leaveRestoreNote(stateFolder: string, note: RestoreNote): void {
  const file = path.join(stateFolder, NAME);
  const partial = `${file}.${process.pid}`;
  fs.writeFileSync(partial, `${JSON.stringify(note)}\n`, { mode: 0o600, flush: true });
  fs.renameSync(partial, file);
}

/** The note, if there is one; it is gone once it was told. Told twice after a crash in between, never not at all. */
export function takeRestoreNote(stateFolder: string, tell: (note: RestoreNote) => void): void {
  const file = path.join(stateFolder, NAME);
  const note = readNote(file);
  if (note !== undefined) tell(note);
  fs.rmSync(file, { force: true });
}

function readNote(file: string): RestoreNote | undefined {
  try {
    const stat = fs.lstatSync(file);
    if (!stat.isFile() || stat.size > MAX_BYTES) return undefined;
    return noteSchema.safeParse(JSON.parse(fs.readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
