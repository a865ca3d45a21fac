// The serial line as a process of its own, so that what else the lab does delays no byte. Says where its ends are, and is
// cut and mended by JSON lines. The end of stdin ends it.
import { startSerialLine } from '../../support/serial-line.ts';
import { readLines, writeLine } from '../lines.ts';

const BAUD = 115_200;

export interface SerialCommand {
  readonly cut: boolean;
}

export interface SerialReady {
  readonly a: string;
  readonly b: string;
}

const line = startSerialLine({ baud: BAUD });
process.stdout.on('error', () => process.exit(0)); // nobody listens any more
readLines(
  process.stdin,
  (value) => {
    line.faults.cut = (value as SerialCommand).cut;
  },
  () => {
    line[Symbol.dispose]();
    process.exit(0);
  },
);
writeLine(process.stdout, { a: line.a, b: line.b } satisfies SerialReady);
