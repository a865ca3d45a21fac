// For which processors there is a package: Debian's word for each, and Node's, after which npm's packages are called.
import fs from 'node:fs';
import path from 'node:path';
import { FairleadError } from '../../director/model/error.ts';

export interface Platform {
  readonly debian: 'amd64' | 'arm64';
  readonly node: 'x64' | 'arm64';
  /** Of the npm package with the runtime, relative to the checkout. */
  readonly runtime: string;
}

/** The machine that builds; add-ons and runtime are those that npm installed for it. */
export function thisPlatform(checkout: string, arch: string): Platform {
  if (arch !== 'x64' && arch !== 'arm64')
    throw new FairleadError('deb-platform', `There is no package for ${arch}.`, {
      remedy: 'Build on an x86_64 or aarch64 machine.',
    });
  const runtime = `node_modules/node-linux-${arch}`;
  if (!fs.existsSync(path.join(checkout, runtime, 'bin/node')))
    throw new FairleadError('deb-runtime-missing', `${runtime} is not installed.`, {
      remedy: 'Run packaging/setup.sh.',
    });
  return { debian: arch === 'x64' ? 'amd64' : 'arm64', node: arch, runtime };
}
