// What GET /live sends, once a second, to whoever shows the director as it is: first everything, then what has changed.
import { z } from 'zod';
import { serverSchema, serviceSchema, statusSchema } from './schema.ts';

/** A server's numbers in this order, as they change every second and their names would be most of what is sent. */
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
] as const;
export const liveNumbersSchema = z.array(z.number().nullable()).length(LIVE_NUMBERS.length);
export type LiveNumbers = z.infer<typeof liveNumbersSchema>;

/** Everything; sent first, and again whenever services or servers come or go. */
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
  /** `www/rs1` -> its numbers. */
  servers: z.record(z.string(), liveNumbersSchema),
  /** Whole, where anything but the numbers has changed. */
  changed_services: z.array(serviceSchema.omit({ servers: true })),
  changed_servers: z.array(serverSchema),
});
export const liveSchema = z.discriminatedUnion('kind', [liveFullSchema, liveTickSchema]);
export type LiveFull = z.infer<typeof liveFullSchema>;
export type LiveTick = z.infer<typeof liveTickSchema>;
export type Live = z.infer<typeof liveSchema>;
