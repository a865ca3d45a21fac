// The receiving end of the states: makes whole states again out of differences, or says that it cannot.

import type { ScheduleRecord } from '../model/schedule.ts';
import { type Have, NOTHING, type StateMessage } from './message.ts';
import { revisionHash } from './revision-hash.ts';
import { LIST_MAX, type PeerOrder, type PeerRevision, type PeerState, type PeerVerdict } from './state.ts';

/** unknown-base, unknown-text: send it complete. old-serial: a newer one has overtaken it. */
export type InboxRefusal = 'unknown-base' | 'unknown-text' | 'old-serial' | 'too-many-verdicts';

interface Held {
  readonly session: string;
  readonly serial: number;
  readonly orders: readonly PeerOrder[];
  readonly schedule: readonly ScheduleRecord[] | undefined;
  readonly verdicts: ReadonlyMap<string, PeerVerdict>;
  readonly list: readonly PeerVerdict[];
}

export class Inbox {
  #held: Held | undefined;
  /** By the hash that we computed, never by the one that we were told. */
  #received: { readonly hash: string; readonly text: string } | undefined;
  #own: { readonly hash: string; readonly text: string } | undefined;

  /** The peer need not send what we run ourselves. */
  ownRevision(revision: Pick<PeerRevision, 'hash' | 'text'>): void {
    if (this.#own?.hash === revision.hash) return;
    this.#own = { hash: revision.hash, text: revision.text };
  }

  have(): Have {
    const { session, serial } = this.#held ?? NOTHING;
    const texts = new Set([this.#own?.hash, this.#received?.hash].filter((hash) => hash !== undefined));
    return { session, serial, texts: [...texts] };
  }

  take(message: StateMessage): PeerState | InboxRefusal {
    const before = this.#held?.session === message.session ? this.#held : undefined;
    if (before !== undefined && message.serial <= before.serial) return 'old-serial';
    if (message.base !== undefined && message.base !== before?.serial) return 'unknown-base';
    const base = message.base === undefined ? undefined : before;
    const text = message.revision.text ?? this.#textOf(message.revision.hash);
    if (text === undefined) return 'unknown-text';
    const merged = mergeVerdicts(base, message);
    if (merged.list.length > LIST_MAX) return 'too-many-verdicts';
    if (message.revision.text !== undefined) this.#received = { hash: revisionHash(text), text };
    const orders = message.orders ?? base?.orders ?? [];
    const schedule = message.schedule ?? base?.schedule;
    const { session, serial, director, epoch, role } = message;
    this.#held = { session, serial, orders, schedule, ...merged };
    return {
      director,
      epoch,
      role,
      revision: { ...message.revision, text },
      orders,
      ...(schedule === undefined ? {} : { schedule }),
      verdicts: merged.list,
    };
  }

  #textOf(hash: string): string | undefined {
    return [this.#received, this.#own].find((known) => known?.hash === hash)?.text;
  }
}

function mergeVerdicts(base: Held | undefined, message: StateMessage): Pick<Held, 'verdicts' | 'list'> {
  const { verdicts: changed = [], forgotten = [] } = message;
  if (base !== undefined && changed.length === 0 && forgotten.length === 0)
    return { verdicts: base.verdicts, list: base.list };
  const verdicts = new Map(base?.verdicts);
  for (const key of forgotten) verdicts.delete(key);
  for (const verdict of changed) verdicts.set(verdict.key, verdict);
  return { verdicts, list: [...verdicts.values()] };
}
