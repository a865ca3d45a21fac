// Builds the packages of a checkout into a folder. All that the bytes depend on: the checkout's files, the packages that its
// lock file names, and one point in time.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Archive, makeArchive } from './archive.ts';
import { directorPackage } from './director-package.ts';
import { thisPlatform } from './platform.ts';
import type { Progress } from './progress.ts';
import { megabytes } from './progress.ts';
import { realserverPackage } from './realserver-package.ts';

export interface BuildOptions {
  readonly checkout: string;
  /** Where the .deb files go. */
  readonly out: string;
  readonly time_s: number;
  readonly progress: Progress;
}

const MAINTAINER = 'Fairlead maintainers <maintainers@fairlead.example>';

export function buildPackages({ checkout, out, time_s, progress }: BuildOptions): Archive[] {
  const platform = thisPlatform(checkout, process.arch);
  const own = JSON.parse(fs.readFileSync(path.join(checkout, 'package.json'), 'utf8')) as { version: string };
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'fairlead-deb-'));
  try {
    const context = {
      checkout,
      platform,
      version: own.version,
      maintainer: MAINTAINER,
      time_s,
      scratch,
      progress,
    };
    const archives: Archive[] = [];
    const make = (name: string, architecture: string, parts: ReturnType<typeof directorPackage>) =>
      archives.push(
        progress.step(
          `pack ${name}`,
          () =>
            makeArchive(
              path.join(out, `${name}_${own.version}_${architecture}.deb`),
              parts.control,
              parts.entries,
              time_s,
            ),
          (archive) => `${parts.entries.length} files, ${megabytes(archive.bytes)}`,
        ),
      );
    make('fairlead', platform.debian, directorPackage(context));
    const realserver = realserverPackage(context);
    if (realserver !== undefined) make('fairlead-realserver', 'all', realserver);
    return archives;
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}
