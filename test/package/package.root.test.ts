import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../../director/cli/commands.ts';
import { TABLES } from '../../director/config/schema.ts';
import { copyCheckout } from './support/checkout-copy.ts';
import { inSandbox, parts } from './support/sandbox.ts';

const CHECKOUT = path.join(import.meta.dirname, '../..');
const MOST_BYTES = 40e6;
const TIME_S = '1790000000';
/** Two whole builds, perhaps beside much else. */
const PATIENCE_MS = 900_000;

let folder: string;
let packages: string;
let tree: string;
let main: string;

function build(checkout: string, out: string, env: Readonly<Record<string, string>> = {}): void {
  const script = `umask ${env.UMASK ?? '022'} && exec "$0" "$1" --out "$2"`;
  const program = path.join(checkout, 'packaging/deb/main.ts');
  execFileSync('sh', ['-c', script, process.execPath, program, out], {
    stdio: 'pipe',
    env: { PATH: process.env.PATH, SOURCE_DATE_EPOCH: TIME_S, ...env },
  });
}

function debs(out: string): string[] {
  return fs
    .readdirSync(out)
    .filter((name) => name.endsWith('.deb'))
    .sort();
}

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const result = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
    env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', ...env },
  });
  return result.stdout + result.stderr;
}

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fairlead-package-'));
  packages = path.join(folder, 'out');
  tree = path.join(folder, 'tree');
  build(CHECKOUT, packages);
  main = path.join(packages, debs(packages).find((name) => name.startsWith('fairlead_'))!);
  execFileSync('dpkg-deb', ['-x', main, tree]);
});

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

describe('the package', () => {
  it('is small', () => expect(fs.statSync(main).size).toBeLessThan(MOST_BYTES));

  it(
    'is the same, byte for byte, when it is built elsewhere by somebody with other habits',
    () => {
      const elsewhere = path.join(folder, 'another place', 'checkout');
      const again = path.join(folder, 'again');
      copyCheckout(CHECKOUT, elsewhere);
      build(elsewhere, again, { UMASK: '077', TZ: 'Pacific/Chatham', LANG: 'de_DE.UTF-8', LC_ALL: 'POSIX' });
      expect(debs(again)).toEqual(debs(packages));
      for (const name of debs(packages))
        expect(
          Buffer.compare(fs.readFileSync(path.join(packages, name)), fs.readFileSync(path.join(again, name))),
        ).toBe(0);
      fs.rmSync(elsewhere, { recursive: true, force: true });
    },
    PATIENCE_MS,
  );

  it('keeps the rules of Debian', () => {
    const files = debs(packages).map((name) => path.join(packages, name));
    const complaints = run('lintian', [
      '--allow-root',
      '--tag-display-limit',
      '0',
      '--fail-on',
      'error,warning',
      ...files,
    ]);
    expect(complaints.split('\n').filter((line) => /^[EW]: /.test(line))).toEqual([]);
    expect(complaints).not.toContain('internal error');
  });

  it('holds no test, no source of tools, and nothing for another platform', () => {
    const names = fs.readdirSync(tree, { recursive: true, encoding: 'utf8' });
    const own = names.filter(
      (name) => name.startsWith('usr/lib/fairlead/') && !name.includes('node_modules'),
    );
    expect(own.filter((name) => /\.test\.ts$|\/support\/|bench|tsconfig/.test(name))).toEqual([]);
    expect(names.filter((name) => /\.(map|md|d\.ts|c|cc|h|gyp|sh)$/.test(name))).toEqual([]);
    expect(
      names.filter((name) => /(darwin|win32|musl|typescript|vitest|biome|playwright)/.test(name)),
    ).toEqual([]);
    expect(names.filter((name) => name.endsWith('.node'))).toHaveLength(2);
  });

  it('names no place of the machine that built it', () => {
    const found = spawnSync('grep', ['-rlF', '-e', CHECKOUT, '-e', folder, tree], { encoding: 'utf8' });
    expect(found.stdout).toBe('');
    expect(found.status).toBe(1);
  });

  it('belongs to root, with modes that follow from nothing but what a file is', () => {
    const lines = run('dpkg-deb', ['-c', main]).trim().split('\n');
    const kinds = new Set(lines.map((line) => line.split(/\s+/).slice(0, 2).join(' ')));
    expect([...kinds].sort()).toEqual([
      '-rw-r--r-- root/root',
      '-rwxr-xr-x root/root',
      'drwxr-xr-x root/root',
    ]);
    const programs = lines.filter((line) => line.startsWith('-rwx')).map((line) => line.split(' ').at(-1));
    expect(programs).toEqual(['./usr/lib/fairlead/bin/node', './usr/sbin/fairlead']);
  });

  it("says what it needs, and has one file that is the administrator's", () => {
    const depends = run('dpkg-deb', ['-f', main, 'Depends']);
    for (const name of ['libc6', 'libstdc++6', 'libatomic1', 'libbpf1', 'iproute2', 'systemd'])
      expect(depends).toContain(name);
    expect(run('dpkg-deb', ['-I', main, 'conffiles'])).toBe('/etc/default/fairlead\n');
  });

  it('brings the licence of every npm package in it', () => {
    const copyright = fs.readFileSync(path.join(tree, 'usr/share/doc/fairlead/copyright'), 'utf8');
    const modules = path.join(tree, 'usr/lib/fairlead/node_modules');
    const names = fs
      .readdirSync(modules)
      .flatMap((name) =>
        name.startsWith('@')
          ? fs.readdirSync(path.join(modules, name)).map((each) => `${name}/${each}`)
          : [name],
      );
    expect(names.length).toBeGreaterThan(50);
    for (const name of names) expect(copyright).toContain(`Files: usr/lib/fairlead/node_modules/${name}/*\n`);
    expect(copyright).toContain('Node.js is licensed for use as follows');
  });
});

describe('the manual pages', () => {
  const show = (page: string) =>
    run('man', ['--warnings', '-E', 'UTF-8', '-l', path.join(tree, 'usr/share/man', page)], {
      MANWIDTH: '200',
    });

  it('tell every command with its options', () => {
    const text = show('man8/fairlead.8.gz');
    expect(text).not.toMatch(/<standard input>|warning/);
    for (const command of commands) {
      expect(text).toContain(`fairlead ${command.name}`);
      for (const option of Object.keys(command.options)) expect(text).toContain(`--${option}`);
    }
  });

  it('tell every key of the configuration', () => {
    const text = show('man5/fairlead.yaml.5.gz');
    expect(text).not.toMatch(/<standard input>/);
    for (const key of Object.values(TABLES).flatMap((shape) => Object.keys(shape)))
      expect(text).toMatch(new RegExp(`^ +(.*, )?(or )?${key}\\b`, 'm'));
  });
});

it('completes commands and options in bash', () => {
  const file = path.join(tree, 'usr/share/bash-completion/completions/fairlead');
  const complete = (words: readonly string[]) =>
    run('bash', [
      ...[
        '--norc',
        '-euc',
        '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fairlead; echo "$COMPREPLY"',
      ],
      ...['bash', file, ...words],
    ]).trim();
  expect(complete(['fairlead', 'swi'])).toBe('switchover');
  expect(complete(['fairlead', 'drain', '--dead'])).toBe('--deadline');
});

describe('on a machine without the checkout and without Node', () => {
  const script = `
    echo "== surroundings"; ls -A "${CHECKOUT}"; command -v node || echo no node
    echo "== install"; dpkg -i /run/packages/fairlead_*.deb >/run/log 2>&1 || { cat /run/log; exit 1; }
    id -un fairlead-web; getent group fairlead | cut -d: -f1
    stat -c '%a %U:%G %n' /etc/fairlead /var/lib/fairlead /var/lib/fairlead/*
    ls /etc/systemd/system/multi-user.target.wants | grep fairlead
    echo "== inert"; ls -A /etc/fairlead /run/fairlead 2>/dev/null | grep -v '^/etc/fairlead:$' || echo nothing
    echo "== version"; fairlead version
    echo "== check"; fairlead check /usr/share/doc/fairlead/examples/fairlead.yaml
    echo "== poisoned"; NODE_OPTIONS=--no-such-option NODE_PATH=/nowhere fairlead version
    echo "== add-ons"; /usr/lib/fairlead/bin/node -e '
      const load = require("module").createRequire("/usr/lib/fairlead/package.json");
      const Database = load("better-sqlite3");
      console.log(new Database(":memory:").prepare("select 6 * 7 as answer").get().answer);
      console.log(load("koffi").load("libc.so.6").func("int getpid()")() === process.pid);'
    echo "== console"; /usr/lib/fairlead/bin/node --disable-warning=ExperimentalWarning --input-type=module -e '
      const { loadAssets } = await import("file:///usr/lib/fairlead/webui/assets.ts");
      console.log(loadAssets().url("live.js").startsWith("/assets/live."));'
    echo "== upgrade"; echo mine >/etc/fairlead/fairlead.yaml; echo 'FAIRLEAD_OPTIONS="mine"' >/etc/default/fairlead
    echo kept >/var/lib/fairlead/state; systemctl disable fairlead.target >/dev/null 2>&1
    dpkg -i /run/packages/fairlead_*.deb >/run/log 2>&1 </dev/null || { cat /run/log; exit 1; }
    cat /etc/fairlead/fairlead.yaml /etc/default/fairlead /var/lib/fairlead/state
    ls /etc/systemd/system/multi-user.target.wants | grep fairlead || echo still disabled
    echo "== remove"; dpkg -r fairlead >/run/log 2>&1 || { cat /run/log; exit 1; }
    cat /etc/fairlead/fairlead.yaml /var/lib/fairlead/state /etc/default/fairlead
    ls -d /usr/lib/fairlead /usr/sbin/fairlead /var/cache/fairlead 2>/dev/null || echo no programs
    echo "== purge"; dpkg -P fairlead >/run/log 2>&1 || { cat /run/log; exit 1; }
    find /etc /usr /lib /var /run -xdev -iname '*fairlead*' -not -path '/run/packages/*'
    getent passwd fairlead-web || true; getent group fairlead fairlead-web || true
    echo "== end"`;
  let told: Readonly<Record<string, string>>;

  beforeAll(() => {
    const outcome = inSandbox(packages, CHECKOUT, script);
    told = parts(outcome.out);
    expect(outcome.status, outcome.out + outcome.err).toBe(0);
    expect(told.surroundings).toBe('no node');
  });

  it('installs users, folders and units, and is inert', () => {
    expect(told.install?.split('\n')).toEqual([
      'fairlead-web',
      'fairlead',
      '755 root:root /etc/fairlead',
      '711 root:fairlead /var/lib/fairlead',
      '700 root:root /var/lib/fairlead/backups',
      '700 fairlead-web:fairlead-web /var/lib/fairlead/console',
      'fairlead.target',
    ]);
    expect(told.inert).toBe('nothing');
  });

  it('runs from its own runtime, whatever the environment says', () => {
    expect(told.version).toMatch(/^fairlead \d/);
    expect(told.poisoned).toBe(told.version);
    expect(told.check).toContain(': ok, ');
  });

  it('has its add-ons and the scripts of the console', () => {
    expect(told['add-ons']).toBe('42\ntrue');
    expect(told.console).toBe('true');
  });

  it("keeps what is the administrator's over an upgrade", () =>
    expect(told.upgrade?.split('\n')).toEqual(['mine', 'FAIRLEAD_OPTIONS="mine"', 'kept', 'still disabled']));

  it('leaves configuration and state when it is removed', () =>
    expect(told.remove?.split('\n')).toEqual(['mine', 'kept', 'FAIRLEAD_OPTIONS="mine"', 'no programs']));

  it('leaves nothing when it is purged', () => expect(told.purge).toBe(''));
});
