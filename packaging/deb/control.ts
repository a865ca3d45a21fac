// Control fields from their template in packaging/debian, with what only the build knows.
import { FairleadError } from '../../director/model/error.ts';

export type Fields = Readonly<Record<string, string>>;

/** Lines "Name: value"; lines that begin with a space go on with the field before. */
export function readFields(template: string): Fields {
  const fields: Record<string, string> = {};
  let last: string | undefined;
  for (const line of template.trimEnd().split('\n')) {
    const field = /^([A-Z][\w-]*): (.*)$/.exec(line);
    if (field !== null) {
      last = field[1]!;
      fields[last] = field[2]!;
    } else if (line.startsWith(' ') && last !== undefined) fields[last] += `\n${line}`;
    else throw new FairleadError('deb-control', `Not a line of a control file: ${JSON.stringify(line)}.`);
  }
  return fields;
}

/** In the order in which dpkg's own tools write them. */
export function fieldsOf(
  template: string,
  about: {
    readonly version: string;
    readonly architecture: string;
    readonly maintainer: string;
    readonly depends: readonly string[];
  },
): Fields {
  const { Package: name = '', Depends: depends, ...rest } = readFields(template);
  const all = [...about.depends, ...(depends === undefined ? [] : depends.split(', '))];
  return {
    Package: name,
    Version: about.version,
    Architecture: about.architecture,
    Maintainer: about.maintainer,
    ...(all.length > 0 ? { Depends: [...new Set(all)].join(', ') } : {}),
    ...rest,
  };
}
