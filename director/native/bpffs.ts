// Folders in a BPF file system, where pinned maps and programs outlive the processes that made them.
import { mkdirSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { FairleadError } from '../model/error.ts';
import { mount } from './libc.ts';

const BPF_FS_MAGIC = 0xcafe4a11;

/** Makes the folder, and the BPF file system above it where there is none. */
export function preparePinFolder(folder: string): void {
  const root = bpfRoot(folder);
  if (statfsSync(root).type !== BPF_FS_MAGIC) mountBpf(root);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/** The kernel makes /sys/fs/bpf; any other root is the folder's parent. */
function bpfRoot(folder: string): string {
  if (folder.startsWith('/sys/fs/bpf/')) return '/sys/fs/bpf';
  const parent = dirname(folder);
  mkdirSync(parent, { recursive: true });
  return parent;
}

function mountBpf(root: string): void {
  try {
    mount('bpf', root, 'bpf', 0, 'mode=0700');
  } catch (cause) {
    throw new FairleadError(
      'bpffs-missing',
      `There is no BPF file system at ${root}, and it could not be mounted.`,
      {
        remedy: `Mount it: mount -t bpf bpf ${root}`,
        cause,
      },
    );
  }
}
