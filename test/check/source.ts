// The project's files, and what a TypeScript file imports, with line numbers.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

export type Source = { path: string; text: string };
export type Import = { specifier: string; line: number };

/** All files that are or could be committed, below `root`. */
function listFiles(root: string): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const names = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\0');
  return names.filter((name) => name !== '' && existsSync(posix.join(root, name))).sort();
}

export function readSources(root: string, endings: RegExp): Source[] {
  return listFiles(root)
    .filter((path) => endings.test(path))
    .map((path) => ({ path, text: readFileSync(posix.join(root, path), 'utf8') }));
}

const STATEMENT = /^[ \t]*(?:import|export)\b(?:[^'";]*?\bfrom)?\s*(['"])([^'"\n]+)\1/gm;
const CALL = /\bimport\(\s*(['"])([^'"\n]+)\1/g;

/** Imports and re-exports of a file, types included: knowing a type of a room is knowing the room. */
export function importsOf(text: string): Import[] {
  const code = blankComments(text);
  return [...code.matchAll(STATEMENT), ...code.matchAll(CALL)].map((match) => ({
    specifier: match[2]!,
    line: code.slice(0, match.index).split('\n').length + match[0].split('\n').length - 1,
  }));
}

/** Comments turned into spaces, line by line, so that line numbers stay. Strings are stepped over, not looked into. */
export function blankComments(text: string): string {
  const token = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return text.replace(token, (found) => (found.startsWith('/') ? found.replace(/[^\n]/g, ' ') : found));
}

/** The project's own file that a relative import leads to, or undefined for packages and Node's modules. */
export function targetOf(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(from), specifier)) : undefined;
}

/** `node:fs/promises` -> `node:fs`, `@scope/name/deep` -> `@scope/name`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
