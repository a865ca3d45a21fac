// Rules about files that no other tool knows. Gives one line of text per breach.

import type { Source } from './source.ts';

export const HOUSE_FILES = /\.(ts|c|h|sh)$/;
const MOST_LINES = 350;

/** What a line may not contain, and why. Written so that no pattern matches its own line here. */
const FORBIDDEN: readonly { pattern: RegExp; why: string; files: RegExp }[] = [
  { pattern: /\b(TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b/, why: 'finish it, or open an issue', files: /./ },
  {
    pattern: /@ts-[i](gnore|nocheck)|@ts-[e]xpect-error/,
    why: 'types are not silenced here',
    files: /\.ts$/,
  },
  { pattern: /\b(extends|new) Event[E]mitter\b/, why: 'use a callback or a bounded queue', files: /\.ts$/ },
  { pattern: /\b(it|test|describe)\.on[l]y\b/, why: 'a focused test hides the others', files: /\.test\.ts$/ },
];

export function checkHouseRules(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => [...lengthOf(source), ...headerOf(source), ...forbiddenIn(source)]);
}

function lengthOf({ path, text }: Source): string[] {
  const lines = text.split('\n').length - 1;
  return lines > MOST_LINES ? [`${path}: ${lines} lines, at most ${MOST_LINES}: split it by meaning`] : [];
}

/** The first line (after #! and a licence tag) is a comment that says what the file is; a test's name says enough. */
function headerOf({ path, text }: Source): string[] {
  if (path.endsWith('.test.ts')) return [];
  const first =
    text.split('\n').find((line) => line !== '' && !/^#!|SPDX-License-Identifier/.test(line)) ?? '';
  const comment = path.endsWith('.sh') ? /^#\s*\S/ : /^\/[/*]/;
  return comment.test(first) ? [] : [`${path}:1: begin with a comment: what it is, and what it guarantees`];
}

function forbiddenIn({ path, text }: Source): string[] {
  const rules = FORBIDDEN.filter((rule) => rule.files.test(path));
  return text.split('\n').flatMap((line, index) =>
    rules.flatMap(({ pattern, why }) => {
      const found = pattern.exec(line)?.[0];
      return found === undefined ? [] : [`${path}:${index + 1}: ${found}: ${why}`];
    }),
  );
}
