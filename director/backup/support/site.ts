// A state folder with real data in it, backups of it, and archives that are made by hand to be hostile.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { SCHEMA_VERSION } from '../../store/migrations.ts';
import { openStore, type Store } from '../../store/store.ts';
import { backupsFolder, MANUAL } from '../folder.ts';
import { type MadeBackup, makeBackup } from '../make.ts';
import { MANIFEST, type Manifest } from '../manifest.ts';

export const CONFIGURATION = `cluster: web
directors: { lb1: { address: 10.0.0.11 }, lb2: { address: 10.0.0.12 } }
heartbeat: { key_file: heartbeat.key, links: [{ udp: eth1 }] }
`;
export const AT = Date.parse('2026-03-01T03:15:00Z');

export const clock = {
  now: () => AT,
  monotonic_ms: () => 0,
  after: () => ({ [Symbol.dispose]() {} }),
};

export class BackupSite implements Disposable {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fairlead-backup-'));
  readonly state = path.join(this.folder, 'state');
  readonly etc = path.join(this.folder, 'etc');
  readonly config = path.join(this.etc, 'fairlead.yaml');
  readonly key = path.join(this.etc, 'heartbeat.key');

  constructor(configuration = CONFIGURATION) {
    fs.mkdirSync(this.state);
    fs.mkdirSync(this.etc);
    fs.writeFileSync(this.config, configuration);
    fs.writeFileSync(this.key, 'k'.repeat(64));
  }

  get backups(): string {
    return backupsFolder(this.state);
  }

  store(): Promise<Store> {
    return openStore({ file: path.join(this.state, 'store.sqlite'), clock });
  }

  make(
    store: Pick<Store, 'copy'>,
    more: { by?: string; keep?: number; at?: number } = {},
  ): Promise<MadeBackup> {
    return makeBackup({
      ...{ folder: this.backups, node: 'lb1', cluster: 'web', version: '0.1.0', at: AT, by: MANUAL, ...more },
      databases: [
        {
          ...{ name: 'store.sqlite', schema: SCHEMA_VERSION, from: path.join(this.state, 'store.sqlite') },
          copy: (file) => store.copy(file),
        },
      ],
      files: [
        { name: 'fairlead.yaml', from: this.config },
        { name: 'heartbeat.key', from: this.key },
      ],
    });
  }

  file(name: string, content: Buffer): string {
    const file = path.join(this.folder, name);
    fs.writeFileSync(file, content);
    return file;
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface Entry {
  readonly path: string;
  readonly content?: Buffer | string;
  readonly type?: 'File' | 'SymbolicLink' | 'Link' | 'Directory' | 'CharacterDevice' | 'FIFO';
  readonly linkpath?: string;
  /** As the header says; default: the content's. */
  readonly size?: number;
}

export function archive(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({ path: name, content = '', type = 'File', linkpath, size }) => {
    const bytes = Buffer.from(content);
    const header = new Header({
      ...{ path: name, type, mode: 0o644, uid: 0, gid: 0, mtime: new Date(AT) },
      ...{ size: size ?? bytes.length, linkpath: linkpath ?? '' },
    });
    const block = Buffer.alloc(512);
    header.encode(block);
    return [block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1_024)]));
}

export function manifest(
  parts: Readonly<Record<string, Buffer | string>>,
  more: Partial<Manifest> = {},
): Entry {
  const value = {
    ...{ product: 'fairlead', format: 1, version: '0.1.0', node: 'lb1', cluster: 'web', at: AT, by: MANUAL },
    parts: Object.entries(parts).map(([name, content]) => ({
      ...{ name, bytes: Buffer.byteLength(content), from: name },
      sha256: createHash('sha256').update(content).digest('hex'),
      ...(name.endsWith('.sqlite') ? { schema: SCHEMA_VERSION } : {}),
    })),
    missing: [],
    ...more,
  };
  return { path: MANIFEST, content: JSON.stringify(value) };
}
