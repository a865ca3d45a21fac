// The role decision as the heartbeat's status shows it.
import { isHeard, unheardAge } from './peer.ts';
import { NEVER, ownHealth, type State } from './state.ts';
import type { Health, Role } from './types.ts';

export interface PeerDescription {
  readonly name: string;
  readonly heard: boolean;
  readonly heard_age_ms?: number;
  readonly role?: Role;
  readonly health?: Health;
  readonly epoch?: number;
  readonly hold?: boolean;
  readonly complete?: boolean;
  readonly priority?: number;
  readonly revision?: number;
  readonly revisionHash?: number;
  readonly syncPosition?: number;
}

export interface LinkDescription {
  readonly up: boolean;
  readonly reason: string;
  readonly heard_age_ms?: number;
  readonly they_heard_age_ms?: number;
}

export interface Description {
  readonly role: Role;
  readonly because: string;
  readonly since_ms: number;
  readonly epoch: number;
  readonly hold: boolean;
  readonly health: Health;
  readonly health_reason: string;
  readonly complete: boolean;
  readonly witness?: boolean;
  /** Active, but the lease has lapsed and the peer is being asked. */
  readonly asking: boolean;
  readonly handingOver: boolean;
  /** Infinity when it has never heard us. */
  readonly unheard_age_ms: number;
  readonly peer: PeerDescription;
  readonly links: readonly LinkDescription[];
}

export function describe(s: State, now_ms: number): Description {
  return {
    role: s.role,
    because: s.because,
    since_ms: s.since_ms,
    epoch: s.epoch,
    hold: s.hold,
    health: ownHealth(s),
    health_reason: s.raised === 'failed' ? 'no VIP could be raised' : s.healthReason,
    complete: s.complete,
    ...(s.settings.witnesses ? { witness: s.witness } : {}),
    asking: s.asking !== undefined,
    handingOver: s.handover !== undefined,
    unheard_age_ms: unheardAge(s, now_ms),
    peer: peerOf(s, now_ms),
    links: s.links.map((view, i) => {
      const theirs = s.peer?.beat.heard[i];
      return {
        up: view.up,
        reason: view.reason,
        ...(view.heard_ms === NEVER ? {} : { heard_age_ms: now_ms - view.heard_ms }),
        ...(theirs === undefined || s.peer === undefined
          ? {}
          : { they_heard_age_ms: theirs.age_ms + now_ms - s.peer.heard_ms }),
      };
    }),
  };
}

function peerOf(s: State, now_ms: number): PeerDescription {
  const { peer } = s;
  if (peer === undefined) return { name: s.settings.peer, heard: false };
  const { role, health, epoch, hold, complete, priority, revision, revisionHash, syncPosition } = peer.beat;
  return {
    name: s.settings.peer,
    heard: isHeard(s, now_ms),
    heard_age_ms: now_ms - peer.heard_ms,
    ...{ role, health, epoch, hold, complete, priority, revision, revisionHash, syncPosition },
  };
}
