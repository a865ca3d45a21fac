import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { inPlace } from './watch.ts';

it('what is shown in place fits on the screen and leaves nothing of what was there before', () => {
  const shown = (text: string, rows: number): string[] =>
    stripVTControlCharacters(inPlace(text, rows)).trimEnd().split('\n');
  expect(shown('a\nb\n', 24)).toEqual(['a', 'b']);
  expect(shown('a\nb\nc\nd\n', 4)).toEqual(['a', 'b', '… 2 more lines']);
  expect(shown('a\nb\n', 1)).toEqual(['… 2 more lines']);
  expect(inPlace('a\nb\n', 24)).toContain('a\x1b[K\nb\x1b[K\n\x1b[J');
});
