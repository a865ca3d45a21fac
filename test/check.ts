// The static checks: `node test/check.ts`. All of them run, whatever the others say; exit status 0 only if all are clean.

import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { checkArrows } from './check/arrows.ts';
import { checkHouseRules, HOUSE_FILES } from './check/house-rules.ts';
import { readSources } from './check/source.ts';
import { refuseOldNode } from './run/runtime.ts';

type Result = { clean: boolean; output: string };
type Check = { name: string; run(): Result };

const root = resolve(import.meta.dirname, '..');

function tool(command: string, ...args: string[]): Result {
  const done = spawnSync(resolve(root, 'node_modules/.bin', command), args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 2 ** 20,
  });
  const output = `${done.stdout ?? ''}${done.stderr ?? ''}${done.error === undefined ? '' : done.error.message}`;
  return { clean: done.status === 0, output };
}

function breaches(lines: readonly string[]): Result {
  return { clean: lines.length === 0, output: lines.join('\n') };
}

const CHECKS: readonly Check[] = [
  { name: 'format and lint (biome)', run: () => tool('biome', 'check', '--max-diagnostics=50') },
  { name: 'types (tsc)', run: () => tool('tsc', '--project', '.') },
  { name: 'types for browsers (tsc)', run: () => tool('tsc', '--project', 'webui/public') },
  { name: 'dead code (knip)', run: () => tool('knip', '--no-progress') },
  { name: 'arrows between rooms', run: () => breaches(checkArrows(readSources(root, /\.ts$/))) },
  { name: 'house rules', run: () => breaches(checkHouseRules(readSources(root, HOUSE_FILES))) },
];

refuseOldNode('npm run check');
const failed: string[] = [];
for (const check of CHECKS) {
  const result = check.run();
  console.log(`== ${check.name}: ${result.clean ? 'clean' : 'NOT CLEAN'}`);
  if (result.clean) continue;
  failed.push(check.name);
  console.log(`${result.output.trim()}\n`);
}
console.log(failed.length === 0 ? 'all checks clean' : `not clean: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
