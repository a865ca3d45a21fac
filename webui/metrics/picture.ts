// What metrics are made of, asked from the director. What it does not know (yet) is missing, not an error.
import type { ControlClient } from '../../director/control/client.ts';
import { isAbsence } from '../mirror/absence.ts';
import type { MetricsPicture } from './core/render.ts';

/** Undefined: the director does not answer. `known`: what a console has at hand and need not ask. */
export async function askPicture(
  client: Pick<ControlClient, 'call'>,
  known?: Pick<MetricsPicture, 'status' | 'services'>,
): Promise<MetricsPicture | undefined> {
  const optional = <T>(asked: Promise<T>): Promise<T | undefined> => asked.catch(() => undefined);
  try {
    const [status, services, checks, history] = await Promise.all([
      known?.status ?? client.call('status'),
      known?.services ?? client.call('services').then((list) => list.services),
      optional(client.call('monitors')),
      optional(client.call('history')),
    ]);
    return { status, services, checks: checks?.checks, history };
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}
