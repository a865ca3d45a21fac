// Which events matter, and how much: one table from kinds of events to news. Kinds that are not in it are for the record
// only.

import { ORDER_MS } from './tuning.ts';
import type { Cause, Level, News, NewsEvent, Occurrence, ReadonlyState, Severity } from './types.ts';

interface StateRow {
  readonly cause: Cause;
  readonly level: Level;
  readonly word: string;
  /** Kind of subject. */
  readonly of: string;
}

const state = (of: string, cause: Cause, level: Level, word: string): StateRow => ({
  of,
  cause,
  level,
  word,
});

/** Things whose name is the event's subject. */
const NAMED: Readonly<Record<string, StateRow>> = {
  'server-up': state('server', 'servers', 'ok', 'up'),
  'server-down': state('server', 'servers', 'warning', 'down'),
  'service-up': state('service', 'servers', 'ok', 'up'),
  'service-empty': state('service', 'servers', 'ok', 'empty'),
  'service-degraded': state('service', 'servers', 'warning', 'degraded'),
  'service-sorry': state('service', 'servers', 'critical', 'on its sorry server'),
  'service-down': state('service', 'servers', 'critical', 'down'),
  'step-failed': state('steps', 'director', 'warning', 'refused by the engine'),
  'step-recovered': state('steps', 'director', 'ok', 'accepted by the engine'),
  'vip-failed': state('vip', 'pair', 'critical', 'not up'),
  'vip-raised': state('vip', 'pair', 'ok', 'up'),
  'vip-restored': state('vip', 'pair', 'ok', 'up'),
};

/** Things of which there is one, with their names. */
const SINGLE: Readonly<Record<string, StateRow & { readonly name: string }>> = {
  'peer-heard': { ...state('peer', 'pair', 'ok', 'heard'), name: 'the peer' },
  'both-active': { ...state('conflict', 'pair', 'critical', 'claimed by both'), name: 'the VIPs' },
  'conflict-ended': { ...state('conflict', 'pair', 'ok', 'claimed by one'), name: 'the VIPs' },
  'raise-failed': { ...state('raise', 'pair', 'critical', 'not up'), name: 'the VIPs' },
  'raised-again': { ...state('raise', 'pair', 'ok', 'up'), name: 'the VIPs' },
  'witness-lost': { ...state('witness', 'pair', 'warning', 'silent'), name: 'every witness' },
  'witness-back': { ...state('witness', 'pair', 'ok', 'answering'), name: 'a witness' },
  'sync-silent': { ...state('sync', 'pair', 'warning', 'silent'), name: 'the connection sync' },
  'sync-up': { ...state('sync', 'pair', 'ok', 'up'), name: 'the connection sync' },
  'peer-disconnected': { ...state('channel', 'pair', 'warning', 'cut'), name: 'the channel to the peer' },
  'peer-connected': { ...state('channel', 'pair', 'ok', 'up'), name: 'the channel to the peer' },
  'epoch-store-failed': { ...state('epochs', 'store', 'warning', 'not stored'), name: 'the next epoch' },
  'epoch-stored': { ...state('epochs', 'store', 'ok', 'stored'), name: 'the next epoch' },
  failed: { ...state('director', 'director', 'warning', 'in trouble'), name: 'the director' },
  recovered: { ...state('director', 'director', 'ok', 'well'), name: 'the director' },
};

/** Things that happen, with what they weigh; `aside`: told only beside something else. */
const OCCURRENCES: Readonly<Record<string, readonly [Cause, Severity, 'aside'?]>> = {
  'cut-off': ['pair', 'critical'],
  claimant: ['pair', 'critical'],
  'vip-held': ['pair', 'critical'],
  'takeover-blocked': ['pair', 'critical'],
  'heartbeat-failed': ['pair', 'critical'],
  'heartbeat-lost': ['pair', 'warning'],
  'lost-claim': ['pair', 'warning'],
  yielded: ['pair', 'warning'],
  'took-back': ['pair', 'warning'],
  'release-failed': ['pair', 'warning'],
  'fence-failed': ['pair', 'warning'],
  'vip-not-released': ['pair', 'warning'],
  'announce-failed': ['pair', 'warning'],
  'network-refused': ['pair', 'warning'],
  'lease-not-attached': ['pair', 'warning'],
  'sync-failed': ['pair', 'warning'],
  'peer-restarted': ['pair', 'notice'],
  'takeover-abandoned': ['pair', 'notice'],
  fenced: ['pair', 'notice'],
  hold: ['pair', 'notice'],
  'hold-ended': ['pair', 'notice'],
  takeover: ['pair', 'notice', 'aside'],
  resumed: ['pair', 'notice', 'aside'],
  asking: ['pair', 'notice', 'aside'],
  'went-on': ['pair', 'notice', 'aside'],
  late: ['pair', 'notice', 'aside'],
  'handing-over': ['pair', 'notice', 'aside'],
  'handed-over': ['pair', 'notice', 'aside'],
  'switchover-ordered': ['pair', 'notice', 'aside'],
  'store-damaged': ['store', 'warning'],
  'store-in-memory': ['store', 'warning'],
  'upkeep-failed': ['store', 'warning'],
  'backup-failed': ['store', 'warning'],
  'drill-failed': ['pair', 'warning'],
  'drill-refused': ['pair', 'warning'],
  'schedule-failed': ['director', 'warning'],
  'schedule-missed': ['director', 'warning'],
  'schedule-left': ['director', 'notice'],
  'reload-refused': ['configuration', 'warning'],
  'revision-refused': ['configuration', 'warning'],
  'revision-unusable': ['configuration', 'warning'],
  applied: ['configuration', 'notice'],
  'revision-adopted': ['configuration', 'notice'],
  drained: ['orders', 'notice'],
  started: ['director', 'notice'],
  stopped: ['director', 'notice'],
};

export const ORDERS: ReadonlySet<string> = new Set(['switchover-ordered', 'hold-ordered', 'release-ordered']);

export function judge(
  event: NewsEvent,
  context: Pick<ReadonlyState, 'role' | 'settings' | 'subjects' | 'ordered_at'>,
): readonly News[] {
  const named = NAMED[event.kind];
  if (named !== undefined) return [ofNamed(event, named)];
  const single = SINGLE[event.kind];
  if (single !== undefined) {
    const name = event.kind === 'peer-heard' ? (context.settings?.peer ?? single.name) : single.name;
    return [{ ...fromRow(event, single), key: single.of, name }];
  }
  const occurrence = OCCURRENCES[event.kind];
  if (occurrence !== undefined) return [ofOccurrence(event, ...occurrence)];
  return judgeOther(event, context);
}

function fromRow(event: NewsEvent, { cause, level, word }: StateRow) {
  return { kind: 'state' as const, cause, level, word, reason: event.reason };
}

function ofNamed(event: NewsEvent, row: StateRow): News {
  const { subject } = event;
  const service = row.cause === 'servers' || row.of === 'steps' ? subject.split('/')[0] : undefined;
  return {
    ...fromRow(event, row),
    // One place names a VIP with its prefix, the other without.
    key: `${row.of} ${row.of === 'vip' ? subject.split('/')[0] : subject}`,
    name: row.of === 'vip' ? `VIP ${subject}` : subject,
    ...(service === undefined ? {} : { service }),
  };
}

function ofOccurrence(event: NewsEvent, cause: Cause, severity: Severity, aside?: 'aside'): Occurrence {
  const service = cause === 'orders' ? event.subject.split('/')[0] : undefined;
  const ordinary = cause === 'orders' ? `${event.subject} is drained` : sentenceOf(event);
  return {
    ...{ kind: 'occurrence', cause, severity },
    text: cause === 'orders' ? `${ordinary}: ${event.reason}` : ordinary,
    ...(service === undefined ? {} : { service }),
    ...(aside === undefined ? {} : { aside: true }),
  };
}

/** What the heartbeat says is about its own director; else the subject is worth saying. */
function sentenceOf({ kind, subject, reason }: NewsEvent): string {
  return subject === 'director' || kind === 'stopped' ? reason : `${subject}: ${reason}`;
}

function judgeOther(
  event: NewsEvent,
  context: Pick<ReadonlyState, 'role' | 'settings' | 'subjects' | 'ordered_at'>,
): readonly News[] {
  const { kind, reason } = event;
  switch (kind) {
    case 'became-active':
    case 'became-standby':
      return judgeRole(event, context);
    case 'peer-silent': {
      const active = context.role === 'active';
      return [
        {
          ...{ kind: 'state', key: 'peer', cause: 'pair', word: 'lost', reason },
          // A standby's peer is the active; an active without a standby still serves.
          level: active ? 'warning' : 'critical',
          name: context.settings?.peer ?? 'the peer',
        },
      ];
    }
    case 'link-up':
    case 'link-down':
      return [
        ofLink(event, 'link', kind === 'link-up' ? 'ok' : 'warning', kind === 'link-up' ? 'up' : 'down'),
      ];
    case 'link-heard':
    case 'link-silent': {
      const heard = kind === 'link-heard';
      return [ofLink(event, 'hearing', heard ? 'ok' : 'warning', heard ? 'heard again' : 'silent')];
    }
    case 'health': {
      const health = evidenceOf(event, 'health');
      const level = health === 'bad' ? 'critical' : health === 'impaired' ? 'warning' : 'ok';
      return [
        {
          kind: 'state',
          key: 'health',
          cause: 'pair',
          name: 'own health',
          level,
          word: String(health),
          reason,
        },
      ];
    }
    default:
      return [];
  }
}

function ofLink(event: NewsEvent, of: string, level: Level, word: string): News {
  const link = String(evidenceOf(event, 'link') ?? '?');
  return {
    ...{ kind: 'state', key: `${of} ${link}`, cause: 'pair', name: `heartbeat link ${link}` },
    ...{ level, word, reason: event.reason },
  };
}

/** Whoever becomes active because its peer is lost tells of an emergency; what was ordered is worth a note. */
function judgeRole(
  event: NewsEvent,
  context: Pick<ReadonlyState, 'role' | 'settings' | 'subjects' | 'ordered_at'>,
): readonly News[] {
  const role = event.kind === 'became-active' ? 'active' : 'standby';
  // A supervisor that starts again finds its role as it was.
  if (context.role === role) return [];
  const node = context.settings?.node ?? 'this director';
  const peer = context.subjects.get('peer');
  const lost = peer !== undefined && peer.level !== 'ok';
  const ordered = event.at - context.ordered_at < ORDER_MS;
  const severity = role === 'active' ? (lost ? 'critical' : 'notice') : ordered ? 'notice' : 'warning';
  const told: Occurrence = {
    ...{ kind: 'occurrence', cause: 'pair', severity, role, urgent: true },
    text:
      role === 'active'
        ? `${node} has taken over: ${event.reason}`
        : `${node} stands by now: ${event.reason}`,
  };
  if (role === 'active') return [told];
  // What only an active can have is over.
  const over = ['raise', 'conflict'].flatMap((key): News[] => {
    const subject = context.subjects.get(key);
    return subject === undefined
      ? []
      : [{ ...subject, kind: 'state', level: 'ok', word: 'released', reason: event.reason, since: event.at }];
  });
  return [told, ...over];
}

function evidenceOf(event: NewsEvent, name: string): unknown {
  const { evidence } = event;
  return typeof evidence === 'object' && evidence !== null && !Array.isArray(evidence)
    ? (evidence as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
