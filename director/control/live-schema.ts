// What GET /live sends, once a second, to whoever shows the director as it is: first everything, then what has changed.
import { z } from 'zod';
import {
  type ServerStatus,
  type ServiceStatus,
  serverSchema,
  serviceSchema,
  statusSchema,
} from './schema.ts';

/**
 * A server's numbers in this order, as they change every second and their names would be most of what is sent. The totals since
 * the beginning (`traffic` in the record) come last. A service has no latency (null).
 */
export const LIVE_NUMBERS = [
  'active',
  'inactive',
  'templates',
  'connections_per_s',
  'packets_in_per_s',
  'packets_out_per_s',
  'bytes_in_per_s',
  'bytes_out_per_s',
  'latency_ms',
  'connections',
  'packets_in',
  'packets_out',
  'bytes_in',
  'bytes_out',
] as const;
const liveNumbersSchema = z.array(z.number().nullable()).length(LIVE_NUMBERS.length);
export type LiveNumbers = z.infer<typeof liveNumbersSchema>;

/**
 * Names of a service's servers in a tick: `www/rs1`. Of a server that was removed while connections of its former self were left
 * there may be two in a list; the second one is `www/rs1#2`.
 */
export function liveKeys({ name, servers }: Pick<ServiceStatus, 'name' | 'servers'>): string[] {
  const seen = new Map<string, number>();
  return servers.map((server: Pick<ServerStatus, 'name'>) => {
    const turn = (seen.get(server.name) ?? 0) + 1;
    seen.set(server.name, turn);
    return turn === 1 ? `${name}/${server.name}` : `${name}/${server.name}#${turn}`;
  });
}

/** Everything; sent first, and again whenever services, servers or the configuration come or go. */
export const liveFullSchema = z.object({
  kind: z.literal('full'),
  at: z.number(),
  status: statusSchema,
  services: z.array(serviceSchema),
});

/** What is different from what was sent before. */
export const liveTickSchema = z.object({
  kind: z.literal('tick'),
  at: z.number(),
  /** Without services. Whole, as it is small. */
  status: statusSchema.omit({ services: true }),
  /** Service -> its numbers. */
  services: z.record(z.string(), liveNumbersSchema),
  /** liveKeys() -> its numbers. */
  servers: z.record(z.string(), liveNumbersSchema),
  /** Whole, where anything but the numbers has changed. */
  changed_services: z.array(serviceSchema.omit({ servers: true })),
  changed_servers: z.array(serverSchema),
});
export const liveSchema = z.discriminatedUnion('kind', [liveFullSchema, liveTickSchema]);
export type LiveFull = z.infer<typeof liveFullSchema>;
export type LiveTick = z.infer<typeof liveTickSchema>;
export type Live = z.infer<typeof liveSchema>;
