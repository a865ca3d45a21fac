// What the directors themselves recorded during a drill, by their wall clocks; beside it stands what was seen on the wire.
import type { LabDirector } from '../lab/director.ts';

const EVENTS_MAX = 1_000;
const KEPT_MAX = 60;

export interface StoryEvent {
  readonly at_ms: number;
  readonly who: string;
  readonly kind: string;
  readonly what: string;
}

/** The number of the last event of each; 0 for one that does not answer. */
export async function lastEvents(directors: readonly LabDirector[]): Promise<Map<string, number>> {
  const last = new Map<string, number>();
  for (const director of directors) last.set(director.name, (await read(director, 0)).at(-1)?.id ?? 0);
  return last;
}

export async function eventsSince(
  directors: readonly LabDirector[],
  known: ReadonlyMap<string, number>,
  fault_wall: number,
): Promise<StoryEvent[]> {
  const all: StoryEvent[] = [];
  for (const director of directors)
    for (const { at, kind, subject, reason } of await read(director, known.get(director.name) ?? 0))
      all.push({ at_ms: at - fault_wall, who: director.name, kind, what: `${kind} ${subject}: ${reason}` });
  return all.slice(0, KEPT_MAX);
}

async function read(director: LabDirector, since: number) {
  try {
    return (await director.control.call('events', { query: { since, limit: EVENTS_MAX } })).events;
  } catch {
    return []; // what it does not tell is missing from the story alone
  }
}
