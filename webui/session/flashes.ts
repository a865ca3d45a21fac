// Messages for the page that comes after a write, kept here until that page is drawn. Bounded; lost with the process,
// which is harmless: the events say what happened.
import type { Flash } from '../page.ts';

const SESSIONS_MAX = 1_024;
const EACH_MAX = 8;

export interface Flashes {
  add(session: string, flash: Flash): void;
  /** Those that wait, once. */
  take(session: string): readonly Flash[];
}

export function createFlashes(): Flashes {
  const waiting = new Map<string, Flash[]>();
  return {
    add(session, flash) {
      const list = waiting.get(session) ?? [];
      waiting.delete(session);
      waiting.set(session, [...list, flash].slice(-EACH_MAX));
      const oldest = waiting.keys().next().value;
      if (waiting.size > SESSIONS_MAX && oldest !== undefined) waiting.delete(oldest);
    },
    take(session) {
      const list = waiting.get(session) ?? [];
      waiting.delete(session);
      return list;
    },
  };
}
