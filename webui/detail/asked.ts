// What pages about one service or one real server ask the director for: its state from the live picture where it is there,
// and what belongs to the page but is not worth failing for.
import type { Metric, Series } from '../../director/control/history-schema.ts';
import type { ServerStatus, ServiceStatus } from '../../director/control/schema.ts';
import { FairleadError } from '../../director/model/error.ts';
import type { PageContext } from '../page.ts';
import type { AskedSpan } from './span.ts';

/** A name that is not there is refused by the director, with the nearest one. */
export async function serviceOf(context: PageContext, name: string): Promise<ServiceStatus> {
  const { picture, client } = context;
  return (
    picture?.services.find((each) => each.name === name) ??
    (await client.call('service', { params: { service: name } }))
  );
}

export async function serverOf(
  context: PageContext,
  service: ServiceStatus,
  name: string,
): Promise<ServerStatus> {
  return (
    service.servers.find((each) => each.name === name) ??
    (await context.client.call('server', { params: { service: service.name, server: name } }))
  );
}

/** A page is needed most when something is wrong: what cannot be read is told as such, and the rest is shown. */
export async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof FairleadError) return undefined;
    throw error;
  }
}

export function seriesOf(
  { client }: PageContext,
  subject: string,
  metrics: string | Metric,
  { from, to }: Pick<AskedSpan, 'from' | 'to'>,
  points: number,
): Promise<Series> {
  return client.call('series', { query: { subject, metrics, from, to, points } });
}

const POINTS_MAX = 3_000;

/** How many points a browser wants: about as many as its chart is wide. */
export function pointsOf(text: string | undefined, fallback: number): number {
  const points = /^\d{1,5}$/.test(text ?? '') ? Number(text) : fallback;
  return Math.min(POINTS_MAX, Math.max(1, points));
}

export function serviceAddress(service: string): string {
  return `/services/${encodeURIComponent(service)}`;
}

export function serverAddress(service: string, server: string): string {
  return `${serviceAddress(service)}/servers/${encodeURIComponent(server)}`;
}
