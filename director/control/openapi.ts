// The API as an OpenAPI 3.1 document, made from the tables of routes and the schemas: what is offered to the outside, and
// nothing that is `inside`. Pure; the same tables give the same text. docs/openapi.json is this text.
import { Components, type Json, type JsonObject } from './openapi/schemas.ts';
import { type Route, routes } from './routes.ts';
import { problemSchema } from './schema.ts';

export const API_PREFIX = '/api/v1';
const YAML = 'application/yaml';
const JSON_TYPE = 'application/json';
const PROBLEM_TYPE = 'application/problem+json';

const PROBLEMS = {
  BadRequest: 'The request cannot be understood, or does not follow its schema.',
  Unauthenticated: 'Neither a session nor a token that holds.',
  Forbidden: 'The role does not allow it, or the x-csrf-token of the session is missing.',
  NotFound: 'There is nothing of this name.',
  Conflict: 'Refused as things are: see code and remedy. `not-active` is one of them.',
  PreconditionFailed: 'Another revision is in force than If-Match names: look again, then try again.',
  TooLarge: 'The body is larger than 4 MiB.',
  WrongMediaType: 'The body is of another type than the route takes.',
  BadInput: 'Understood, but wrong in itself: `problems` has the places in a configuration.',
  PreconditionRequired: 'A change needs If-Match with the ETag of the revision in force, or `*`.',
  NotNow: 'The director does not answer, or has too much to do: try again.',
} as const;
type ProblemName = keyof typeof PROBLEMS;

const STATUS: Readonly<Record<ProblemName, string>> = {
  ...{ BadRequest: '400', Unauthenticated: '401', Forbidden: '403', NotFound: '404', Conflict: '409' },
  ...{ PreconditionFailed: '412', TooLarge: '413', WrongMediaType: '415', BadInput: '422' },
  ...{ PreconditionRequired: '428', NotNow: '503' },
};

export function buildOpenApi(): JsonObject {
  const components = new Components();
  const problem = components.use(problemSchema, 'output');
  const paths: Record<string, Record<string, Json>> = {};
  for (const [name, route] of offered()) {
    const path = API_PREFIX + route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = operation(name, route, components);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Fairlead',
      version: '1',
      summary: 'The control API of a director, as its console offers it',
      description:
        'Times are milliseconds since 1970 unless their name ends in `_ms` (durations). Fields are only ever added. See docs/api.md.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The console of a director' }],
    paths: sorted(paths),
    components: {
      schemas: components.all(),
      responses: Object.fromEntries(
        Object.entries(PROBLEMS).map(([key, description]) => [
          key,
          {
            description,
            ...(key === 'Unauthenticated'
              ? { headers: { 'WWW-Authenticate': { schema: { type: 'string' }, description: 'RFC 6750' } } }
              : {}),
            content: { [PROBLEM_TYPE]: { schema: problem } },
          },
        ]),
      ),
      headers: {
        ETag: {
          description: 'The revision in force, for If-Match.',
          schema: { type: 'string', pattern: '^"[0-9]+"$' },
        },
      },
      parameters: {
        IfMatch: {
          name: 'If-Match',
          in: 'header',
          required: true,
          description: 'The ETag of the revision that one has seen, or `*`.',
          schema: { type: 'string', pattern: '^(\\*|"[0-9]+"(, *"[0-9]+")*)$' },
        },
        LastEventId: {
          name: 'Last-Event-ID',
          in: 'header',
          description: 'Sends what came after this event first.',
          schema: { type: 'integer', minimum: 0 },
        },
      },
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-fairlead',
          description: 'Login to the console.',
        },
        csrf: {
          type: 'apiKey',
          in: 'header',
          name: 'x-csrf-token',
          description: 'With a session, for everything that is not GET.',
        },
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'fl_…', description: 'A token for scripts.' },
      },
    },
  };
}

/** As it is kept in docs/openapi.json. */
export function formatOpenApi(document: JsonObject): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

function offered(): [string, Route][] {
  return (Object.entries(routes) as [string, Route][]).filter(([, route]) => route.inside !== true);
}

function sorted<T>(of: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function operation(name: string, route: Route, components: Components): JsonObject {
  const parameters = [
    ...[...route.path.matchAll(/:(\w+)/g)].map(([, key]) => ({
      name: key!,
      in: 'path',
      required: true,
      schema: { type: 'string', minLength: 1 },
    })),
    ...queryParameters(route, components),
    ...(route.conditional ? [{ $ref: '#/components/parameters/IfMatch' }] : []),
    ...(route.stream ? [{ $ref: '#/components/parameters/LastEventId' }] : []),
  ];
  return {
    operationId: name,
    summary: route.summary,
    tags: [route.path.split('/')[1]!],
    security:
      route.method === 'GET' ? [{ session: [] }, { token: [] }] : [{ session: [], csrf: [] }, { token: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBody(route, components),
    responses: { '200': success(route, components), ...problems(route) },
    'x-fairlead-role': route.role,
    ...(route.active ? { 'x-fairlead-active': true } : {}),
    ...(route.audited ? { 'x-fairlead-audited': true } : {}),
  };
}

function queryParameters(route: Route, components: Components): JsonObject[] {
  if (route.query === undefined) return [];
  const { properties = {}, required = [] } = components.use(route.query, 'input') as {
    properties?: Record<string, JsonObject>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([key, schema]) => ({
    name: key,
    in: 'query',
    ...(required.includes(key) ? { required: true } : {}),
    schema,
  }));
}

function requestBody(route: Route, components: Components): JsonObject {
  if (route.body === undefined) return {};
  if (route.bodyKind === 'text')
    return {
      requestBody: { required: true, content: { [YAML]: { schema: { type: 'string' } } } },
    };
  const needed = !route.body.safeParse({}).success;
  return {
    requestBody: {
      ...(needed ? { required: true } : {}),
      content: { [JSON_TYPE]: { schema: components.use(route.body, 'input') } },
    },
  };
}

function success(route: Route, components: Components): JsonObject {
  const reply = components.use(route.reply, 'output');
  if (route.stream)
    return {
      description: 'Server-sent events; the data of each is JSON as x-fairlead-data says.',
      content: { 'text/event-stream': { schema: { type: 'string' }, 'x-fairlead-data': reply } },
    };
  return {
    description: 'Done',
    headers: { ETag: { $ref: '#/components/headers/ETag' } },
    content: { [JSON_TYPE]: { schema: reply } },
  };
}

function problems(route: Route): JsonObject {
  const writes = route.method === 'POST';
  const named: [ProblemName, boolean][] = [
    ['BadRequest', true],
    ['Unauthenticated', true],
    ['Forbidden', true],
    ['NotFound', route.path.includes(':') || route.body !== undefined],
    ['Conflict', writes],
    ['PreconditionFailed', route.conditional === true],
    ['TooLarge', route.body !== undefined],
    ['WrongMediaType', route.body !== undefined],
    ['BadInput', route.body !== undefined],
    ['PreconditionRequired', route.conditional === true],
    ['NotNow', true],
  ];
  return Object.fromEntries(
    named.flatMap(([name, given]) =>
      given ? [[STATUS[name], { $ref: `#/components/responses/${name}` }]] : [],
    ),
  );
}
