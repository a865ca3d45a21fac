// The serial line between two directors, a null modem between pseudo terminals. Each director finds its own end at the
// same path, since the configuration, which both share, names one device.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Namespaces } from '../../support/netns.ts';
import { type Program, startProgram } from '../program.ts';
import type { DirectorName } from '../topology.ts';
import { within } from '../wait.ts';
import type { SerialCommand, SerialReady } from './main.ts';

const START_MS = 10_000;

export interface LabSerial {
  /** Where every director finds its end. */
  readonly path: string;
  readonly ends: Readonly<Record<DirectorName, string>>;
  /** Silence both ways, until disposed. */
  cut(): Disposable;
}

export async function startSerial(set: Namespaces, folder: string): Promise<LabSerial> {
  const path = join(folder, 'line');
  writeFileSync(path, ''); // a place for each director to mount its end on
  let program: Program | undefined;
  const ready = new Promise<SerialReady>((resolve, reject) => {
    program = startProgram(set, {
      namespace: set.get('switch'),
      node: [join(import.meta.dirname, 'main.ts')],
      signalAtParentDeath: 'KILL',
      urgent: true,
      line: (value) => resolve(value as SerialReady),
    });
    void program.ended.then(({ complaint }) => reject(new Error(`the serial line ended: ${complaint}`)));
  });
  const { a, b } = await within('the serial line', START_MS, ready);
  const tell = (command: SerialCommand): void => program?.send(command);
  return {
    path,
    ends: { lb1: a, lb2: b },
    cut() {
      tell({ cut: true });
      return { [Symbol.dispose]: () => tell({ cut: false }) };
    },
  };
}
