// What README.md shows of a director alone: its own configuration, in a network where that fits, and every command after it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { mountBpffs, unmountBelow } from '../lab/bpffs.ts';
import { createServer } from '../lab/server.ts';
import { buildTopology, NETWORK } from '../lab/topology.ts';
import { waitFor } from '../lab/wait.ts';
import type { Namespaces } from '../support/netns.ts';
import { CHECKOUT } from './documents.ts';
import { followSteps } from './follow.ts';
import { type Host, openHost } from './host.ts';
import { blocksOf } from './markdown.ts';

const START_MS = 90_000;
let folder: string;
let set: Namespaces;
let host: Host;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fl-docs-'));
  set = buildTopology({ directors: ['lb1'], insideMtu: NETWORK.mtu.inside });
  await Promise.all((['rs1', 'rs2'] as const).map((name) => createServer(set, name).start()));
  host = await openHost(set, { label: 'lb1', folder, bpffs: mountBpffs(folder) });
  const readme = readFileSync(join(CHECKOUT, 'README.md'), 'utf8');
  const site = blocksOf('README.md', readme).find(({ language }) => language === 'yaml')?.text ?? '';
  writeFileSync(join(host.folder, 'site.yaml'), site);
}, START_MS);

afterAll(() => {
  set[Symbol.dispose]();
  unmountBelow(folder);
  rmSync(folder, { recursive: true, force: true });
});

describe('a director alone', () => {
  followSteps('director', async (_host, command) => {
    if (!/ run (?=.*--config)/.test(command)) return host.type(command);
    host.serve(command);
    await waitFor('the director to answer', START_MS, async () => {
      return (await host.type('fairlead status --runtime ./run')).status === 0;
    });
    return { status: 0, output: '' };
  });
});
