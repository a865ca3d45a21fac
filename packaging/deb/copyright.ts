// /usr/share/doc/fairlead/copyright in Debian's machine-readable form (DEP-5): the project, the runtime with everything that
// it is made of, and every npm package that goes along. A package whose licence cannot be found stops the build.
import fs from 'node:fs';
import path from 'node:path';
import { FairleadError } from '../../director/model/error.ts';
import type { Module } from './modules.ts';

const LICENCE_FILE = /^licen[cs]e(\.\w+)?$/i;
const INSTALLED = 'usr/lib/fairlead';

interface Stanza {
  readonly files: readonly string[];
  readonly holders: readonly string[];
  readonly license: string;
  /** The licence without its lines about holders. */
  readonly text: string;
}

export function copyrightFile(checkout: string, modules: readonly Module[], runtime: string): string {
  const stanzas = modules.map((module) => stanzaOf(checkout, module));
  const names = nameTexts(stanzas);
  return [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n' +
      'Upstream-Name: fairlead\n' +
      'Comment: The package carries its own runtime and libraries, each listed below.\n',
    `Files: *\nCopyright: the Fairlead authors\nLicense: Apache-2.0\n`,
    // The packet programs may be loaded under either.
    `Files: ${INSTALLED}/build/bpf/*\nCopyright: the Fairlead authors\nLicense: BSD-2-Clause or GPL-2\n`,
    `Files: ${INSTALLED}/bin/node\nCopyright: Node.js contributors, Joyent, Inc. and those named in the licence\n` +
      `License: Node.js\n`,
    ...stanzas.map(
      (stanza) =>
        `Files: ${stanza.files.join('\n       ')}\nCopyright: ${stanza.holders.join('\n           ')}\n` +
        `License: ${names.get(stanza.text)}\n`,
    ),
    'License: Apache-2.0\n On Debian systems the full text is in /usr/share/common-licenses/Apache-2.0.\n',
    ...[...names].map(([text, name]) => `License: ${name}\n${indented(text)}\n`),
    `License: Node.js\n${indented(runtimeLicence(path.join(checkout, runtime, 'LICENSE')))}\n`,
  ].join('\n');
}

function stanzaOf(checkout: string, module: Module): Stanza {
  const text = licenceText(checkout, module);
  const holders = [...text.matchAll(/^\W*(?:copyright\b.*)$/gim)]
    .map(([line]) => line.trim().replace(/^\W*copyright\s*(\(c\)|©)?\s*/i, ''))
    .filter((line) => line !== '' && !/^(notice|holders?|owner)\b/i.test(line));
  return {
    files: [`${INSTALLED}/${module.folder}/*`],
    holders: holders.length > 0 ? holders : ['its authors'],
    license: module.license,
    text: text
      .split('\n')
      .filter((line) => !/^\W*copyright\b.*\d{4}/i.test(line))
      .join('\n')
      .replace(/\n{3,}/g, '\n\n')
      .trim(),
  };
}

/** Of a package or, for a part of one that was published by itself (@koromix/koffi-…), of the whole. */
function licenceText(checkout: string, module: Module): string {
  const folders = [module.folder];
  if (module.name.startsWith('@koromix/koffi-')) folders.push('node_modules/koffi');
  for (const folder of folders) {
    const file = fs
      .readdirSync(path.join(checkout, folder))
      .sort()
      .find((name) => LICENCE_FILE.test(name));
    if (file !== undefined)
      return fs.readFileSync(path.join(checkout, folder, file), 'utf8').replaceAll('\r', '');
  }
  throw new FairleadError(
    'deb-licence-missing',
    `${module.name} ${module.version} comes without its licence.`,
    {
      remedy: 'Find out under what it may be distributed, then tell packaging/deb/copyright.ts.',
    },
  );
}

const APACHE = /^[^\n]*Apache License\s+Version 2\.0, January 2004[\s\S]*?END OF TERMS AND CONDITIONS/gm;

/** All parts of it; what every Debian system has anyway is pointed to, as Debian's policy wants it. */
function runtimeLicence(file: string): string {
  return fs
    .readFileSync(file, 'utf8')
    .replaceAll(APACHE, '    Apache License, Version 2.0: see /usr/share/common-licenses/Apache-2.0');
}

/** Equal texts share one name; the first of a kind has the plain one: MIT, MIT~2, MIT~3. */
function nameTexts(stanzas: readonly Stanza[]): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Map<string, number>();
  for (const { license, text } of stanzas) {
    if (names.has(text)) continue;
    const number = (taken.get(license) ?? 0) + 1;
    taken.set(license, number);
    names.set(text, number === 1 ? license : `${license}~${number}`);
  }
  return names;
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
    .join('\n');
}
