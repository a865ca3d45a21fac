// The cells of connection sync and of the channel between the two supervisors.
import type { Ha } from '../../director/control/ha-schema.ts';
import { counted, milliseconds, size } from '../html/format.ts';
import type { Cell, Cells } from './cell.ts';

/** A second behind: a switchover would wait for it. */
const LAG_WARN_MS = 1_000;

export function syncCells(sync: Ha['sync']): Cells {
  if (sync === undefined) return { 'sync-state': { text: 'connections are not synchronised', tone: 'warn' } };
  return {
    'sync-state': stateOf(sync),
    'sync-because': { text: sync.because ?? '' },
    'sync-lag': lagOf(sync),
    'sync-position': positionOf(sync),
    'sync-lost': lostOf(sync.events_lost),
    'sync-digests': digestsOf(sync.digests),
    'sync-refused': reasons(sync.refused),
    'sync-traffic': {
      text: `${size(sync.sent?.bytes ?? 0)} sent, ${size(sync.received?.bytes ?? 0)} received`,
      title: `${countsText(sync.sent)} sent\n${countsText(sync.received)} received\n${countsText(sync.applied)} applied`,
    },
  };
}

type Sync = NonNullable<Ha['sync']>;

function stateOf(sync: Sync): Cell {
  const restarts = sync.restarts === 0 ? '' : `, started again ${counted(sync.restarts, 'time')}`;
  if (!sync.running)
    return { text: `▼ does not run: ${sync.detail ?? 'not told why'}${restarts}`, tone: 'bad' };
  if (sync.state === 'joining')
    return { text: `◆ joining, ${Math.floor((sync.progress ?? 0) * 100)} %${restarts}`, tone: 'warn' };
  if (sync.state === 'alone') return { text: `◆ alone${restarts}`, tone: 'warn' };
  return sync.complete
    ? { text: `▲ ${sync.state ?? 'running'}, complete${restarts}`, tone: 'good' }
    : { text: `◆ ${sync.state ?? 'running'}, not complete${restarts}`, tone: 'warn' };
}

function lagOf({ lag_p50_ms: p50, lag_p99_ms: p99, lag_max_ms: max }: Sync): Cell {
  if (p50 === undefined || p99 === undefined) return { text: 'not told', tone: 'quiet' };
  const worst = max === undefined ? '' : `, ${milliseconds(max)} at worst`;
  const text = `${milliseconds(p50)} (p50), ${milliseconds(p99)} (p99)${worst}`;
  return p99 > LAG_WARN_MS ? { text: `◆ ${text}`, tone: 'warn' } : { text };
}

function positionOf({ position, acknowledged }: Sync): Cell {
  if (position === undefined || acknowledged === undefined) return { text: 'not told', tone: 'quiet' };
  const waiting = Math.max(0, position - acknowledged);
  return { text: `batch ${position}, ${waiting === 0 ? 'all acknowledged' : `${waiting} under way`}` };
}

function lostOf(lost: number | undefined): Cell {
  if (lost === undefined) return { text: 'not told', tone: 'quiet' };
  return lost === 0 ? { text: 'none' } : { text: `◆ ${lost}: mended by checksums`, tone: 'warn' };
}

function digestsOf(digests: Sync['digests']): Cell {
  const { compared, differing = 0, repaired_entries: repaired = 0 } = digests ?? {};
  if (compared === undefined) return { text: 'not told', tone: 'quiet' };
  return {
    text: `${compared} compared, ${differing} differed, ${counted(repaired, 'entry', 'entries')} mended`,
  };
}

export function channelCells(channel: Ha['channel']): Cells {
  if (channel === undefined) return { channel: { text: 'not open', tone: 'warn' } };
  const age = channel.heard_age_ms === undefined ? '' : `, heard ${milliseconds(channel.heard_age_ms)} ago`;
  return {
    channel: channel.connected
      ? { text: `▲ connected${age}`, tone: 'good', title: channel.because }
      : { text: `▼ not connected: ${channel.because}`, tone: 'bad' },
    'channel-state': channel.up_to_date
      ? { text: '▲ the peer has our newest state', tone: 'good' }
      : { text: '◆ our newest state is not acknowledged yet', tone: 'warn' },
    'channel-last': { text: channel.last_state },
    'channel-refused': reasons(channel.refused),
  };
}

function reasons(counts: Readonly<Record<string, number>> | undefined): Cell {
  const all = Object.entries(counts ?? {}).filter(([, count]) => count > 0);
  if (all.length === 0) return { text: 'none' };
  return { text: `◆ ${all.map(([reason, count]) => `${reason} ${count}`).join(', ')}`, tone: 'warn' };
}

function countsText(counts: Readonly<Record<string, number>> | undefined): string {
  const all = Object.entries(counts ?? {});
  return all.map(([name, count]) => `${name.replace(/_/g, ' ')} ${count}`).join(', ') || 'nothing';
}
