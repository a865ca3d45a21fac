import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { systemClock } from '../../native/system-clock.ts';
import type { SyncSettings } from '../../sync/protocol.ts';
import { SyncProcess } from './sync-process.ts';

const STAND_IN = fileURLToPath(new URL('../../../test/cli/support/stand-in/sync/main.ts', import.meta.url));
const SETTINGS: SyncSettings = {
  pinFolder: '/sys/fs/bpf/none',
  cluster: 'web',
  node: 'lb1',
  peer: 'lb2',
  keyFile: '/etc/fairlead/pair.key',
  interface: 'eth1',
  own: { address: '10.1.0.11', port: 8_849 },
  remote: { address: '10.1.0.12', port: 8_849 },
};

const events: string[] = [];
let open: SyncProcess | undefined;
afterEach(() => open?.[Symbol.dispose]());

function start(main: string): SyncProcess {
  events.length = 0;
  open = new SyncProcess({
    main,
    clock: systemClock,
    log: () => {},
    record: (kind, _subject, reason) => void events.push(`${kind}: ${reason}`),
    onStatus: () => {},
  });
  return open;
}

it('is started when it is known where the peer is, and told settings and role before anything else', async () => {
  const sync = start(STAND_IN);
  sync.role(true, 3);
  expect(sync.failure()).toBe('the addresses of the sync link are not known yet');
  await expect(sync.flush()).rejects.toMatchObject({ code: 'sync-away' });
  sync.settings(SETTINGS);
  await eventually(() => sync.status?.because).toBe('settings, role true 3');
  for (let count = 0; count < 10; count++) sync.registry();
  await eventually(() => sync.status?.because).toBe('settings, role true 3, registry');
  sync.settings({ ...SETTINGS, peer: 'lb3' });
  sync.role(true, 3);
  sync.role(false, 4);
  await eventually(() => sync.status?.because).toBe(
    'settings, role true 3, registry, settings, role false 4',
  );
  await expect(sync.flush()).resolves.toMatchObject({ ok: true, reason: 'acknowledged' });
});

it('is started again when it dies, and told the same', async () => {
  const sync = start(STAND_IN);
  sync.role(true, 3);
  sync.settings(SETTINGS);
  await eventually(() => sync.status?.complete).toBe(true);
  const child = sync.pid;
  process.kill(child!, 'SIGKILL');
  await eventually(() => sync.pid !== child && sync.status?.because).toBe('settings, role true 3');
  expect(sync.restarts).toBe(1);
  expect(events).toEqual(['sync-failed: it ended with SIGKILL; it is started again']);
});

it('one that cannot run is told once, and tried again', async () => {
  const sync = start('/dev/null');
  sync.settings(SETTINGS);
  await eventually(() => sync.restarts).toBeGreaterThan(1);
  expect(events).toEqual(['sync-failed: it ended with status 0; it is started again']);
  await eventually(() => sync.failure()).toBe('it ended with status 0');
});
