// The package fairlead-realserver: one script and its unit, for machines that do the work. No runtime, no dependency on the director.
import fs from 'node:fs';
import path from 'node:path';
import type { Control } from './archive.ts';
import { debianChangelog } from './changelog.ts';
import { fieldsOf } from './control.ts';
import { type BuildContext, packed } from './director-package.ts';
import type { Entry } from './tree.ts';

const NAME = 'fairlead-realserver';

/** Undefined where the checkout has no such script. */
export function realserverPackage(context: BuildContext): { control: Control; entries: Entry[] } | undefined {
  const folder = path.join(context.checkout, 'packaging/realserver');
  if (!fs.existsSync(path.join(folder, NAME))) return undefined;
  const data = (name: string) =>
    fs.readFileSync(path.join(context.checkout, 'packaging/debian', name), 'utf8');
  const changelog = debianChangelog(fs.readFileSync(path.join(context.checkout, 'CHANGELOG.md'), 'utf8'), {
    name: NAME,
    ...context,
  });
  return {
    entries: [
      { path: `usr/sbin/${NAME}`, executable: true, content: { copyOf: path.join(folder, NAME) } },
      {
        path: `lib/systemd/system/${NAME}.service`,
        content: { copyOf: path.join(folder, `${NAME}.service`) },
      },
      ...manualPage(path.join(folder, `${NAME}.8`)),
      { path: `usr/share/doc/${NAME}/copyright`, content: { text: data(`${NAME}.copyright`) } },
      { path: `usr/share/doc/${NAME}/changelog.gz`, content: { bytes: packed(changelog) } },
    ],
    control: {
      fields: fieldsOf(data(`${NAME}.control`), { ...context, architecture: 'all', depends: [] }),
      conffiles: [],
      scripts: Object.fromEntries(
        ['postinst', 'prerm', 'postrm'].map((name) => [name, data(`${NAME}.${name}.sh`)]),
      ),
    },
  };
}

/** None in a checkout that has not written it yet: lintian says so. */
function manualPage(file: string): Entry[] {
  if (!fs.existsSync(file)) return [];
  const bytes = packed(fs.readFileSync(file, 'utf8'));
  return [{ path: `usr/share/man/man8/${NAME}.8.gz`, content: { bytes } }];
}
