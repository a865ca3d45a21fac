import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT, FairleadError } from '../model/error.ts';
import { readConfigurationFile } from './file.ts';
import type { ConfigurationError } from './problem.ts';

const GOOD = 'cluster: a\ndirectors: { b: { address: 10.0.0.1 } }\n';
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(content: string | Uint8Array): string {
  const path = join(folder, 'web.yaml');
  writeFileSync(path, content);
  return path;
}

/** What is told, without the path. */
function refusal(path: string): string {
  try {
    readConfigurationFile(path);
  } catch (error) {
    expect(error).toBeInstanceOf(FairleadError);
    expect(error).toMatchObject({ code: 'bad-configuration', exit: EXIT.usage });
    expect((error as ConfigurationError).message).not.toMatch(/\n/);
    return (error as ConfigurationError).message.slice(path.length);
  }
  throw new Error('was not refused');
}

describe('readConfigurationFile', () => {
  it('gives the configuration, its warnings and its text', () => {
    const file = readConfigurationFile(write(`${GOOD}services: { c: { listen: tcp://10.0.0.9:80 } }`));
    expect(file.configuration.services[0]?.name).toBe('c');
    expect(file.warnings).toHaveLength(3);
    expect(file.text).toMatch(/^cluster: a\n/);
  });

  it('reads through a symbolic link and leaves out a byte order mark', () => {
    const link = join(folder, 'link.yaml');
    symlinkSync(write(`\ufeff${GOOD}`), link);
    expect(readConfigurationFile(link).text).toBe(GOOD);
  });

  it('carries every problem of a bad file', () => {
    const path = write('cluster: 1\ndirectors: 2\n');
    expect(() => readConfigurationFile(path)).toThrow(
      expect.objectContaining({
        exit: EXIT.usage,
        message: [
          `${path}:1:10: cluster: expected a name (write it in quotes)`,
          `${path}:2:12: directors must be a mapping, not 2 (write \`key: value\` lines, or { key: value, … })`,
        ].join('\n'),
        problems: [
          expect.objectContaining({ file: path, line: 1, column: 10, code: 'bad-name' }),
          expect.objectContaining({ file: path, line: 2, column: 12, code: 'not-a-mapping' }),
        ],
      }),
    );
  });

  it.each([
    [
      'is empty',
      '',
      ':1:1: the configuration is empty (begin with `cluster:`, `directors:` and `services:`)',
    ],
    [
      'is not UTF-8',
      Buffer.from('a: b\nc: \xe9\n', 'latin1'),
      ':2:4: this is not UTF-8 text (save the file as UTF-8)',
    ],
    [
      'is cut off inside a character',
      Buffer.from('a: é').subarray(0, 4),
      ':1:4: this is not UTF-8 text (save the file as UTF-8)',
    ],
    [
      'is a program',
      Buffer.from('\x7fELF\x01\x01\0'),
      ':1:1: character U+007F does not belong in a text file (is this a YAML file?)',
    ],
  ])('refuses a file that %s', (_, content, message) => expect(refusal(write(content))).toBe(message));

  it('refuses a file of 100 MB unread', () => {
    const path = write('');
    truncateSync(path, 100_000_000);
    expect(refusal(path)).toBe(': the file is larger than the limit of 4 MiB');
  });

  it('refuses what is not there', () => {
    expect(refusal(join(folder, 'none'))).toBe(': the file cannot be opened: it does not exist');
    expect(refusal(`${write(GOOD)}/x`)).toBe(
      ': the file cannot be opened: a part of its path is not a directory',
    );
    expect(refusal(join(folder, 'x'.repeat(300)))).toBe(': the file cannot be opened: the path is too long');
    expect(refusal('a\0b')).toBe(': the file cannot be opened: the path holds a null byte');
  });

  it('refuses a directory', () => {
    const path = join(folder, 'directory');
    mkdirSync(path);
    expect(refusal(path)).toBe(': this is a directory, not a file');
  });

  it('refuses a pipe that nobody writes to, without waiting', () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    expect(refusal(path)).toBe(': this is a device, pipe or socket, not a file');
  });

  it('refuses a socket', async () => {
    const path = join(folder, 'socket');
    await using server = createServer();
    await new Promise<void>((done) => server.listen(path, done));
    expect(refusal(path)).toBe(': the file cannot be opened: it is a socket or a device without a driver');
  });

  it.each(['/dev/zero', '/dev/null'])('refuses %s', (path) =>
    expect(refusal(path)).toBe(': this is a device, pipe or socket, not a file'),
  );

  it('refuses a file that says it is empty and goes on and on', () => {
    // The kernel's own files have no size; this one is long enough on every machine to be no configuration.
    expect(refusal('/proc/kallsyms')).toMatch(/^: the file (is larger than|cannot be opened)|^:\d+:\d+: /);
  });
});
