// Everything that the role decision remembers: plain data, so that a state can be printed, compared, stored and replayed.
// Guarantees: a step works on a copy (`Turn.s`) and the caller's state stays as it was; parts are replaced, never changed.
import type { Beat, CoreSettings, Effect, Health, OrderKind, Role } from './types.ts';

/** A time that lies before every other one; a number that survives JSON. */
export const NEVER = -1e15;
/** Epochs travel in 32 bits. */
export const EPOCH_MAX = 0xffff_ffff;

/** What comes in on one link. */
export interface LinkView {
  readonly up: boolean;
  readonly reason: string;
  /** Of the peer's last beat here in its present boot; 0: none. */
  readonly sequence: number;
  readonly heard_ms: number;
  /** Whether `link-silent` has been told. */
  readonly silent: boolean;
}

export interface PeerView {
  /** The newest by sequence, whichever link it came on. */
  readonly beat: Beat;
  readonly heard_ms: number;
  /** The silence that its newest beat ended. */
  readonly pause_ms: number;
  /** Heard without a gap since. */
  readonly since_ms: number;
  /** Heard without a gap, in good health and complete since; NEVER: is not. */
  readonly fit_ms: number;
  /** The boot before this one, whose late frames mean nothing while this one is heard; 0: none known. */
  readonly formerBoot: number;
}

/** Giving the VIPs to the peer: first they go down here, then the peer is told, then it has to say that it is active. */
export interface Handover {
  readonly phase: 'releasing' | 'offered';
  readonly at_ms: number;
  readonly because: string;
  readonly order?: { readonly id: number; readonly kind: OrderKind };
}

/** What must be asked before a claim. The same object from the first wish to the claim or to the wish's end. */
export interface Takeover {
  readonly fencing: boolean;
  readonly fenced: boolean;
  readonly probing: boolean;
  readonly probed: boolean;
  readonly at_ms: number;
  /** After a refusal: not before. */
  readonly retry_ms: number;
  /** How often somebody else held the VIPs. */
  readonly refusals: number;
}

export interface Draft {
  settings: CoreSettings;
  readonly bootId: number;
  readonly started_ms: number;
  role: Role;
  because: string;
  since_ms: number;
  /** The highest claim known; as active: our own. */
  epoch: number;
  hold: boolean;
  health: Health;
  healthReason: string;
  complete: boolean;
  completeReason: string;
  syncPosition: number;
  revision: number;
  revisionHash: number;
  witness: boolean;

  links: readonly LinkView[];
  peer: PeerView | undefined;
  /** Whether the peer's silence has been told. */
  peerSilent: boolean;

  sequence: number;
  /** Of the first beat of this boot. */
  spoke_ms: number;
  /** The last beat of the regular kind, which sets the pace. */
  paced_ms: number;
  answered_ms: number;
  /** What the last beat said of our standing, and the first beat that said so. */
  saidStanding: number;
  saidSequence: number;

  tick_ms: number;
  lateTold_ms: number;
  /** Silence counts from here at the earliest: the start, or the end of a time in which nothing could be heard. */
  listen_ms: number;
  /** The last moment at which somebody was known to be active. */
  owned_ms: number;
  /** The silence that is waited for, while a shorter one has just been configured. */
  patience: { readonly deadtime_ms: number; readonly until_ms: number } | undefined;

  renewed_ms: number;
  /** Active, but the lease has lapsed: the first beat that asked the peer whether it may go on. */
  asking: { readonly since_ms: number; readonly sequence: number } | undefined;
  handover: Handover | undefined;
  handoverFailures: number;
  handoverRetry_ms: number;
  takeover: Takeover | undefined;
  fencesOut: number;
  probesOut: number;
  /** Why a claim was not made; told once. */
  blocked: string;
  /** Both claim since; NEVER: not so. */
  conflict_ms: number;
  announced_ms: number;
  claimantTold_ms: number;
  /** The peer's beats say that they miss ours since; NEVER: they do not. */
  unheardSince_ms: number;
  /** Released because the peer did not hear us; not again until it has heard us, or was active. */
  yieldedUnheard: boolean;

  raised: 'no' | 'wanted' | 'up' | 'failed';
  raise_ms: number;
  raiseYields: number;
  raiseYield_ms: number;
  releaseRetry_ms: number;

  reserved: number;
  reserving: number;
  storeFailures: number;
  storeRetry_ms: number;

  /** Whom we saw own the VIPs last, and how often that changed lately. */
  owner: '' | 'self' | 'peer';
  moves: number;
  moved_ms: number;
  unfit_ms: number;
  /** The VIPs came by an operator's order: no automatic failback undoes it. */
  ordered: boolean;
}

export type State = Readonly<Draft>;

/** One step under way. */
export interface Turn {
  readonly s: Draft;
  readonly now: number;
  readonly effects: Effect[];
  /** Ticks did not come: what the socket still holds may be newer than what is known. */
  readonly late: boolean;
}

const SILENT_LINK: LinkView = { up: true, reason: '', sequence: 0, heard_ms: NEVER, silent: false };

export function linkViews(count: number, before: readonly LinkView[]): readonly LinkView[] {
  return Array.from({ length: count }, (_, i) => before[i] ?? SILENT_LINK);
}

/** `storedEpoch`: the highest epoch that this director may have claimed in an earlier life; 0: none. */
export function createState(
  settings: CoreSettings,
  bootId: number,
  now_ms: number,
  storedEpoch: number,
): State {
  return {
    settings,
    bootId,
    started_ms: now_ms,
    role: 'starting',
    because: 'started; listens for its peer',
    since_ms: now_ms,
    epoch: Math.min(Math.max(0, storedEpoch), EPOCH_MAX),
    hold: false,
    health: 'good',
    healthReason: '',
    complete: false,
    completeReason: '',
    syncPosition: 0,
    revision: 0,
    revisionHash: 0,
    witness: false,
    links: linkViews(settings.links, []),
    peer: undefined,
    peerSilent: false,
    sequence: 0,
    spoke_ms: NEVER,
    paced_ms: NEVER,
    answered_ms: NEVER,
    saidStanding: -1,
    saidSequence: 0,
    tick_ms: now_ms,
    lateTold_ms: NEVER,
    listen_ms: now_ms,
    owned_ms: now_ms,
    patience: undefined,
    renewed_ms: NEVER,
    asking: undefined,
    handover: undefined,
    handoverFailures: 0,
    handoverRetry_ms: NEVER,
    takeover: undefined,
    fencesOut: 0,
    probesOut: 0,
    blocked: '',
    conflict_ms: NEVER,
    announced_ms: NEVER,
    claimantTold_ms: NEVER,
    unheardSince_ms: NEVER,
    yieldedUnheard: false,
    raised: 'no',
    raise_ms: NEVER,
    raiseYields: 0,
    raiseYield_ms: NEVER,
    releaseRetry_ms: NEVER,
    reserved: storedEpoch,
    reserving: 0,
    storeFailures: 0,
    storeRetry_ms: NEVER,
    owner: '',
    moves: 0,
    moved_ms: NEVER,
    unfit_ms: NEVER,
    ordered: false,
  };
}

export function record(
  turn: Turn,
  event: string,
  reason: string,
  evidence: Readonly<Record<string, string | number | boolean>> = {},
): void {
  turn.effects.push({ kind: 'record', event, reason, evidence });
}

export function enter(turn: Turn, role: Role, because: string): void {
  const { s } = turn;
  if (s.role !== role) s.since_ms = turn.now;
  s.role = role;
  s.because = because;
}

/** What this director is worth: VIPs that cannot be raised are no better than a dead link. */
export function ownHealth(s: State): Health {
  return s.raised === 'failed' ? 'bad' : s.health;
}
