// Kills and revives directors of a lab, and follows what the pair makes of it: who answers for the VIPs on the wire, and
// when the killed one is a standby again. The record is what tally.ts judges by.
import type { LabDirector } from './director.ts';
import { monotonic_ms } from './monotonic.ts';
import type { LabObserver } from './observer/observer.ts';
import { activeOf, type DirectorView, unrest } from './pair.ts';
import type { DirectorName } from './topology.ts';

export interface Takeover {
  readonly director: string;
  /** Wall clock. The standby’s death is no takeover. */
  readonly killed_at: number;
  readonly wasActive: boolean;
  /** Who answered for a VIP first afterwards, and when. */
  readonly by?: string;
  readonly taken_at?: number;
  readonly revived_at?: number;
  /** When it was a standby that could take over again. */
  readonly back_at?: number;
}

export type PairStory =
  | { readonly kind: 'director-killed' | 'director-revived'; readonly director: string }
  | { readonly kind: 'taken-over'; readonly by: string; readonly after_ms: number }
  | { readonly kind: 'director-back'; readonly director: string; readonly after_ms: number };

export interface Takeovers {
  /** Oldest first; the last one may be going on. */
  readonly list: readonly Takeover[];
  /** Kills the active one (every process of it), or a named one; starts one that does not run. One at a time. */
  toggle(name: DirectorName | 'active'): Promise<void>;
  observe(views: readonly DirectorView[]): Promise<void>;
}

type Open = { -readonly [K in keyof Takeover]: Takeover[K] };

export function createTakeovers(
  directors: readonly LabDirector[],
  observer: LabObserver,
  tell: (story: PairStory) => void,
): Takeovers {
  const list: Open[] = [];
  let views: readonly DirectorView[] = [];
  let killed_monotonic = 0;
  let busy = false;

  const kill = async (director: LabDirector): Promise<void> => {
    killed_monotonic = monotonic_ms();
    const wasActive = activeOf(views) === director;
    list.push({ director: director.name, killed_at: Date.now(), wasActive });
    tell({ kind: 'director-killed', director: director.name });
    await director.killEverything();
  };
  const revive = async (director: LabDirector, takeover: Open): Promise<void> => {
    await director.start();
    takeover.revived_at = Date.now();
    tell({ kind: 'director-revived', director: director.name });
  };
  const lookAtWire = async (takeover: Open): Promise<void> => {
    const { reigns } = await observer.report(killed_monotonic);
    const first = reigns
      .filter(({ mac }) => observer.nameOf(mac) !== takeover.director)
      .toSorted((one, other) => one.from - other.from)[0];
    if (!first) return;
    const after_ms = first.from - killed_monotonic;
    takeover.by = observer.nameOf(first.mac);
    takeover.taken_at = takeover.killed_at + after_ms;
    tell({ kind: 'taken-over', by: takeover.by, after_ms: Math.round(after_ms) });
  };
  return {
    list,
    async toggle(name) {
      if (busy) return;
      busy = true;
      try {
        const last = list.at(-1);
        const gone = last && last.revived_at === undefined ? last : undefined;
        const named = name === 'active' ? activeOf(views) : directors.find((one) => one.name === name);
        if (gone) {
          const director = directors.find((one) => one.name === gone.director)!;
          if (name === 'active' || named === director) await revive(director, gone);
        } else if (named && (last === undefined || last.back_at !== undefined)) await kill(named);
      } finally {
        busy = false;
      }
    },
    async observe(now) {
      views = now;
      const takeover = list.at(-1);
      if (!takeover) return;
      if (takeover.wasActive && takeover.taken_at === undefined) await lookAtWire(takeover);
      if (takeover.revived_at === undefined || takeover.back_at !== undefined) return;
      if (unrest(views) !== undefined) return;
      takeover.back_at = Date.now();
      const after_ms = takeover.back_at - takeover.revived_at;
      tell({ kind: 'director-back', director: takeover.director, after_ms });
    },
  };
}
