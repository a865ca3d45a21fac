// Routes that read and change the configuration.
import { z } from 'zod';
import { flag, type Route } from '../route.ts';
import * as schema from '../schema.ts';

export const configuration = {
  revisions: {
    method: 'GET',
    path: '/revisions',
    summary: 'Configurations that were in force',
    reply: schema.revisionListSchema,
    role: 'viewer',
  },
  revision: {
    method: 'GET',
    path: '/revisions/:revision',
    summary: 'One of them with its text',
    reply: schema.revisionTextSchema,
    role: 'operator',
  },
  apply: {
    method: 'POST',
    path: '/apply',
    summary: 'Takes a configuration (YAML) as the new revision',
    query: z.strictObject({
      dry_run: flag,
      comment: z.string().max(500).default(''),
      /** What the text is called in what is said about it: a file's name. */
      source: z.string().max(4_096).default('configuration'),
    }),
    body: z.string(),
    bodyKind: 'text',
    reply: schema.applySchema,
    conditional: true,
    active: true,
    role: 'admin',
    audited: true,
  },
  rollback: {
    method: 'POST',
    path: '/rollback',
    summary: 'Takes an older revision again, as a new one; default: the one before',
    body: schema.rollbackBodySchema,
    reply: schema.applySchema,
    conditional: true,
    active: true,
    role: 'admin',
    audited: true,
  },
} as const satisfies Record<string, Route>;
