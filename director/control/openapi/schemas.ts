// The bodies of the API as JSON Schema (draft 2020-12), under names that follow from the exports of the schema files, so that
// they stay when something else is added. Only what is asked for is told.
import { z } from 'zod';
import * as account from '../account-schema.ts';
import * as audit from '../audit-schema.ts';
import * as drill from '../drill-schema.ts';
import * as ha from '../ha-schema.ts';
import * as history from '../history-schema.ts';
import * as monitor from '../monitor-schema.ts';
import * as general from '../schema.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

type Direction = 'input' | 'output';

const MODULES = [general, ha, account, audit, drill, history, monitor];
const PREFIX = '#/components/schemas/';
const DEFINITIONS = '#/$defs/';

const names = new Map<z.ZodType, string>(
  MODULES.flatMap((module) =>
    Object.entries(module).flatMap(([key, value]: [string, unknown]) =>
      value instanceof z.ZodType ? [[value, nameOf(key)] as const] : [],
    ),
  ),
);

/** `drainBodySchema` -> `DrainBody`. */
function nameOf(key: string): string {
  const word = key.replace(/Schema$/, '');
  return word.charAt(0).toUpperCase() + word.slice(1);
}

const registry = z.registry<{ id: string }>();
for (const [schema, id] of names) registry.add(schema, { id });

const told = { input: tell('input'), output: tell('output') };

/** Named schemas, whole, with references to each other. */
function tell(io: Direction): Readonly<Record<string, JsonObject>> {
  const { schemas } = z.toJSONSchema(registry, { io, uri: (id) => PREFIX + id, override });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => {
      const { $schema: _, $id: __, ...rest } = schema as Record<string, Json>;
      return [id, rest];
    }),
  );
}

/** Fields are only ever added to answers, so whoever reads them must not mind unknown ones. */
function override({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}): void {
  if (zodSchema._zod.def.type !== 'object') return;
  if (!('catchall' in zodSchema._zod.def) || zodSchema._zod.def.catchall === undefined)
    delete jsonSchema.additionalProperties;
}

/** References within one schema turned into those within the document. */
function refer(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(refer);
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([key, part]) => [
      key,
      key === '$ref' && typeof part === 'string' && part.startsWith(DEFINITIONS)
        ? PREFIX + part.slice(DEFINITIONS.length)
        : refer(part),
    ]),
  );
}

export class Components {
  readonly #schemas = new Map<string, JsonObject>();

  /** A reference to the schema where it has a name, else the schema itself; what it refers to is taken along. */
  use(schema: z.ZodType, io: Direction): JsonObject {
    const name = names.get(schema);
    if (name !== undefined) return this.#take(name, io);
    const {
      $schema: _,
      $defs: __,
      ...rest
    } = refer(z.toJSONSchema(schema, { io, metadata: registry, override }) as Json) as Record<string, Json>;
    this.#follow(rest, io);
    return rest;
  }

  #take(name: string, io: Direction): JsonObject {
    const schema = told[io][name]!;
    const before = this.#schemas.get(name);
    if (before === undefined) {
      this.#schemas.set(name, schema);
      this.#follow(schema, io);
    } else if (JSON.stringify(before) !== JSON.stringify(schema))
      throw new Error(`${name} is not the same in questions and in answers: give each a schema of its own`);
    return { $ref: PREFIX + name };
  }

  #follow(value: Json | undefined, io: Direction): void {
    if (typeof value !== 'object' || value === null) return;
    if (!Array.isArray(value) && '$ref' in value && typeof value.$ref === 'string')
      this.#take(value.$ref.slice(PREFIX.length), io);
    else for (const part of Object.values(value)) this.#follow(part as Json, io);
  }

  /** By name. */
  all(): JsonObject {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
