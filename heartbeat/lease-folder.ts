// Where the lease of one instance is pinned in the kernel: told apart by its runtime folder, as the engine's tables are.
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';

const PINS = '/sys/fs/bpf';

export function leaseFolder(folder: string): string {
  const runtime = resolve(folder);
  if (runtime === '/run/fairlead') return join(PINS, 'fairlead-lease');
  return join(PINS, `fairlead-lease-${createHash('sha256').update(runtime).digest('hex').slice(0, 12)}`);
}
