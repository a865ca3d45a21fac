// Holds a value against a JSON Schema of the kind that docs/openapi.json has. Strict: a keyword that it does not know is an
// error, so that nothing in the document goes unchecked.

export type Node = Readonly<Record<string, unknown>>;
export type Resolve = (reference: string) => Node;

/** One line per fault, with the place in the value. */
export function faultsOf(schema: Node, value: unknown, resolve: Resolve, at = '$'): string[] {
  return Object.entries(schema).flatMap(([keyword, wanted]) => {
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`${at}: the keyword ${keyword} is not known`);
    return check({ wanted, value, schema, resolve, at });
  });
}

interface Asked {
  readonly wanted: unknown;
  readonly value: unknown;
  readonly schema: Node;
  readonly resolve: Resolve;
  readonly at: string;
}
type Check = (asked: Asked) => string[];

const fault = (asked: Asked, good: boolean, what: string): string[] =>
  good ? [] : [`${asked.at}: ${what}: ${JSON.stringify(asked.value)?.slice(0, 80)}`];
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  null: (value) => value === null,
  boolean: (value) => typeof value === 'boolean',
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  integer: Number.isInteger,
  array: Array.isArray,
  object: isObject,
};
const number = (test: (value: number, limit: number) => boolean): Check => {
  return (asked) =>
    fault(
      asked,
      typeof asked.value !== 'number' || test(asked.value, asked.wanted as number),
      'out of range',
    );
};
const length = (test: (length: number, limit: number) => boolean): Check => {
  return (asked) => {
    const { value } = asked;
    return fault(
      asked,
      !(typeof value === 'string' || Array.isArray(value)) || test(value.length, asked.wanted as number),
      'length',
    );
  };
};
const nothing: Check = () => [];

const KEYWORDS: Readonly<Record<string, Check>> = {
  description: nothing,
  default: nothing,
  $ref: ({ wanted, value, resolve, at }) => faultsOf(resolve(wanted as string), value, resolve, at),
  type: (asked) =>
    fault(
      asked,
      [asked.wanted].flat().some((name) => TYPES[name as string]!(asked.value)),
      `is no ${String(asked.wanted)}`,
    ),
  enum: (asked) => fault(asked, (asked.wanted as unknown[]).includes(asked.value), 'is none of the choices'),
  const: (asked) => fault(asked, asked.wanted === asked.value, `is not ${String(asked.wanted)}`),
  minimum: number((value, limit) => value >= limit),
  maximum: number((value, limit) => value <= limit),
  exclusiveMinimum: number((value, limit) => value > limit),
  minLength: length((value, limit) => value >= limit),
  maxLength: length((value, limit) => value <= limit),
  minItems: length((value, limit) => value >= limit),
  maxItems: length((value, limit) => value <= limit),
  pattern: (asked) =>
    fault(
      asked,
      typeof asked.value !== 'string' || new RegExp(asked.wanted as string, 'u').test(asked.value),
      'pattern',
    ),
  anyOf: (asked) =>
    fault(
      asked,
      (asked.wanted as Node[]).some(
        (choice) => faultsOf(choice, asked.value, asked.resolve, asked.at).length === 0,
      ),
      'fits none',
    ),
  required: (asked) =>
    (asked.wanted as string[]).flatMap((key) =>
      fault(asked, !isObject(asked.value) || key in asked.value, `lacks ${key}`),
    ),
  properties: ({ wanted, value, resolve, at }) =>
    !isObject(value)
      ? []
      : Object.entries(wanted as Record<string, Node>).flatMap(([key, schema]) =>
          key in value ? faultsOf(schema, value[key], resolve, `${at}.${key}`) : [],
        ),
  additionalProperties: ({ wanted, value, schema, resolve, at }) => {
    if (!isObject(value)) return [];
    const known = Object.keys((schema.properties ?? {}) as object);
    return Object.entries(value)
      .filter(([key]) => !known.includes(key))
      .flatMap(([key, part]) =>
        wanted === false
          ? [`${at}: has ${key}, which is not told`]
          : wanted === true
            ? []
            : faultsOf(wanted as Node, part, resolve, `${at}.${key}`),
      );
  },
  propertyNames: ({ wanted, value, resolve, at }) =>
    isObject(value)
      ? Object.keys(value).flatMap((key) => faultsOf(wanted as Node, key, resolve, `${at} (name)`))
      : [],
  items: ({ wanted, value, resolve, at }) =>
    Array.isArray(value)
      ? value.flatMap((part, index) => faultsOf(wanted as Node, part, resolve, `${at}[${index}]`))
      : [],
};

/** `#/a/b` of a document. */
export function resolverOf(document: unknown): Resolve {
  return (reference) => {
    let found: unknown = document;
    for (const key of reference.replace(/^#\//, '').split('/')) {
      if (!isObject(found) || !(key in found)) throw new Error(`${reference} leads nowhere`);
      found = found[key];
    }
    return found as Node;
  };
}

/** Every reference anywhere in a document. */
export function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    key === '$ref' && typeof part === 'string' ? [part] : referencesIn(part),
  );
}
