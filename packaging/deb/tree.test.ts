import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Entry, layOut, sorted } from './tree.ts';

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'fairlead-tree-'));
});
afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

const ENTRIES: readonly Entry[] = [
  { path: 'usr/sbin/b', executable: true, content: { text: '#!/bin/sh\n' } },
  { path: 'etc/empty', content: { folder: true } },
  { path: 'usr/share/a', content: { bytes: Buffer.alloc(1025) } },
];

describe('a tree that is laid out', () => {
  it('has the same modes and times whoever does it', () => {
    const before = process.umask(0o077);
    try {
      layOut(ENTRIES, root, 1_700_000_000);
    } finally {
      process.umask(before);
    }
    const seen = fs.readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => {
      const { mode, mtimeMs } = fs.statSync(path.join(root, name));
      return [name, (mode & 0o7777).toString(8), mtimeMs];
    });
    const time_ms = 1_700_000_000_000;
    expect(Object.fromEntries(seen.map(([name, ...rest]) => [name, rest]))).toEqual({
      etc: ['755', time_ms],
      'etc/empty': ['755', time_ms],
      usr: ['755', time_ms],
      'usr/sbin': ['755', time_ms],
      'usr/sbin/b': ['755', time_ms],
      'usr/share': ['755', time_ms],
      'usr/share/a': ['644', time_ms],
    });
  });

  it('tells its size as dpkg counts: files by whole KiB, a folder one', () =>
    expect(layOut(ENTRIES, root, 0)).toBe(2 + 1 + 5));

  it('is sorted by code units, and no path stands twice', () => {
    expect(sorted(ENTRIES).map((entry) => entry.path)).toEqual(['etc/empty', 'usr/sbin/b', 'usr/share/a']);
    expect(() => sorted([...ENTRIES, ENTRIES[0]!])).toThrow('usr/sbin/b is there twice');
  });
});
