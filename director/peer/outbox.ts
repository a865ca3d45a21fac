// The sending end of the states: what to send, given what the peer has by its own word. Holds the newest state only.
import { type Have, NOTHING, type StateMessage } from './message.ts';
import type { PeerState, PeerVerdict } from './state.ts';

interface Sent {
  readonly serial: number;
  readonly state: PeerState;
}

export class Outbox {
  readonly #session: string;
  #serial = 0;
  #acknowledged: Sent | undefined;
  #peerHas: Have = NOTHING;

  constructor(session: string) {
    this.#session = session;
  }

  /** By the peer's last answer. */
  peerHas(have: Have): void {
    this.#peerHas = have;
  }

  /** The peer has this state or one that it took for its base. False after either end began anew. */
  isBase(): boolean {
    const { session, serial } = this.#peerHas;
    return session === this.#session && serial === this.#acknowledged?.serial;
  }

  acknowledged(sent: Sent): void {
    this.#acknowledged = sent;
  }

  /** Whether the peer has exactly this state. */
  isDelivered(state: PeerState): boolean {
    return this.isBase() && this.#acknowledged?.state === state;
  }

  compose(state: PeerState): { readonly message: StateMessage; readonly sent: Sent } {
    const serial = ++this.#serial;
    const { text, ...revision } = state.revision;
    const base = this.isBase() ? this.#acknowledged : undefined;
    const message: StateMessage = {
      session: this.#session,
      serial,
      director: state.director,
      epoch: state.epoch,
      role: state.role,
      revision: this.#peerHas.texts.includes(revision.hash) ? revision : { ...revision, text },
      ...(base === undefined
        ? { orders: [...state.orders], ...copyOf(state.schedule), verdicts: [...state.verdicts] }
        : { base: base.serial, ...difference(base.state, state) }),
    };
    return { message, sent: { serial, state } };
  }
}

function difference(
  before: PeerState,
  now: PeerState,
): Pick<StateMessage, 'orders' | 'schedule' | 'verdicts' | 'forgotten'> {
  return {
    ...(isSame(before.orders, now.orders) ? {} : { orders: [...now.orders] }),
    ...(isSame(before.schedule, now.schedule) ? {} : copyOf(now.schedule)),
    ...(before.verdicts === now.verdicts ? {} : changesOf(before.verdicts, now.verdicts)),
  };
}

function copyOf(schedule: PeerState['schedule']): Pick<StateMessage, 'schedule'> {
  if (schedule === undefined) return {};
  return { schedule: schedule.map((record) => ({ ...record, servers: [...record.servers] })) };
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

function changesOf(
  before: readonly PeerVerdict[],
  now: readonly PeerVerdict[],
): Pick<StateMessage, 'verdicts' | 'forgotten'> {
  const gone = new Map(before.map((verdict) => [verdict.key, verdict]));
  const verdicts: PeerVerdict[] = [];
  for (const verdict of now) {
    const old = gone.get(verdict.key);
    gone.delete(verdict.key);
    if (
      old !== undefined &&
      old.health === verdict.health &&
      old.at === verdict.at &&
      old.reason === verdict.reason
    )
      continue;
    verdicts.push(verdict);
  }
  return {
    ...(verdicts.length === 0 ? {} : { verdicts }),
    ...(gone.size === 0 ? {} : { forgotten: [...gone.keys()] }),
  };
}
