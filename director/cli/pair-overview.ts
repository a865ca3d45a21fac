// What `fairlead status` says of the pair: heartbeat, peer, links, lease, sync and the channel, a line or a few each.
import type { Ha } from '../control/ha-schema.ts';
import { duration } from './show.ts';
import { paint, plain, type Tone } from './table.ts';

type Part = readonly [label: string, lines: readonly string[]];

export function pairOverview(ha: Ha | undefined, color: boolean): Part[] {
  if (ha?.pair !== true) return [];
  return [
    ['heartbeat', [heartbeatLine(ha, color)]],
    ['peer', [peerLine(ha, color)]],
    ['links', linkLines(ha, color)],
    ['sync', [syncLine(ha, color)]],
    ['channel', [channelLine(ha, color)]],
  ];
}

function tinted(text: string, tone: Tone | undefined, color: boolean): string {
  return paint(plain(text), tone, color);
}

function heartbeatLine({ heartbeat, lease }: Ha, color: boolean): string {
  if (heartbeat?.running !== true)
    return tinted(`not running: ${heartbeat?.detail ?? 'unknown'}`, 'bad', color);
  const tone = heartbeat.health === 'good' ? undefined : 'warn';
  return [
    `pid ${heartbeat.pid}, claim ${heartbeat.epoch}`,
    tinted(`health ${heartbeat.health} (${heartbeat.health_reason})`, tone, color),
    ...(heartbeat.hold === true ? [tinted('on hold', 'warn', color)] : []),
    ...(heartbeat.complete === true ? [] : [tinted('not complete yet', 'warn', color)]),
    ...(heartbeat.witness === false ? [tinted('no witness answers', 'bad', color)] : []),
    ...(lease === undefined ? [] : [leaseText(lease, color)]),
    ...(heartbeat.restarts > 0 ? [`${heartbeat.restarts} restarts`] : []),
  ].join(', ');
}

function leaseText(lease: NonNullable<Ha['lease']>, color: boolean): string {
  const age = lease.age_ms === undefined ? '' : `, renewed ${milliseconds(lease.age_ms)} ago`;
  const tone = lease.state === 'unguarded' ? 'bad' : undefined;
  const detail = lease.state === 'unguarded' ? ` (${lease.detail})` : '';
  return tinted(`lease ${lease.state}${detail}${age}`, tone, color);
}

function peerLine({ peer }: Ha, color: boolean): string {
  if (peer === undefined) return 'unknown';
  if (!peer.heard) {
    const last =
      peer.heard_age_ms === undefined ? 'never heard' : `not heard for ${duration(peer.heard_age_ms)}`;
    return tinted(`${peer.name}: ${last}`, 'bad', color);
  }
  const parts = [
    `${peer.name}: ${peer.role ?? 'unknown'}`,
    `health ${peer.health ?? 'unknown'}`,
    ...(peer.hold === true ? ['on hold'] : []),
    ...(peer.complete === true ? [] : ['not complete yet']),
    ...(peer.revision === undefined ? [] : [`revision ${peer.revision}`]),
    `heard ${milliseconds(peer.heard_age_ms ?? 0)} ago`,
  ];
  return tinted(parts.join(', '), peer.health === 'bad' || peer.hold === true ? 'warn' : undefined, color);
}

function linkLines({ links = [] }: Ha, color: boolean): string[] {
  if (links.length === 0) return ['unknown'];
  const width = Math.max(...links.map((link) => link.name.length));
  return links.map((link) => {
    const name = plain(link.name).padEnd(width);
    if (!link.up) return `${name}  ${tinted(`down: ${link.detail}`, 'bad', color)}`;
    const heard =
      link.heard_age_ms === undefined ? 'nothing heard' : `heard ${milliseconds(link.heard_age_ms)} ago`;
    const theirs =
      link.they_heard_age_ms === undefined ? '' : `, heard there ${milliseconds(link.they_heard_age_ms)} ago`;
    const rejected = Object.values(link.rejected).reduce((sum, count) => sum + count, 0);
    const loss = `${(link.lost_permille / 10).toFixed(1)}% lost`;
    const bad = link.heard_age_ms === undefined || link.lost_permille > 0;
    const text = `up, ${heard}${theirs}, ${loss}${rejected > 0 ? `, ${rejected} rejected` : ''}`;
    return `${name}  ${tinted(text, bad ? 'warn' : undefined, color)}`;
  });
}

function syncLine({ sync }: Ha, color: boolean): string {
  if (sync === undefined) return tinted('off: a takeover loses connections', 'warn', color);
  if (!sync.running || sync.state === undefined)
    return tinted(`not running: ${sync.detail ?? 'it has said nothing yet'}`, 'bad', color);
  const progress = sync.progress === undefined ? '' : `, ${Math.floor(sync.progress * 100)}%`;
  const lost =
    sync.events_lost === undefined || sync.events_lost === 0 ? '' : `, ${sync.events_lost} events lost`;
  const text = `${sync.state}, ${sync.complete ? 'complete' : `not complete: ${sync.because}`}${progress}, lag ${milliseconds(sync.lag_p99_ms ?? 0)} (p99)${lost}`;
  return tinted(text, sync.complete ? undefined : 'warn', color);
}

function channelLine({ channel }: Ha, color: boolean): string {
  if (channel === undefined) return tinted('not open: the peer’s address is not known yet', 'warn', color);
  if (!channel.connected) return tinted(`not connected: ${channel.because}`, 'warn', color);
  return plain(
    `connected (${channel.because})${channel.up_to_date ? '' : ', our newest state is on its way'}`,
  );
}

function milliseconds(value: number): string {
  return value >= 10_000 ? duration(value) : `${Math.round(value)} ms`;
}
