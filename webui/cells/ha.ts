// The cells of the pair's page: both directors, every link in both directions, VIPs, lease, sync and channel. Sent only to
// browsers that show that page.
import type { Ha } from '../../director/control/ha-schema.ts';
import type { Status } from '../../director/control/schema.ts';
import { counted, milliseconds } from '../html/format.ts';
import { ago } from '../public/ago.ts';
import type { Cell, Cells, Tone } from './cell.ts';
import { alarmOf } from './ha-alarm.ts';
import { channelCells, syncCells } from './ha-sync.ts';

/** The pair's subject; no service can be called so. */
export const HA = '@ha';

export type PairStatus = Omit<Status, 'services'>;
export type Link = NonNullable<Ha['links']>[number];

const NOT_TOLD: Cell = { text: 'not told', tone: 'quiet' };
/** Loss of more than this, in thousandths, is not a busy moment. */
const LOSS_WARN_PERMILLE = 20;
const SILENT_DEADTIMES = 1;

export function haCells(status: PairStatus): Cells {
  const { ha } = status;
  const cells: Record<string, Cell> = { alarm: alarmOf(status) };
  for (const [index, vip] of status.virtual_ips.entries()) cells[`vip${index}`] = holderOf(status, vip);
  if (ha === undefined || !ha.pair) return cells;
  Object.assign(cells, ownCells(status, ha), peerCells(status, ha), protectionCells(ha));
  for (const [index, link] of (ha.links ?? []).entries())
    for (const [key, cell] of Object.entries(linkCells(link, ha.heartbeat?.deadtime_ms)))
      cells[`link${index}-${key}`] = cell;
  return { ...cells, ...syncCells(ha.sync), ...channelCells(ha.channel) };
}

function roleMark(role: string | undefined): Cell {
  if (role === 'active') return { text: '● active', tone: 'good' };
  if (role === 'standby') return { text: '◌ standby', tone: 'quiet' };
  return role === undefined ? { text: '? unknown', tone: 'warn' } : { text: `◆ ${role}`, tone: 'warn' };
}

function healthOf(health: string | undefined, reason?: string): Cell {
  if (health === undefined) return NOT_TOLD;
  const tone: Tone = health === 'good' ? 'good' : health === 'bad' ? 'bad' : 'warn';
  const shape = { good: '▲', warn: '◆', bad: '▼' }[tone];
  return { text: `${shape} ${health}${reason === undefined || reason === '' ? '' : `: ${reason}`}`, tone };
}

function holdOf(hold: boolean | undefined): Cell {
  if (hold === undefined) return NOT_TOLD;
  return hold
    ? { text: '◆ on hold: stands by until released', tone: 'warn' }
    : { text: 'no, free to be active' };
}

function completeOf(complete: boolean | undefined): Cell {
  if (complete === undefined) return NOT_TOLD;
  return complete
    ? { text: '▲ knows every verdict and connection', tone: 'good' }
    : { text: '◆ does not know everything yet', tone: 'warn' };
}

function ownCells(status: PairStatus, ha: Ha): Cells {
  const { heartbeat } = ha;
  const since = heartbeat?.since;
  return {
    'own-role': roleMark(
      heartbeat?.running === true && heartbeat.role === 'starting' ? 'starting' : status.role,
    ),
    'own-because': { text: ha.because },
    'own-since':
      since === undefined
        ? NOT_TOLD
        : { text: ago(status.now - since), title: new Date(since).toISOString() },
    'own-epoch': heartbeat?.epoch === undefined ? NOT_TOLD : { text: String(heartbeat.epoch) },
    'own-health': healthOf(heartbeat?.health, heartbeat?.health_reason),
    'own-hold': holdOf(heartbeat?.hold),
    'own-complete': completeOf(heartbeat?.complete),
    'own-revision': { text: String(status.revision.number) },
    'own-heartbeat': heartbeatOf(heartbeat),
    'own-lateness': latenessOf(heartbeat),
  };
}

function heartbeatOf(heartbeat: Ha['heartbeat']): Cell {
  if (heartbeat === undefined) return NOT_TOLD;
  const restarts = heartbeat.restarts === 0 ? '' : `, started again ${counted(heartbeat.restarts, 'time')}`;
  return heartbeat.running
    ? {
        text: `▲ runs${heartbeat.pid === undefined ? '' : ` (pid ${heartbeat.pid})`}${restarts}`,
        tone: 'good',
      }
    : { text: `▼ does not run: ${heartbeat.detail ?? 'not told why'}${restarts}`, tone: 'bad' };
}

/** A heartbeat that comes late by half the deadtime has nearly cost the VIPs. */
function latenessOf(heartbeat: Ha['heartbeat']): Cell {
  const { lateness_p99_ms: p99, lateness_max_ms: max, deadtime_ms } = heartbeat ?? {};
  if (p99 === undefined || max === undefined) return NOT_TOLD;
  const text = `${milliseconds(p99)} (p99), ${milliseconds(max)} at worst`;
  return deadtime_ms !== undefined && p99 > deadtime_ms / 2
    ? { text: `◆ ${text}`, tone: 'warn', title: 'this machine is too busy for this deadtime' }
    : { text };
}

function peerCells(status: PairStatus, { peer }: Ha): Cells {
  const heard = peer?.heard === true;
  const stale = (cell: Cell): Cell =>
    heard || cell === NOT_TOLD ? cell : { ...cell, text: `${cell.text}, when last heard`, tone: 'quiet' };
  const revision = peer?.revision;
  const same = revision === status.revision.number;
  return {
    'peer-role': heard
      ? roleMark(peer.role)
      : { text: peer?.role === undefined ? '▼ not heard' : `▼ not heard; was ${peer.role}`, tone: 'bad' },
    'peer-heard': heardOf(peer),
    'peer-epoch': peer?.epoch === undefined ? NOT_TOLD : stale({ text: String(peer.epoch) }),
    'peer-health': stale(healthOf(peer?.health)),
    'peer-hold': stale(holdOf(peer?.hold)),
    'peer-complete': stale(completeOf(peer?.complete)),
    'peer-priority': peer?.priority === undefined ? NOT_TOLD : { text: String(peer.priority) },
    'peer-revision':
      revision === undefined
        ? NOT_TOLD
        : same
          ? { text: `${revision}, the same` }
          : { text: `◆ ${revision}, here it is ${status.revision.number}`, tone: 'warn' },
  };
}

function heardOf(peer: Ha['peer']): Cell {
  const age = peer?.heard_age_ms;
  if (peer?.heard === true) return { text: `▲ ${age === undefined ? 'heard' : ageText(age)}`, tone: 'good' };
  return { text: age === undefined ? '▼ never heard' : `▼ last ${ageText(age)}`, tone: 'bad' };
}

function ageText(age_ms: number): string {
  return age_ms >= 10_000 ? ago(age_ms) : `${milliseconds(age_ms)} ago`;
}

function linkCells(link: Link, deadtime_ms = 1_000): Cells {
  const direction = (age: number | undefined, who: string): Cell => {
    if (age === undefined) return { text: `${who}: never`, tone: 'bad' };
    const tone: Tone = age <= SILENT_DEADTIMES * deadtime_ms ? 'good' : 'bad';
    return { text: `${who}: ${ageText(age)}`, tone };
  };
  return {
    state: link.up
      ? { text: '▲ up', tone: 'good', title: link.detail }
      : { text: `▼ down: ${link.detail}`, tone: 'bad' },
    out: direction(link.they_heard_age_ms, 'they hear us'),
    in: direction(link.heard_age_ms, 'we hear them'),
    loss: lossOf(link.lost_permille),
    rejected: rejectedOf(link.rejected),
    counts: { text: `${link.sent} sent, ${link.received} received` },
  };
}

/** Each start of the peer costs some that are not confirmed yet; anything else is worth a look. */
function rejectedOf(counts: Link['rejected']): Cell {
  const all = Object.entries(counts).filter(([, count]) => count > 0);
  const text = all.map(([reason, count]) => `${reason} ${count}`).join(', ');
  if (all.length === 0) return { text: 'none' };
  return all.every(([reason]) => reason === 'unconfirmed') ? { text } : { text: `◆ ${text}`, tone: 'warn' };
}

function lossOf(permille: number): Cell {
  const text = `${(permille / 10).toFixed(1)} %`;
  return permille > LOSS_WARN_PERMILLE ? { text: `◆ ${text}`, tone: 'warn' } : { text };
}

function protectionCells({ lease, heartbeat }: Ha): Cells {
  const claimants = heartbeat?.claimants ?? 0;
  return {
    lease: leaseOf(lease),
    announcements:
      heartbeat?.announcements === undefined
        ? NOT_TOLD
        : { text: `${counted(heartbeat.announcements, 'announcement')} since the heartbeat began` },
    claimants:
      claimants === 0
        ? { text: 'nobody else' }
        : { text: `▼ others have claimed a VIP ${counted(claimants, 'time')}`, tone: 'bad' },
    witness:
      heartbeat?.witness === undefined
        ? { text: 'none asked' }
        : heartbeat.witness
          ? { text: '▲ answers', tone: 'good' }
          : { text: '▼ none answers', tone: 'bad' },
  };
}

function leaseOf(lease: Ha['lease']): Cell {
  if (lease === undefined) return NOT_TOLD;
  const age = lease.age_ms === undefined ? '' : `, renewed ${ageText(lease.age_ms)}`;
  if (lease.state === 'held') return { text: `▲ held${age}`, tone: 'good', title: lease.detail };
  if (lease.state === 'none') return { text: 'none, as it is not active', title: lease.detail };
  return { text: `◆ unguarded: ${lease.detail}`, tone: 'warn' };
}

type Vip = Status['virtual_ips'][number];

/** Who answers for it, as far as this director knows. */
function holderOf({ ha, node, role }: PairStatus, vip: Vip): Cell {
  if (vip.state === 'failed')
    return { text: `▼ failed${vip.detail === undefined ? '' : `: ${vip.detail}`}`, tone: 'bad' };
  const peer = ha?.peer;
  const peerHolds = peer?.heard === true && peer.role === 'active';
  if (vip.state === 'up')
    return peerHolds
      ? { text: `▼ ${node}, and ${peer.name} claims it too`, tone: 'bad' }
      : { text: `● ${node}`, tone: 'good' };
  if (peerHolds) return { text: `◌ ${peer.name}`, title: 'as it says itself' };
  return role === 'active'
    ? { text: `▼ nobody: ${node} is active but does not have it`, tone: 'bad' }
    : { text: '▼ nobody that is heard', tone: 'bad' };
}
