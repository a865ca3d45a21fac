// A copy of what a package is made of, at another place: other times of files, other modes, packet programs compiled anew.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { productionModules } from '../../../packaging/deb/modules.ts';
import { thisPlatform } from '../../../packaging/deb/platform.ts';

const NEEDED = [
  ...['director', 'heartbeat', 'monitor', 'webui', 'packaging', 'docs'],
  ...['package.json', 'package-lock.json', 'CHANGELOG.md', 'LICENSE'],
];

export function copyCheckout(checkout: string, target: string): void {
  const platform = thisPlatform(checkout, process.arch);
  const modules = productionModules(checkout, platform.node).map((module) => module.folder);
  for (const name of [...NEEDED, ...modules, platform.runtime])
    fs.cpSync(path.join(checkout, name), path.join(target, name), { recursive: true });
  execFileSync('chmod', ['-R', 'go-rwx', target]);
  execFileSync('sh', ['director/bpf/build.sh'], { cwd: target, stdio: 'pipe' });
}
