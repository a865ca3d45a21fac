// Waking when a descriptor can be read, with a named pipe.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { onReadable } from './readable.ts';

let folder: string;
let fd: number;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-readable-'));
  const pipe = path.join(folder, 'pipe');
  expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
  fd = fs.openSync(pipe, fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
});

afterEach(() => {
  fs.closeSync(fd);
  fs.rmSync(folder, { recursive: true });
});

const read = (): string => {
  const bytes = Buffer.alloc(64);
  return bytes.toString('utf8', 0, fs.readSync(fd, bytes));
};

describe('a descriptor that is watched', () => {
  it('wakes for each thing that comes', async () => {
    let come = Promise.withResolvers<string>();
    using _ = onReadable(fd, () => come.resolve(read()));
    for (const text of ['first', 'second']) {
      fs.writeSync(fd, text);
      expect(await come.promise).toBe(text);
      come = Promise.withResolvers();
    }
  });

  it('wakes no more once it is disposed of, not even for what has come already', async () => {
    let woken = 0;
    const other = Promise.withResolvers<void>();
    const wakes = onReadable(fd, () => {
      woken++;
      wakes[Symbol.dispose](); // what is left unread would wake it again
    });
    fs.writeSync(fd, 'text');
    setTimeout(other.resolve, 50);
    await other.promise;
    expect(woken).toBe(1);
  });

  // In a process that has nothing else to do: any other event would carry the promise on as well.
  it('lets promises go on at once', () => {
    const script = `
      import fs from 'node:fs';
      import { onReadable } from ${JSON.stringify(new URL('./readable.ts', import.meta.url).href)};
      const fd = fs.openSync(${JSON.stringify(path.join(folder, 'pipe'))}, fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
      setTimeout(() => process.exit(1), 5_000);
      const wakes = onReadable(fd, () => { fs.readSync(fd, Buffer.alloc(64)); come.resolve(); });
      const come = Promise.withResolvers();
      fs.writeSync(fd, 'text');
      await come.promise;
      process.exit(0);`;
    const done = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(done.stderr).toBe('');
    expect(done.status).toBe(0);
  });
});
