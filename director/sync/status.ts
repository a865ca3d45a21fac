// What pulse is told of connection sync, from the counters of its parts.
import { INSTALL_RESULT } from '../engine/ebpf/install-layout.ts';
import type { Channel } from './channel.ts';
import type { Replica } from './core/replica.ts';
import type { SyncStatus } from './protocol.ts';
import type { EngineTable } from './table-port.ts';

export interface Parts {
  readonly replica: Replica;
  readonly table: EngineTable;
}

/** `parts` undefined: there are no tables; `because` says why. */
export function statusOf(
  parts: Parts | undefined,
  channel: Channel | undefined,
  because: string,
): SyncStatus {
  const cpu = process.cpuUsage();
  const cpu_ms = (cpu.user + cpu.system) / 1_000;
  if (!parts) return { ...NOTHING, because, cpu_ms };
  const { replica, table } = parts;
  const { session, incoming, outgoing, applier, feed, lag } = replica;
  const { counts, outbound } = session;
  const state = !session.isUp ? 'alone' : replica.isComplete ? 'steady' : 'joining';
  const progress = incoming.progress ?? outgoing.progress;
  const { results } = table;
  return {
    state,
    because: reasonOf(state, parts, channel),
    complete: replica.isComplete,
    ...(progress === undefined ? {} : { progress }),
    position: outbound.position,
    acknowledged: outbound.oldest - 1,
    lag_p50_ms: lag.quantile_ms(0.5),
    lag_p99_ms: lag.quantile_ms(0.99),
    lag_max_ms: lag.max_ms,
    sent: {
      events: feed.counts.sent,
      datagrams: counts.sent,
      bytes: counts.sent_bytes,
      repaired: outbound.repaired,
      bulk_entries: outgoing.counts.bulk,
    },
    received: {
      events: applier.counts.records - applier.counts.bulk,
      datagrams: counts.received,
      bytes: counts.received_bytes,
      missed: counts.missed,
      duplicates: counts.duplicates,
      bulk_entries: applier.counts.bulk,
      rejected: { ...channel?.rejected, ...session.rejected, ...applier.rejected },
    },
    applied: {
      created: results[INSTALL_RESULT.created]!,
      updated: results[INSTALL_RESULT.updated]! + results[INSTALL_RESULT.replaced]!,
      closed: results[INSTALL_RESULT.closed]!,
      refused: table.refused(),
    },
    events_lost: replica.eventsLost,
    digests: {
      compared: incoming.counts.compared,
      differing: incoming.counts.differing,
      repaired_entries: incoming.counts.repaired_entries,
    },
    cpu_ms,
  };
}

function reasonOf(state: SyncStatus['state'], { replica }: Parts, channel: Channel | undefined): string {
  if (!replica.outgoing.isBuilt) return 'The table is being read.';
  if (channel?.problem !== undefined) return `The link cannot be used: ${channel.problem}`;
  if (state === 'alone') return 'The peer does not answer.';
  if (!replica.incoming.has) return 'The peer’s table is on its way.';
  return state === 'joining' ? 'The peer does not have the whole table yet.' : 'Both tables are the same.';
}

const NOTHING: Omit<SyncStatus, 'because' | 'cpu_ms'> = {
  state: 'alone',
  complete: false,
  position: 0,
  acknowledged: 0,
  lag_p50_ms: 0,
  lag_p99_ms: 0,
  lag_max_ms: 0,
  sent: { events: 0, datagrams: 0, bytes: 0, repaired: 0, bulk_entries: 0 },
  received: { events: 0, datagrams: 0, bytes: 0, missed: 0, duplicates: 0, bulk_entries: 0, rejected: {} },
  applied: { created: 0, updated: 0, closed: 0, refused: {} },
  events_lost: 0,
  digests: { compared: 0, differing: 0, repaired_entries: 0 },
};
