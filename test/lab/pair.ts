// The pair as its directors tell it, and whether it has come to rest: one active, one standby that could take over at once.
import type { Ha } from '../../director/control/ha-schema.ts';
import type { LabDirector } from './director.ts';

export interface DirectorView<D extends { readonly name: string } = LabDirector> {
  readonly director: D;
  /** Undefined: it does not answer. */
  readonly ha: Ha | undefined;
}

/** All at once; who does not answer is told so by its absence. */
export function viewPair(directors: readonly LabDirector[]): Promise<DirectorView[]> {
  return Promise.all(
    directors.map(async (director) => {
      if (!director.isRunning()) return { director, ha: undefined };
      try {
        return { director, ha: await director.control.call('ha') };
      } catch {
        return { director, ha: undefined };
      }
    }),
  );
}

/** The one that says it holds the VIPs; none where two say so. */
export function activeOf<D extends { readonly name: string }>(
  views: readonly DirectorView<D>[],
): D | undefined {
  const active = views.filter(({ ha }) => ha?.role === 'active');
  return active.length === 1 ? active[0]!.director : undefined;
}

/** Why the pair is not at rest, or undefined when it is. */
export function unrest(views: readonly DirectorView<{ readonly name: string }>[]): string | undefined {
  for (const { director, ha } of views) {
    if (ha === undefined) return `${director.name} does not answer`;
    if (!ha.pair) continue;
    const { heartbeat, peer, sync, links } = ha;
    if (heartbeat?.running !== true) return `the heartbeat of ${director.name} does not run`;
    if (heartbeat.hold) return `${director.name} is on hold`;
    if (heartbeat.health !== 'good')
      return `${director.name} is in ${heartbeat.health} health: ${heartbeat.health_reason}`;
    if (peer?.heard !== true) return `${director.name} does not hear its peer`;
    const deaf = links?.find(({ up }) => !up);
    if (deaf) return `${director.name}: link ${deaf.name} is down: ${deaf.detail}`;
    if (sync?.complete !== true) return `sync of ${director.name}: ${sync?.because ?? 'does not run'}`;
    if (peer.complete !== true) return `${director.name} has not heard that its peer is complete`;
  }
  const roles = views.map(({ director, ha }) => `${director.name} ${ha?.role}`).join(', ');
  return activeOf(views) === undefined ? `roles: ${roles}` : undefined;
}
