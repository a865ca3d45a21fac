// The package fairlead: which entries it has, and its control files.
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { commands } from '../../director/cli/commands.ts';
import { bashCompletion } from '../../director/cli/completion.ts';
import { TABLES } from '../../director/config/schema.ts';
import { FairleadError } from '../../director/model/error.ts';
import { commandPage } from '../man/command-page.ts';
import { configurationPage } from '../man/configuration-page.ts';
import type { Control } from './archive.ts';
import { debianChangelog } from './changelog.ts';
import { fieldsOf } from './control.ts';
import { copyrightFile } from './copyright.ts';
import { type Module, productionModules } from './modules.ts';
import type { Platform } from './platform.ts';
import type { Progress } from './progress.ts';
import { megabytes } from './progress.ts';
import { libraryPackages, stripped } from './runtime.ts';
import { refuseLooseEnds, sourceFiles } from './sources.ts';
import type { Entry } from './tree.ts';

export interface BuildContext {
  readonly checkout: string;
  readonly platform: Platform;
  readonly version: string;
  readonly maintainer: string;
  readonly time_s: number;
  /** An empty folder for what is made on the way. */
  readonly scratch: string;
  readonly progress: Progress;
}

const HOME = 'usr/lib/fairlead';
const RUNTIME = `${HOME}/bin/node`;
const DOCUMENTS = 'usr/share/doc/fairlead';

export function directorPackage(context: BuildContext): { control: Control; entries: Entry[] } {
  const { checkout, platform, progress, scratch } = context;
  const modules = progress.step(
    'choose npm packages',
    () => productionModules(checkout, platform.node),
    (all) => `${all.length} packages, ${all.flatMap((module) => module.files).length} files`,
  );
  // Where a file goes -> where the stripped one is.
  const programs = progress.step(
    'strip the runtime and add-ons',
    () => strippedPrograms(context, modules),
    (all) => megabytes([...all.values()].reduce((sum, file) => sum + fs.statSync(file).size, 0)),
  );
  const sources = progress.step(
    'choose source files',
    () => {
      const files = sourceFiles(checkout);
      refuseLooseEnds(checkout, files, new Set(modules.map((module) => module.name)));
      return files;
    },
    (files) => `${files.length} files`,
  );
  const depends = progress.step(
    'look up libraries',
    () => libraryPackages([...programs.values()], scratch),
    (all) => all.join(', '),
  );
  const documents = progress.step('write manual, licences, changelog', () =>
    documentEntries(context, modules),
  );
  return {
    entries: [
      { path: RUNTIME, executable: true, content: { copyOf: programs.get(RUNTIME)! } },
      { path: `${HOME}/package.json`, content: { text: ownPackage(checkout) } },
      ...[...sources, ...modules.flatMap((module) => module.files), ...packetPrograms(checkout)].map(
        (file) => ({
          path: `${HOME}/${file}`,
          content: { copyOf: programs.get(`${HOME}/${file}`) ?? path.join(checkout, file) },
        }),
      ),
      ...systemEntries(checkout),
      ...documents,
    ],
    control: {
      fields: fieldsOf(dataFile(checkout, 'fairlead.control'), {
        ...context,
        architecture: platform.debian,
        depends,
      }),
      conffiles: ['/etc/default/fairlead'],
      scripts: Object.fromEntries(
        ['postinst', 'prerm', 'postrm'].map((name) => [name, dataFile(checkout, `fairlead.${name}.sh`)]),
      ),
    },
  };
}

function dataFile(checkout: string, name: string): string {
  return fs.readFileSync(path.join(checkout, 'packaging/debian', name), 'utf8');
}

function strippedPrograms(context: BuildContext, modules: readonly Module[]): Map<string, string> {
  const { checkout, platform, scratch } = context;
  const addOns = modules.flatMap((module) => module.files).filter((file) => file.endsWith('.node'));
  const programs = [
    [RUNTIME, `${platform.runtime}/bin/node`] as const,
    ...addOns.map((file) => [`${HOME}/${file}`, file] as const),
  ];
  return new Map(
    programs.map(([target, source], index) => [
      target,
      stripped(path.join(checkout, source), path.join(scratch, `program-${index}`)),
    ]),
  );
}

/** What the programs read of it: version, kind of modules, names of dependencies. */
function ownPackage(checkout: string): string {
  const own = JSON.parse(fs.readFileSync(path.join(checkout, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  const { name, version, license, type, dependencies } = own;
  return `${JSON.stringify({ name, version, private: true, license, type, dependencies }, null, 2)}\n`;
}

function packetPrograms(checkout: string): string[] {
  const folder = path.join(checkout, 'build/bpf');
  const programs = fs.existsSync(folder) ? fs.readdirSync(folder).filter((file) => file.endsWith('.o')) : [];
  if (programs.length === 0)
    throw new FairleadError('deb-no-programs', 'The packet programs are not compiled.', {
      remedy: 'Run packaging/setup.sh as root (it installs clang-14), or director/bpf/build.sh.',
    });
  return programs.map((file) => `build/bpf/${file}`).sort();
}

/** What the system reads: command, units, users, defaults, completion. */
function systemEntries(checkout: string): Entry[] {
  const data = (name: string) => ({ text: dataFile(checkout, name) });
  const units = fs
    .readdirSync(path.join(checkout, 'packaging/systemd'))
    .filter((name) => /^fairlead.*\.(service|target|socket|timer|slice)$/.test(name));
  return [
    { path: 'usr/sbin/fairlead', executable: true, content: data('fairlead.wrapper.sh') },
    { path: 'etc/default/fairlead', content: data('fairlead.default') },
    { path: 'etc/fairlead', content: { folder: true } },
    { path: 'usr/lib/sysusers.d/fairlead.conf', content: data('fairlead.sysusers') },
    { path: 'usr/share/bash-completion/completions/fairlead', content: { text: bashCompletion(commands) } },
    { path: 'usr/share/lintian/overrides/fairlead', content: data('fairlead.lintian-overrides') },
    ...units.map((name) => ({
      path: `lib/systemd/system/${name}`,
      content: { copyOf: path.join(checkout, 'packaging/systemd', name) },
    })),
  ];
}

function documentEntries(context: BuildContext, modules: readonly Module[]): Entry[] {
  const { checkout, platform } = context;
  const text = (name: string) => fs.readFileSync(path.join(checkout, name), 'utf8');
  const about = { version: context.version, time_s: context.time_s };
  const manual = text('docs/configuration.md');
  const changelog = debianChangelog(text('CHANGELOG.md'), { name: 'fairlead', ...context });
  return [
    { path: `${DOCUMENTS}/copyright`, content: { text: copyrightFile(checkout, modules, platform.runtime) } },
    { path: `${DOCUMENTS}/changelog.gz`, content: { bytes: packed(changelog) } },
    {
      path: 'usr/share/man/man8/fairlead.8.gz',
      content: { bytes: packed(commandPage(commands, about)) },
    },
    {
      path: 'usr/share/man/man5/fairlead.yaml.5.gz',
      content: { bytes: packed(configurationPage(manual, TABLES, about)) },
    },
    { path: `${DOCUMENTS}/examples/fairlead.yaml`, content: { text: text('docs/example.yaml') } },
    {
      path: 'usr/share/fairlead/alerts/fairlead.yaml',
      content: { text: text('packaging/alerts/fairlead.yaml') },
    },
    {
      path: 'usr/share/fairlead/grafana/fairlead.json',
      content: { text: text('packaging/grafana/fairlead.json') },
    },
  ];
}

/** As gzip -9n: no name and no time in it. */
export function packed(text: string): Buffer {
  return zlib.gzipSync(text, { level: 9 });
}
