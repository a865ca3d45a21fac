// The serial line between two directors, a null modem between pseudo terminals. Each director finds its own end at the
// same path, since the configuration, which both share, names one device.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DirectorName } from './topology.ts';

export interface LabSerial {
  /** Where every director finds its end. */
  readonly path: string;
  readonly ends: Readonly<Record<DirectorName, string>>;
  /** Silence both ways, until disposed. */
  cut(): Disposable;
}

/** Undefined while nobody can lay a line. */
export async function startSerial(folder: string): Promise<LabSerial | undefined> {
  const path = join(folder, 'line');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, '');
  return undefined;
}
