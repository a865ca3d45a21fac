// What a backup holds: a list that comes first in the archive and that everything behind it is held against.
import { z } from 'zod';

const MiB = 2 ** 20;

/** The only names there can be in a backup, with the most each may hold. */
export const PARTS = {
  'store.sqlite': 2_048 * MiB,
  'history.sqlite': 66_000 * MiB,
  'fairlead.yaml': 4 * MiB,
  'heartbeat.key': MiB,
} as const satisfies Readonly<Record<string, number>>;
export type PartName = keyof typeof PARTS;
export const PART_NAMES = Object.keys(PARTS) as PartName[];

export const MANIFEST = 'manifest.json';
export const MANIFEST_MAX_BYTES = 64 << 10;

export const manifestSchema = z.strictObject({
  product: z.literal('fairlead'),
  /** Of the archive. A release that cannot read one refuses it. */
  format: z.literal(1),
  version: z.string().max(64),
  node: z.string().min(1).max(64),
  cluster: z.string().min(1).max(64),
  at: z.number().int().min(0),
  /** `manual`, or the entry of the schedule. */
  by: z.string().min(1).max(64),
  parts: z
    .array(
      z.strictObject({
        name: z.enum(PART_NAMES as [PartName, ...PartName[]]),
        bytes: z.number().int().min(0),
        /** Hexadecimal. */
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        /** Of a database. */
        schema: z.number().int().min(0).optional(),
        /** Where it was, for people. */
        from: z.string().max(4_096),
      }),
    )
    .min(1)
    .max(PART_NAMES.length),
  /** What should be in it and could not be read. */
  missing: z.array(z.string().max(4_096)).max(8),
});
export type Manifest = z.infer<typeof manifestSchema>;
