// Connection events until somebody asks for them. Holds a limited number and counts what found no room.
import type { ConnectionEvent } from '../engine.ts';

export const EVENTS_MAX = 65_536;

export class EventQueue {
  #waiting: ConnectionEvent[] = [];
  #lost = 0;

  push(event: () => ConnectionEvent): void {
    if (this.#waiting.length < EVENTS_MAX) this.#waiting.push(event());
    else this.#lost += 1;
  }

  /** The oldest events, and how many were lost since the last call. */
  take(limit: number): { events: ConnectionEvent[]; lost: number } {
    const taken = { events: this.#waiting.slice(0, limit), lost: this.#lost };
    this.#waiting = this.#waiting.slice(limit);
    this.#lost = 0;
    return taken;
  }
}
