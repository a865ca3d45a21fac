// The package under test: the file that FAIRLEAD_DEB names, else built now, from this checkout.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { FairleadError } from '../../director/model/error.ts';

const ROOT = join(import.meta.dirname, '../..');
const BUILD_MS = 300_000;
const run = promisify(execFile);

export async function providePackage(progress: (line: string) => void): Promise<string> {
  const named = process.env.FAIRLEAD_DEB;
  if (named !== undefined) {
    if (existsSync(named)) return named;
    throw new FairleadError('package-missing', `FAIRLEAD_DEB names ${named}, which is not there`);
  }
  progress('building the package');
  await run(process.execPath, ['packaging/deb/main.ts'], { cwd: ROOT, timeout: BUILD_MS });
  const dist = join(ROOT, 'dist');
  const found = readdirSync(dist).find((name) => /^fairlead_.*\.deb$/.test(name));
  if (found === undefined) throw new FairleadError('package-missing', `no fairlead_*.deb in ${dist}`);
  return join(dist, found);
}

/** The same package under a higher version number, as the next release would be; gone when disposed of. */
export async function repack(deb: string, suffix: string): Promise<Disposable & { readonly path: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-repack-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const tree = join(folder, 'tree');
    const path = join(folder, basename(deb).replace(/_([^_]+)_/, `_$1${suffix}_`));
    await run('dpkg-deb', ['-R', deb, tree]);
    await run('sed', ['-i', `s/^Version: .*/&${suffix}/`, join(tree, 'DEBIAN/control')]);
    // Quick rather than small.
    await run('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '-b', tree, path]);
    rmSync(tree, { recursive: true });
    return { path, [Symbol.dispose]: remove };
  } catch (error) {
    remove();
    throw error;
  }
}

export function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 12);
}
