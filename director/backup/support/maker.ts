// Makes backups of a site until it is killed; says when it begins.
import path from 'node:path';
import { SCHEMA_VERSION } from '../../store/migrations.ts';
import { openStore } from '../../store/store.ts';
import { makeBackup } from '../make.ts';
import { AT, clock } from './site.ts';

const folder = process.argv[2] ?? '';
const state = path.join(folder, 'state');
const from = path.join(state, 'store.sqlite');
const store = await openStore({ file: from, clock });
process.stdout.write('begun\n');
for (let count = 1; ; count++)
  await makeBackup({
    ...{ folder: path.join(state, 'backups'), node: 'lb1', cluster: 'web', version: '0.1.0' },
    ...{ at: AT + process.pid * 100_000 + count, by: 'nightly', keep: 3 },
    databases: [{ name: 'store.sqlite', schema: SCHEMA_VERSION, from, copy: (file) => store.copy(file) }],
    files: [
      { name: 'fairlead.yaml', from: path.join(folder, 'etc', 'fairlead.yaml') },
      { name: 'heartbeat.key', from: path.join(folder, 'etc', 'heartbeat.key') },
    ],
  });
