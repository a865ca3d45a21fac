// Speaks the sync process's protocol: always steady, acknowledges every flush, tells back the role that it was told.
import { type FromSync, type SyncStatus, toSyncSchema } from '../../../../../director/sync/protocol.ts';

const status: SyncStatus = {
  state: 'steady',
  because: 'nothing told yet',
  complete: true,
  position: 7,
  acknowledged: 7,
  lag_p50_ms: 1,
  lag_p99_ms: 2,
  lag_max_ms: 3,
  sent: { events: 0, datagrams: 0, bytes: 0, repaired: 0, bulk_entries: 0 },
  received: { events: 0, datagrams: 0, bytes: 0, missed: 0, duplicates: 0, bulk_entries: 0, rejected: {} },
  applied: { created: 0, updated: 0, closed: 0, refused: {} },
  events_lost: 0,
  digests: { compared: 0, differing: 0, repaired_entries: 0 },
  cpu_ms: 0,
};
const heard: string[] = [];

const send = (message: FromSync): void => void process.send?.(message);

process.on('message', (value) => {
  const message = toSyncSchema.parse(value);
  heard.push(message.kind === 'role' ? `role ${message.active} ${message.epoch}` : message.kind);
  if (message.kind === 'flush')
    send({ kind: 'flushed', id: message.id, ok: true, reason: 'acknowledged', took_ms: 1, events: 0 });
  send({ kind: 'status', status: { ...status, because: heard.join(', ') } });
});
process.on('disconnect', () => process.exit(0));
