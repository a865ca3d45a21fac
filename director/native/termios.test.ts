// Serial lines, by pseudo-terminals: what goes through them comes out as it went in.
import { readSync, writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { openPseudoTerminal } from './pty.ts';
import { discardOutput, openSerialLine, pendingOutput_bytes } from './termios.ts';

const every = Uint8Array.from({ length: 256 }, (_, index) => index);

function readAll(fd: number, into: number[]): number[] {
  const bytes = new Uint8Array(1_000);
  try {
    into.push(...bytes.subarray(0, readSync(fd, bytes)));
  } catch {
    // Nothing there.
  }
  return into;
}

describe('a serial line', () => {
  it('changes no byte, in either direction', async () => {
    using terminal = openPseudoTerminal();
    using line = openSerialLine(terminal.path, 19_200);
    for (const [from, to] of [
      [line.fd, terminal.master.fd],
      [terminal.master.fd, line.fd],
    ] as const) {
      expect(writeSync(from, every)).toBe(256);
      const read: number[] = [];
      await eventually(() => readAll(to, read).length).toBe(256);
      expect(read).toEqual([...every]);
    }
  });

  it('does not wait for what has not come', () => {
    using terminal = openPseudoTerminal();
    using line = openSerialLine(terminal.path, 19_200);
    expect(() => readSync(line.fd, new Uint8Array(1))).toThrow(expect.objectContaining({ code: 'EAGAIN' }));
  });

  it.each([300, 19_200, 115_200, 1_234_567])('takes any speed: %d baud', (baud) => {
    using terminal = openPseudoTerminal();
    using line = openSerialLine(terminal.path, baud);
    expect(pendingOutput_bytes(line.fd)).toBe(0);
    discardOutput(line.fd);
  });

  it.each([
    ['errno-ENOTTY', '/dev/null'],
    ['errno-ENOENT', '/dev/no-such-line'],
  ])('is refused: %s', (code, path) => {
    expect(() => openSerialLine(path, 19_200)).toThrow(expect.objectContaining({ code }));
  });

  it('is for one at a time', () => {
    using terminal = openPseudoTerminal();
    using _line = openSerialLine(terminal.path, 19_200);
    expect(() => openSerialLine(terminal.path, 19_200)).toThrow(
      expect.objectContaining({ code: 'errno-EBUSY' }),
    );
  });
});
