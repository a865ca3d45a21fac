// Kinds of events: in which group each is looked for, and how bad it is. A kind that is not listed is shown all the same.
import type { Tone } from '../cells/cell.ts';

export interface KindGroup {
  readonly name: string;
  readonly title: string;
  readonly kinds: readonly string[];
}

const LINKS = [
  ...['peer-heard', 'peer-silent', 'peer-restarted', 'link-heard', 'link-silent', 'link-up', 'link-down'],
  ...['peer-connected', 'peer-disconnected', 'peer-state-refused'],
] as const;
const ROLES = [
  ...['takeover', 'took-back', 'took-over', 'standby', 'became-active', 'became-standby', 'handing-over'],
  ...[
    'handed-over',
    'cut-off',
    'yielded',
    'lost-claim',
    'both-active',
    'conflict-ended',
    'claimant',
    'renumbered',
  ],
  ...[
    'resumed',
    'resume-refused',
    'went-on',
    'asking',
    'late',
    'takeover-blocked',
    'takeover-abandoned',
    'fenced',
  ],
  ...['fence-failed', 'vip-held', 'release-failed', 'raise-failed', 'raised-again', 'health', 'witness-lost'],
  ...['witness-back', 'hold', 'hold-ended', 'order-refused', 'switched-over', 'switchover-ordered'],
] as const;

/** The API takes 1 024 characters of kinds, 64 of them. */
export const KIND_GROUPS: readonly KindGroup[] = [
  { name: 'servers', title: 'Servers', kinds: ['server-up', 'server-down', 'server-unknown', 'drained'] },
  {
    name: 'services',
    title: 'Services',
    kinds: [
      ...[
        'service-up',
        'service-degraded',
        'service-sorry',
        'service-down',
        'service-unknown',
        'service-empty',
      ],
      ...['step-failed', 'step-recovered'],
    ],
  },
  { name: 'pair', title: 'Pair', kinds: [...ROLES, ...LINKS] },
  { name: 'links', title: 'Links and peer', kinds: LINKS },
  {
    name: 'vips',
    title: 'Virtual IPs',
    kinds: [
      ...[
        'vip-raised',
        'vip-restored',
        'vip-released',
        'vip-failed',
        'vip-put-back',
        'vip-held',
        'claimant',
        'raise-failed',
      ],
      ...['raised-again', 'release-failed', 'lease-put-back', 'leftovers-released'],
    ],
  },
  {
    name: 'sync',
    title: 'Connection sync',
    kinds: ['sync-up', 'sync-silent', 'sync-gap', 'sync-events-lost', 'sync-failed', 'sync-key'],
  },
  {
    name: 'configuration',
    title: 'Configuration',
    kinds: [
      ...['applied', 'revision-adopted', 'revision-refused', 'revision-unusable', 'reload-refused'],
      ...['settings-changed', 'orders-adopted'],
    ],
  },
  {
    name: 'orders',
    title: 'Orders',
    kinds: [
      ...['drain-ordered', 'drained', 'enabled', 'disabled', 'weight-ordered', 'orders-adopted'],
      ...['switchover-ordered', 'switched-over', 'hold-ordered', 'release-ordered', 'hold', 'hold-ended'],
      'order-refused',
    ],
  },
  {
    name: 'schedule',
    title: 'Schedule and backups',
    kinds: [
      ...['schedule-begun', 'schedule-ended', 'schedule-left', 'schedule-missed', 'schedule-failed'],
      ...['drill-begun', 'drill-needless', 'drill-refused', 'drill-failed', 'drill-recorded'],
      ...['backup-made', 'backup-failed', 'restored'],
    ],
  },
  {
    name: 'store',
    title: 'Store',
    kinds: [
      ...['store-damaged', 'store-in-memory', 'upkeep-failed', 'epoch-stored', 'epoch-store-failed'],
      'epoch-not-stored',
    ],
  },
  {
    name: 'director',
    title: 'Director',
    kinds: [
      ...['started', 'stopped', 'adopted', 'failed', 'recovered', 'health', 'late', 'heartbeat-failed'],
      ...['heartbeat-lost', 'heartbeat-trouble', 'heartbeat-ended', 'heartbeat-stays'],
    ],
  },
];

export const ALL_KINDS: readonly string[] = [...new Set(KIND_GROUPS.flatMap(({ kinds }) => kinds))].sort();

export function kindsOfGroup(name: string | undefined): readonly string[] | undefined {
  return KIND_GROUPS.find((group) => group.name === name)?.kinds;
}

const TONES: readonly (readonly [RegExp, Tone])[] = [
  [/^(both-active|claimant|cut-off|store-damaged)$|-(down|failed|lost)$|^failed$/, 'bad'],
  [
    /-(silent|refused|degraded|sorry|unknown|empty|trouble|unusable|blocked|gap|disconnected|in-memory|not-stored|missed|left)$|^(takeover|took-back|yielded|lost-claim|late|asking|hold|disabled|vip-held|took-over)$/,
    'warn',
  ],
  [
    /-(up|heard|recovered|connected|again|back|ended)$|^(recovered|enabled|resumed|conflict-ended|switched-over|became-active)$/,
    'good',
  ],
];
const SHAPES: Readonly<Record<Tone, string>> = { bad: '▼', warn: '◆', good: '▲', quiet: '·' };

export function toneOf(kind: string): Tone {
  return TONES.find(([pattern]) => pattern.test(kind))?.[1] ?? 'quiet';
}

export function shapeOf(tone: Tone): string {
  return SHAPES[tone];
}
