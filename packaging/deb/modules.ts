// The npm packages that go along: what package-lock.json says production needs, on this platform, and of each only what
// runs. Sources, types, tests, maps and texts stay behind; licences are gathered for the copyright file.
import fs from 'node:fs';
import path from 'node:path';
import { FairleadError } from '../../director/model/error.ts';
import { filesBelow } from './sources.ts';

export interface Module {
  readonly name: string;
  readonly version: string;
  /** As package.json says it: MIT, ISC. */
  readonly license: string;
  /** Relative to the checkout. */
  readonly folder: string;
  /** Those that go into the package, relative to the checkout. */
  readonly files: readonly string[];
}

interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type Lock = { readonly packages: Readonly<Record<string, Locked>> };

/** Not needed where the add-on was compiled by others, or the package is the runtime itself. */
const NOT_NEEDED = /^(node-addon-api|node-linux-\w+)$/;
const RUNS = /\.(js|cjs|mjs|json|node|css)$/;
const FOLDERS_BESIDE = /^(test|tests|doc|docs|example|examples|benchmarks|fixtures|scripts|types|\.\w+)\//;
const FILES_BESIDE =
  /^([\w.-]+\.config\.m?js|tsconfig\.json|(tests?|bench|benchmark|example|test-core-js)\.js)$/;

/** Of some packages, what the two patterns above do not know. `machine` is Node's word for the processor: x64, arm64. */
function besideOf(name: string, machine: string): RegExp | undefined {
  const beside: Readonly<Record<string, RegExp>> = {
    'better-sqlite3': new RegExp(
      `^(deps/|prebuilds/(?!linux-${machine}\\.node$)|lib/(linux|darwin|win32)\\w*-)`,
    ),
    koffi: /^(cnoke\.cjs|vendor\/|lib\/|src\/koffi\/src\/trampolines\.cjs)/,
    diff: /^dist\//,
    'ipaddr.js': /^ipaddr\.min\.js$/,
    pino: /^(bin\.js|browser\.js|build\/)/,
    uplot: /^dist\/(?!uPlot\.(esm\.js|min\.css)$)/,
    yaml: /^(browser\/|bin\.mjs)/,
    'iconv-lite': /^types\//,
  };
  return name.startsWith('@koromix/') ? /^musl_/ : beside[name];
}

export function productionModules(checkout: string, machine: string): Module[] {
  const lock = JSON.parse(fs.readFileSync(path.join(checkout, 'package-lock.json'), 'utf8')) as Lock;
  return closureOf(lock, machine).map((folder) => {
    const locked = lock.packages[folder]!;
    if (!fs.existsSync(path.join(checkout, folder, 'package.json')))
      throw new FairleadError('deb-module-missing', `${folder} is not installed.`, {
        remedy: 'Run packaging/setup.sh.',
      });
    const name = nameOf(folder);
    return {
      name,
      version: locked.version,
      license: locked.license ?? 'unknown',
      folder,
      files: filesThatRun(checkout, folder, besideOf(name, machine)),
    };
  });
}

/** Folders of all packages that the dependencies of the root lead to, sorted. */
function closureOf(lock: Lock, machine: string): string[] {
  const found = new Set<string>();
  const visit = (name: string, from: string, optional: boolean): void => {
    if (NOT_NEEDED.test(name) || !isForPlatform(name, machine)) return;
    const folder = placeOf(lock, name, from);
    if (folder === undefined) {
      if (optional) return;
      throw new FairleadError(
        'deb-lock-incomplete',
        `package-lock.json lacks ${name}, which ${from || 'the project'} needs.`,
      );
    }
    if (found.has(folder)) return;
    found.add(folder);
    const { dependencies = {}, optionalDependencies = {} } = lock.packages[folder]!;
    for (const each of Object.keys(dependencies)) visit(each, folder, each in optionalDependencies);
    for (const each of Object.keys(optionalDependencies)) visit(each, folder, true);
  };
  for (const name of Object.keys(lock.packages['']?.dependencies ?? {})) visit(name, '', false);
  return [...found].sort();
}

function isForPlatform(name: string, machine: string): boolean {
  return !name.startsWith('@koromix/koffi-') || name === `@koromix/koffi-linux-${machine}`;
}

/** As Node looks for it: in the package's own node_modules, then further up. */
function placeOf(lock: Lock, name: string, from: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    const folder = path.posix.join(at, 'node_modules', name);
    if (folder in lock.packages) return folder;
    if (at === '') return undefined;
  }
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function filesThatRun(checkout: string, folder: string, beside: RegExp | undefined): string[] {
  return filesBelow(checkout, folder).filter((file) => {
    const inside = file.slice(folder.length + 1);
    if (inside.startsWith('node_modules/')) return false; // an entry of its own
    if (!RUNS.test(inside) || FOLDERS_BESIDE.test(inside) || FILES_BESIDE.test(inside)) return false;
    return beside === undefined || !beside.test(inside);
  });
}
