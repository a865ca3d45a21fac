// The file of what was dealt with: whole or not at all, the newest last, and a disk that refuses costs nothing else.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { scratchFile } from '../../monitor/support/servers.ts';
import { STATE_FILE, StateFile } from './state-file.ts';

let folder: string;
let scratch: ReturnType<typeof scratchFile>;
beforeEach(() => {
  scratch = scratchFile(STATE_FILE);
  folder = path.dirname(scratch.path);
});
afterEach(() => scratch[Symbol.dispose]());

it('keeps the newest of what was to be kept, for its owner alone', async () => {
  const file = new StateFile(folder);
  expect(file.read()).toBeUndefined();
  const writes = [1, 2, 3].map((n) => file.save(() => ({ now: 0, n })));
  await Promise.all(writes);
  expect(new StateFile(folder).read()).toEqual({ now: 0, n: 3 });
  expect(fs.statSync(scratch.path).mode & 0o777).toBe(0o600);
  expect(fs.readdirSync(folder)).toEqual([STATE_FILE]);
});

it('does not write what differs in time alone', async () => {
  const file = new StateFile(folder);
  await file.save(() => ({ now: 1, n: 1 }));
  await file.save(() => ({ now: 2, n: 1 }));
  expect(file.read()).toEqual({ now: 1, n: 1 });
  await file.save(() => ({ now: 3, n: 2 }));
  expect(file.read()).toEqual({ now: 3, n: 2 });
});

it('settles and tells why when it cannot write, and leaves what was there', async () => {
  const file = new StateFile(folder);
  await file.save(() => ({ now: 1, n: 1 }));
  fs.mkdirSync(`${scratch.path}.new`);
  await file.save(() => ({ now: 2, n: 2 }));
  expect(file.failure).toMatch(/EISDIR/);
  expect(file.read()).toEqual({ now: 1, n: 1 });
  fs.rmdirSync(`${scratch.path}.new`);
  await file.save(() => ({ now: 3, n: 3 }));
  expect(file.failure).toBeUndefined();
});

it('a full disk is told and costs nothing else', async () => {
  const file = new StateFile(folder);
  fs.symlinkSync('/dev/full', `${scratch.path}.new`);
  await file.save(() => ({ now: 1, n: 1 }));
  expect(file.failure).toMatch(/ENOSPC/);
});

it.each(['', '{', '[1', '\0\0', '"x"'])('takes %j for what it is', (text) => {
  fs.writeFileSync(scratch.path, text);
  expect(new StateFile(folder).read()).toBe(text === '"x"' ? 'x' : undefined);
});
