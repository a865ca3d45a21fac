// A state as tests push it.
import { revisionHash } from '../revision-hash.ts';
import type { PeerRevision, PeerState } from '../state.ts';

export function revision(number: number, text: string): PeerRevision {
  return {
    number,
    hash: revisionHash(text),
    at: 1_700_000_000_000 + number,
    author: 'eve',
    comment: '',
    text,
  };
}

export function exampleState(more: Partial<PeerState> = {}): PeerState {
  return {
    director: 'lb1',
    epoch: 3,
    role: 'active',
    revision: revision(5, 'services: {}\n'),
    orders: [
      { service: 'www', server: 'rs1', admin: 'draining', since: 1, atDeadline: 'cut', author: 'eve' },
    ],
    schedule: [
      {
        name: 'night',
        kind: 'backup',
        moment: 1_700_000_000_000,
        phase: 'over',
        servers: [],
        outcome: 'done',
        detail: '',
        at: 1_700_000_000_100,
      },
    ],
    verdicts: [
      { key: 'a', health: 'up', reason: 'connected', at: 1 },
      { key: 'b', health: 'down', reason: 'connection refused', at: 2 },
    ],
    ...more,
  };
}
