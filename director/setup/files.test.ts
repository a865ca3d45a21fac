import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configurationFile, installFiles, keyFile, nodeFile } from './files.ts';

let folder: string;
beforeEach(() => {
  folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'fl-files-')), 'etc');
});
afterEach(() => fs.rmSync(path.dirname(folder), { recursive: true, force: true }));

const files = (word: string) => [
  keyFile('heartbeat.key', `${word}-key\n`),
  nodeFile(word),
  configurationFile(`cluster: ${word}\n`),
];
const read = (name: string): string => fs.readFileSync(path.join(folder, name), 'utf8');
const names = (): string[] => fs.readdirSync(folder).sort();

describe('installFiles', () => {
  it('writes all of them, the key for its owner alone, whatever the umask', () => {
    const before = process.umask(0o077);
    try {
      installFiles(folder, files('one'), false);
    } finally {
      process.umask(before);
    }
    expect(names()).toEqual(['fairlead.yaml', 'heartbeat.key', 'node']);
    expect(read('node')).toBe('FAIRLEAD_NODE=one\n');
    const mode = (name: string): number => fs.statSync(path.join(folder, name)).mode & 0o777;
    expect([mode('heartbeat.key'), mode('fairlead.yaml'), mode('node')]).toEqual([0o600, 0o644, 0o644]);
  });

  it('never writes over a configuration, unless it is forced, and then keeps the former one', () => {
    installFiles(folder, files('one'), false);
    expect(() => installFiles(folder, files('two'), false)).toThrow('is there already');
    expect(read('fairlead.yaml')).toBe('cluster: one\n');
    installFiles(folder, files('two'), true);
    installFiles(folder, files('three'), true);
    expect([read('fairlead.yaml'), read('fairlead.yaml.bak')]).toEqual([
      'cluster: three\n',
      'cluster: two\n',
    ]);
    expect(fs.statSync(path.join(folder, 'heartbeat.key.bak')).mode & 0o777).toBe(0o600);
  });

  it('leaves everything as it was when one cannot be written', () => {
    installFiles(folder, files('one'), false);
    fs.rmSync(path.join(folder, 'fairlead.yaml'));
    fs.mkdirSync(path.join(folder, 'fairlead.yaml')); // comes last, and cannot be replaced
    expect(() => installFiles(folder, files('two'), true)).toThrow(
      expect.objectContaining({ code: 'not-written', remedy: expect.any(String) }),
    );
    expect([read('node'), read('heartbeat.key')]).toEqual(['FAIRLEAD_NODE=one\n', 'one-key\n']);
    expect(names()).toEqual(['fairlead.yaml', 'heartbeat.key', 'node']);
  });

  it('does not take a key for its own that came meanwhile', () => {
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, 'heartbeat.key'), 'another one');
    expect(() => installFiles(folder, files('one'), false)).toThrow(
      expect.objectContaining({ code: 'already-configured' }),
    );
    expect(names()).toEqual(['heartbeat.key']);
    expect(read('heartbeat.key')).toBe('another one');
  });

  it('tells what is in the way where there cannot be a folder', () => {
    fs.writeFileSync(folder, '');
    expect(() => installFiles(folder, files('one'), false)).toThrow(
      expect.objectContaining({ code: 'not-written' }),
    );
  });
});
