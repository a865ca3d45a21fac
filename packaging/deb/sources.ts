// Which of the project's own files go into the package: the four rooms without tests, their support, benches and what only
// the build needs. What these files name must be among them; a program that lacks a file would be found out in the field.
import fs from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { FairleadError } from '../../director/model/error.ts';
import { importsOf, packageOf, targetOf } from '../../test/check/source.ts';

const ROOMS = ['director', 'heartbeat', 'monitor', 'webui'] as const;
const LEFT_OUT = [
  /\.test\.ts$/,
  /(^|\/)support\//,
  /(^|\/)bench\.ts$/,
  /^director\/bpf\//, // compiled: build/bpf
  /^director\/control\/openapi\/main\.ts$/,
  /(^|\/)tsconfig\.json$/,
  /(^|\/)\./,
];
const KNOWN = /\.(ts|css|svg)$/;
/** A worker or a process that is started by its file. */
const BESIDE = /new URL\(\s*'([^']+\.ts)',\s*import\.meta\.url/g;

/** Paths relative to the checkout, sorted. */
export function sourceFiles(checkout: string): string[] {
  const files = ROOMS.flatMap((room) => filesBelow(checkout, room)).filter(
    (file) => !LEFT_OUT.some((pattern) => pattern.test(file)),
  );
  const strange = files.find((file) => !KNOWN.test(file));
  if (strange !== undefined)
    throw new FairleadError('deb-strange-file', `${strange} is of a kind that the package does not know.`, {
      remedy: 'Remove it, or give its kind a place in packaging/deb/sources.ts.',
    });
  return files.sort();
}

/** Every file below a folder of the checkout; symbolic links are not followed. */
export function filesBelow(checkout: string, folder: string): string[] {
  return fs
    .readdirSync(path.join(checkout, folder), { withFileTypes: true, recursive: true })
    .filter((item) => item.isFile())
    .map((item) => path.relative(checkout, path.join(item.parentPath, item.name)));
}

/** Throws unless everything that the files import or start is one of them, or a package that goes along. */
export function refuseLooseEnds(
  checkout: string,
  files: readonly string[],
  packages: ReadonlySet<string>,
): void {
  const known = new Set(files);
  const loose = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = fs.readFileSync(path.join(checkout, file), 'utf8');
      const named = [
        ...importsOf(text).map((each) => each.specifier),
        ...[...text.matchAll(BESIDE)].map((match) => `./${match[1]}`),
      ];
      return named.filter((name) => !isThere(file, name, known, packages)).map((name) => `${file}: ${name}`);
    });
  if (loose.length > 0)
    throw new FairleadError('deb-loose-ends', `The package would lack what it needs:\n${loose.join('\n')}`, {
      remedy: 'Tests and their support stay outside; what a program needs belongs beside it.',
    });
}

function isThere(
  file: string,
  name: string,
  files: ReadonlySet<string>,
  packages: ReadonlySet<string>,
): boolean {
  const target = targetOf(file, name);
  if (target !== undefined) return files.has(target);
  return name.startsWith('node:') || builtinModules.includes(name) || packages.has(packageOf(name));
}
