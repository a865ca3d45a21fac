// Backups made of a store that is being written, put back, and everything that no backup is.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockState } from '../native/instance-lock.ts';
import { listBackups } from './folder.ts';
import { readBackup } from './read.ts';
import { restoreBackup } from './restore.ts';
import { AT, archive, BackupSite, CONFIGURATION, type Entry, manifest } from './support/site.ts';

let site: BackupSite;
beforeEach(() => {
  site = new BackupSite();
});
afterEach(() => site[Symbol.dispose]());

async function fill(events: number): Promise<void> {
  await using store = await site.store();
  for (let count = 1; count <= events; count++)
    store.record({ at: AT + count, kind: 'server-down', subject: 'www/rs1', reason: `reason ${count}` });
  await store.saveOrder({
    ...{ service: 'www', server: 'rs1', admin: 'disabled', weight: 3, since: 1 },
    ...{ author: 'schedule:night', weightAuthor: 'ann' },
  });
}

const restore = (file: string, dryRun = false) =>
  restoreBackup({ file, stateFolder: site.state, configFile: site.config, dryRun, now: AT, who: 'ann' });

describe('a backup', () => {
  it('made while the store is written holds what was there, and comes back', async () => {
    await fill(3_000);
    const store = await site.store();
    const making = site.make(store);
    for (let count = 0; count < 500; count++)
      store.record({ at: AT, kind: 'server-up', subject: 'www/rs1', reason: 'meanwhile' });
    const made = await making;
    await store[Symbol.asyncDispose]();
    expect(made.missing).toEqual([]);
    expect(fs.statSync(made.path).mode & 0o777).toBe(0o600);
    expect(fs.readdirSync(site.backups)).toEqual([made.name]);

    fs.rmSync(path.join(site.state, 'store.sqlite'));
    fs.writeFileSync(site.config, CONFIGURATION.replace('web', 'other'));
    fs.rmSync(site.key);
    const { placed, left } = await restore(made.path);
    expect(left).toEqual([]);
    expect(placed.map(({ name, setAside }) => [name, setAside === undefined])).toEqual([
      ['store.sqlite', true],
      ['fairlead.yaml', false],
      ['heartbeat.key', true],
    ]);
    expect(fs.readFileSync(site.config, 'utf8')).toBe(CONFIGURATION);
    expect(fs.readFileSync(placed[1]!.setAside!, 'utf8')).toContain('other');
    expect(fs.readFileSync(site.key, 'utf8')).toBe('k'.repeat(64));
    expect(fs.statSync(site.key).mode & 0o777).toBe(0o600);
    await using back = await site.store();
    expect(back.setAside).toBeUndefined();
    expect(await back.events(0, 1_000_000, { kinds: ['server-down'] })).toHaveLength(3_000);
    expect(back.initial.orders).toEqual([
      {
        ...{ service: 'www', server: 'rs1', admin: 'disabled', weight: 3, since: 1 },
        ...{ author: 'schedule:night', weightAuthor: 'ann' },
      },
    ]);
    expect(fs.readdirSync(site.state).filter((name) => name.startsWith('.restore'))).toEqual([]);
  });

  it('sets what is there aside, with the log that belongs to it', async () => {
    await fill(10);
    await using store = await site.store();
    const made = await site.make(store);
    await store[Symbol.asyncDispose]();
    fs.writeFileSync(path.join(site.state, 'store.sqlite'), 'another');
    fs.writeFileSync(path.join(site.state, 'store.sqlite-wal'), 'its log');
    const { placed } = await restore(made.path);
    const aside = placed[0]!.setAside!;
    expect(fs.readFileSync(aside, 'utf8')).toBe('another');
    expect(fs.readFileSync(`${aside}-wal`, 'utf8')).toBe('its log');
    expect(fs.existsSync(path.join(site.state, 'store.sqlite-wal'))).toBe(false);
  });

  it('is only looked through in a dry run', async () => {
    await fill(10);
    const store = await site.store();
    const made = await site.make(store);
    await store[Symbol.asyncDispose]();
    const before = fs.readFileSync(path.join(site.state, 'store.sqlite'));
    fs.writeFileSync(site.config, 'not: touched');
    const { placed } = await restore(made.path, true);
    expect(placed).toHaveLength(3);
    expect(fs.readFileSync(site.config, 'utf8')).toBe('not: touched');
    expect(fs.readFileSync(path.join(site.state, 'store.sqlite'))).toEqual(before);
  });

  it('is not put back while a director runs there', async () => {
    const store = await site.store();
    const made = await site.make(store);
    await store[Symbol.asyncDispose]();
    using _ = lockState(site.state);
    await expect(restore(made.path)).rejects.toMatchObject({ code: 'already-running' });
  });

  it('says what could not be read, and is made all the same', async () => {
    fs.rmSync(site.key);
    await using store = await site.store();
    const made = await site.make(store);
    expect(made.missing).toEqual([expect.stringContaining('heartbeat.key: ENOENT')]);
  });

  it('never goes outside the configuration’s folder with the key', async () => {
    const outside = path.join(site.folder, 'outside.key');
    fs.writeFileSync(site.config, CONFIGURATION.replace('heartbeat.key', outside));
    const store = await site.store();
    const made = await site.make(store);
    await store[Symbol.asyncDispose]();
    expect((await restore(made.path)).left).toEqual([
      { name: 'heartbeat.key', why: expect.stringContaining(`it belongs to ${outside}, outside`) },
    ]);
    expect(fs.existsSync(outside)).toBe(false);
  });

  it('is pruned with those of its own entry only; names of others are left alone', async () => {
    await using store = await site.store();
    fs.mkdirSync(site.backups, { recursive: true });
    fs.writeFileSync(path.join(site.backups, 'mine.tar.gz'), '');
    fs.writeFileSync(path.join(site.backups, '.partial-0123'), '');
    await site.make(store);
    for (let day = 0; day < 4; day++)
      await site.make(store, { by: 'night-ly', keep: 2, at: AT + day * 86_400_000 });
    expect(listBackups(site.backups).map(({ by, at }) => [by, at - AT])).toEqual([
      ['night-ly', 3 * 86_400_000],
      ['night-ly', 2 * 86_400_000],
      ['manual', 0],
    ]);
    expect(fs.readdirSync(site.backups).sort()[0]).toMatch(/^fairlead-/);
    expect(fs.existsSync(path.join(site.backups, 'mine.tar.gz'))).toBe(true);
  });

  it('that cannot be copied leaves nothing', async () => {
    const copy = async (file: string) => {
      fs.writeFileSync(file, 'half');
      return 'database or disk is full';
    };
    await expect(site.make({ copy })).rejects.toMatchObject({
      code: 'backup-failed',
      message: expect.stringContaining('the disk is full'),
    });
    expect(fs.readdirSync(site.backups)).toEqual([]);
  });

  it('that is killed in the middle leaves no half file under a good name', async () => {
    await fill(20_000);
    const maker = fileURLToPath(new URL('./support/maker.ts', import.meta.url));
    for (const delay_ms of [0, 5, 20, 60, 150]) {
      const child = spawn(process.execPath, [maker, site.folder], { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await new Promise((resolve) => child.stdout.once('data', resolve)); // it has begun
      await new Promise((resolve) => setTimeout(resolve, delay_ms));
      child.kill('SIGKILL');
      await ended;
      for (const { path: file } of listBackups(site.backups)) {
        const folder = fs.mkdtempSync(path.join(site.folder, 'look-'));
        expect((await readBackup(file, folder)).parts).toHaveLength(3);
      }
    }
    // The next one clears away what they have left.
    await using store = await site.store();
    await site.make(store, { at: AT + 1 });
    expect(fs.readdirSync(site.backups).filter((name) => name.startsWith('.'))).toEqual([]);
  }, 120_000);
});

describe('no backup', () => {
  const good = { 'fairlead.yaml': CONFIGURATION };
  const yaml: Entry = { path: 'fairlead.yaml', content: CONFIGURATION };
  const hostile: Readonly<Record<string, { readonly entries: readonly Entry[]; readonly why: string }>> = {
    'without a list': { entries: [yaml], why: 'does not begin with manifest.json' },
    'of nothing': { entries: [], why: 'is no usable backup' },
    'of another product': {
      entries: [manifest(good, { product: 'other' } as never), yaml],
      why: 'not one of this release',
    },
    'of a later format': {
      entries: [manifest(good, { format: 2 } as never), yaml],
      why: 'not one of this release',
    },
    'with a list that is no JSON': {
      entries: [{ path: 'manifest.json', content: '{' }],
      why: 'not one of this release',
    },
    'with a huge list': {
      entries: [{ path: 'manifest.json', content: ' '.repeat(70_000) }],
      why: 'manifest.json is too large',
    },
    'that names a part twice': {
      entries: [
        {
          path: 'manifest.json',
          content: JSON.stringify({
            ...JSON.parse(String(manifest(good).content)),
            parts: Array(2).fill(JSON.parse(String(manifest(good).content)).parts[0]),
          }),
        },
        yaml,
      ],
      why: 'names a part twice',
    },
    'that lacks a part': { entries: [manifest(good)], why: 'fairlead.yaml is missing' },
    'with a part too many': {
      entries: [manifest(good), yaml, { path: 'heartbeat.key', content: 'k' }],
      why: 'which its list does not name',
    },
    'with a part that comes twice': {
      entries: [manifest(good), yaml, yaml],
      why: 'which its list does not name',
    },
    'that leaves the folder': {
      entries: [manifest(good), { path: '../../etc/passwd', content: CONFIGURATION }],
      why: '"../../etc/passwd", which its list does not name',
    },
    'with an absolute path': {
      entries: [manifest(good), { path: '/etc/passwd', content: CONFIGURATION }],
      why: 'which its list does not name',
    },
    'with a symbolic link': {
      entries: [manifest(good), { path: 'fairlead.yaml', type: 'SymbolicLink', linkpath: '/etc/passwd' }],
      why: 'no plain file (SymbolicLink)',
    },
    'with a hard link': {
      entries: [manifest(good), { path: 'fairlead.yaml', type: 'Link', linkpath: '/etc/passwd' }],
      why: 'no plain file (Link)',
    },
    'with a folder': { entries: [manifest(good), { path: 'a/', type: 'Directory' }], why: 'no plain file' },
    'with a device': {
      entries: [manifest(good), { path: 'd', type: 'CharacterDevice' }],
      why: 'no plain file',
    },
    'with a part of another size': {
      entries: [manifest(good), { path: 'fairlead.yaml', content: `${CONFIGURATION}\n` }],
      why: 'which is not what its list says',
    },
    'with a part that says it is huge': {
      entries: [
        manifest(good, {
          parts: [{ name: 'fairlead.yaml', bytes: 2 ** 33, sha256: 'a'.repeat(64), from: '' }],
        }),
        { path: 'fairlead.yaml', size: 2 ** 33 },
      ],
      why: 'which is not what its list says',
    },
    'with another content': {
      entries: [manifest(good), { path: 'fairlead.yaml', content: CONFIGURATION.replace('web', 'wab') }],
      why: 'its checksum is another one',
    },
    'with a database that is none': {
      entries: [
        manifest({ 'store.sqlite': 'none at all' }),
        { path: 'store.sqlite', content: 'none at all' },
      ],
      why: 'store.sqlite is damaged',
    },
    'with a bad configuration': {
      entries: [
        manifest({ 'fairlead.yaml': 'cluster: [' }),
        { path: 'fairlead.yaml', content: 'cluster: [' },
      ],
      why: 'its configuration is not good',
    },
  };

  it.each(Object.entries(hostile))('is one %s', async (_, { entries, why }) => {
    const file = site.file('hostile.tar.gz', archive(entries));
    await expect(restore(file)).rejects.toMatchObject({
      code: 'bad-backup',
      message: expect.stringContaining(why),
    });
    expect(fs.readdirSync(site.state).filter((name) => name.startsWith('.restore'))).toEqual([]);
  });

  it('is a folder, a missing file, a database of other people, or one of a later release', async () => {
    await expect(restore(site.etc)).rejects.toMatchObject({ code: 'bad-backup' });
    await expect(restore(path.join(site.folder, 'none'))).rejects.toMatchObject({ code: 'bad-backup' });
    const { default: Sqlite } = await import('better-sqlite3');
    const place = path.join(site.folder, 'their.sqlite');
    const theirs = new Sqlite(place);
    theirs.exec('CREATE TABLE other (id INTEGER)');
    const other = fs.readFileSync(place);
    theirs.exec('CREATE TABLE events (id INTEGER); PRAGMA user_version = 99');
    theirs.close();
    const later = fs.readFileSync(place);
    const wrap = (content: Buffer, schema: number) => {
      const list = JSON.parse(String(manifest({ 'store.sqlite': content }).content));
      list.parts[0].schema = schema;
      return site.file(
        'x.tar.gz',
        archive([
          { path: 'manifest.json', content: JSON.stringify(list) },
          { path: 'store.sqlite', content },
        ]),
      );
    };
    await expect(restore(wrap(other, 0))).rejects.toMatchObject({
      message: expect.stringContaining('no table events'),
    });
    await expect(restore(wrap(later, 99))).rejects.toMatchObject({ code: 'backup-too-new' });
  });

  it('is one that was cut off, or has other bytes in it', async () => {
    const store = await site.store();
    const made = await site.make(store);
    await store[Symbol.asyncDispose]();
    const bytes = fs.readFileSync(made.path);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (place, change, cut) => {
          const other = cut ? bytes.subarray(0, place) : Buffer.from(bytes);
          if (!cut) other[place] = other[place]! ^ change;
          const file = site.file('other.tar.gz', other);
          const folder = fs.mkdtempSync(path.join(site.folder, 'look-'));
          const outcome = await readBackup(file, folder).then(
            // Some bytes of a gzip header mean nothing to what is in it.
            (read) => read.node,
            (error: { code: string }) => error.code,
          );
          expect(cut ? ['bad-backup'] : ['bad-backup', 'lb1']).toContain(outcome);
          fs.rmSync(folder, { recursive: true });
        },
      ),
      { numRuns: 120 },
    );
  }, 60_000);

  it('is any random text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), fc.boolean(), async (bytes, zipped) => {
        const { gzipSync } = await import('node:zlib');
        const file = site.file('random', zipped ? gzipSync(bytes) : Buffer.from(bytes));
        await expect(restore(file)).rejects.toMatchObject({ code: 'bad-backup' });
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
