// Compiled programs without their debugging symbols, which are a fifth of the runtime, and what they need of the system's
// libraries, as dpkg-shlibdeps reads it from them.
import fs from 'node:fs';
import path from 'node:path';
import { tool } from './tools.ts';

export function stripped(program: string, target: string): string {
  tool('strip', ['--strip-unneeded', '-o', target, program]);
  return target;
}

/** The packages with the libraries that these files are linked to, each with the version that has the symbols they use. */
export function libraryPackages(files: readonly string[], scratch: string): string[] {
  // It insists on a source package around it.
  const folder = path.join(scratch, 'shlibdeps');
  fs.mkdirSync(path.join(folder, 'debian'), { recursive: true });
  fs.writeFileSync(
    path.join(folder, 'debian/control'),
    'Source: fairlead\n\nPackage: fairlead\nArchitecture: any\nDescription: x\n',
  );
  const printed = tool('dpkg-shlibdeps', ['-O', ...files.map((file) => `-e${file}`)], { cwd: folder });
  return (/^shlibs:Depends=(.*)$/m.exec(printed)?.[1] ?? '').split(', ').filter((each) => each !== '');
}
