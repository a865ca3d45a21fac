// The lengths that follow from interval and deadtime, in one place each.
import type { State } from './state.ts';
import type { CoreSettings } from './types.ts';

/** The end of the deadtime, in which an active that is late asks, and a standby that hears nothing asks. */
function lastPart_ms({ interval_ms, deadtime_ms }: CoreSettings): number {
  return Math.min(1.25 * interval_ms, deadtime_ms / 4);
}

/** A lease older than this is not renewed without asking: the peer may claim at any moment. */
export function lapse_ms(settings: CoreSettings): number {
  const { interval_ms, deadtime_ms } = settings;
  return Math.max(deadtime_ms - lastPart_ms(settings), Math.min(deadtime_ms, 1.5 * interval_ms));
}

/** Ticks further apart than this are late. */
export function lateness_ms({ interval_ms, deadtime_ms }: CoreSettings): number {
  return Math.max(2 * interval_ms, deadtime_ms / 2);
}

/** A peer that has not heard us for so long will not hear of a handover either. */
export function deaf_ms({ interval_ms, deadtime_ms }: CoreSettings): number {
  return Math.max(1.5 * interval_ms, deadtime_ms / 2);
}

/** Of a peer: how long nothing may be heard until it is gone. */
export function silence_ms(s: State, now: number): number {
  const { deadtime_ms } = s.settings;
  if (s.patience === undefined || now >= s.patience.until_ms) return deadtime_ms;
  return Math.max(deadtime_ms, s.patience.deadtime_ms);
}

/** Both stand by and neither claims: the other one has had its time. */
export function ownerless_ms(s: State): number {
  const { interval_ms, deadtime_ms, initdead_ms } = s.settings;
  return s.role === 'starting' ? initdead_ms + deadtime_ms : 2 * deadtime_ms + 2 * interval_ms;
}

/** A peer that is heard this long without a gap is stable; the unit of the hold-down. */
export function stable_ms({ deadtime_ms }: CoreSettings): number {
  return Math.max(10 * deadtime_ms, 3_000);
}

/** A peer that has been told to take the VIPs has this long; it is told so for three quarters of it. */
export function offer_ms({ deadtime_ms }: CoreSettings): number {
  return 2 * deadtime_ms;
}

/** When a tick can next change anything; a process that wakes then takes over without waiting for its next interval. */
export function wakeAt(s: State): number {
  const regular = s.paced_ms + s.settings.interval_ms;
  if (s.role === 'active' || s.hold) return regular;
  const silence = Math.max(s.peer?.heard_ms ?? s.started_ms, s.listen_ms) + silence_ms(s, s.tick_ms);
  const due = s.role === 'starting' ? Math.max(silence, s.listen_ms + s.settings.initdead_ms) : silence;
  return due > s.tick_ms ? Math.min(regular, due) : regular;
}
