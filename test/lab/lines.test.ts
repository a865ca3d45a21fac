import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readLines, writeLine } from './lines.ts';

async function read(pieces: readonly string[]): Promise<{ values: unknown[]; error: Error | undefined }> {
  const stream = new PassThrough();
  const values: unknown[] = [];
  const error = new Promise<Error | undefined>((resolve) =>
    readLines(stream, (value) => values.push(value), resolve),
  );
  for (const piece of pieces) stream.write(piece);
  stream.end();
  return { values, error: await error };
}

describe('JSON lines', () => {
  it('arrive whole, however the stream was cut', async () => {
    expect(await read(['{"a":', '1}\n{"b"', ':2}\n\n', '3\n'])).toEqual({
      values: [{ a: 1 }, { b: 2 }, 3],
      error: undefined,
    });
  });

  it('end with an error at one that is not JSON, and nothing is read after it', async () => {
    const { values, error } = await read(['1\nnonsense\n2\n']);
    expect(values).toEqual([1]);
    expect(error?.message).toBe('not JSON: nonsense');
  });

  it('end with an error at one that never ends', async () => {
    const { values, error } = await read(Array.from({ length: 5 }, () => 'x'.repeat(1 << 20)));
    expect(values).toEqual([]);
    expect(error?.message).toBe('a line is too long');
  });

  it('are not written to a stream that has ended', () => {
    const stream = new PassThrough();
    stream.end();
    expect(() => writeLine(stream, {})).not.toThrow();
  });
});
