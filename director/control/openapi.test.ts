// docs/openapi.json is what the tables say, holds together, and real answers of a director fit it.
import fs from 'node:fs';
import http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configurationText, Instance, RealServer } from '../../test/cli/support/instance.ts';
import { API_PREFIX, buildOpenApi, formatOpenApi } from './openapi.ts';
import { type Route, type RouteName, routes } from './routes.ts';
import { faultsOf, type Node, referencesIn, resolverOf } from './support/json-schema.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Node[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Node }>> };
  readonly responses: Readonly<Record<string, Node>>;
  readonly security: readonly object[];
  readonly 'x-fairlead-role': string;
}
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

const document = buildOpenApi() as unknown as { paths: Paths; components: Record<string, Node> };
const resolve = resolverOf(document);
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);
const outside = (Object.entries(routes) as [RouteName, Route][]).filter(([, route]) => !route.inside);

describe('the document', () => {
  it('is what docs/openapi.json says (if not: npm run openapi)', () => {
    const kept = fs.readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
    expect(kept).toBe(formatOpenApi(buildOpenApi()));
  });

  it('has every route that is offered to the outside once, under its own name, and no other', () => {
    const told = operations.map(
      ({ path, method, operation }) => `${operation.operationId} ${method.toUpperCase()} ${path}`,
    );
    const wanted = outside.map(
      ([name, { method, path }]) => `${name} ${method} ${API_PREFIX}${path.replace(/:(\w+)/g, '{$1}')}`,
    );
    expect(told.sort()).toEqual(wanted.sort());
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    expect(document.paths[`${API_PREFIX}/login`]).toBeUndefined();
    expect(document.paths[`${API_PREFIX}/live`]).toBeUndefined();
  });

  it('refers only to what is there, and has nothing that is not referred to', () => {
    const references = new Set(referencesIn(document));
    for (const reference of references) expect(() => resolve(reference)).not.toThrow();
    for (const part of ['schemas', 'responses', 'headers', 'parameters'])
      for (const name of Object.keys(document.components[part]!))
        expect(references).toContain(`#/components/${part}/${name}`);
  });

  it('names every path parameter, and a role and a way to log in for every route', () => {
    for (const { path, operation } of operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const told = (operation.parameters ?? []).filter((each) => each.in === 'path').map((each) => each.name);
      expect(told).toEqual(named);
      expect(['viewer', 'operator', 'admin']).toContain(operation['x-fairlead-role']);
      expect(operation.security.length).toBe(2);
    }
  });

  it('tells what a conditional route needs and answers', () => {
    const { parameters, responses } = document.paths[`${API_PREFIX}/apply`]!.post!;
    expect(parameters).toContainEqual({ $ref: '#/components/parameters/IfMatch' });
    expect(Object.keys(responses)).toEqual(
      expect.arrayContaining(['200', '409', '412', '413', '422', '428']),
    );
  });

  it('does not forbid what an answer may have one day, but what a question may not have', () => {
    const { schemas } = document.components as unknown as { schemas: Record<string, Node> };
    expect(schemas.Server).not.toHaveProperty('additionalProperties');
    expect(schemas.WeightBody).toHaveProperty('additionalProperties', false);
  });

  it('is the same each time it is made', () => expect(buildOpenApi()).toEqual(buildOpenApi()));
});

describe('answers of a director', () => {
  let real: RealServer;
  let instance: Instance;
  beforeAll(async () => {
    real = await RealServer.open();
    instance = new Instance(configurationText({ servers: { rs1: real.port } }));
    await instance.run();
  }, 30_000);
  afterAll(async () => {
    await instance[Symbol.asyncDispose]();
    await real[Symbol.asyncDispose]();
  });

  const ask = (method: string, path: string, headers: http.OutgoingHttpHeaders = {}, body = '') =>
    new Promise<{ status: number; type: string; body: unknown }>((resolve, reject) => {
      const options = { socketPath: instance.socket, method, path: API_PREFIX + path, headers, agent: false };
      const request = http.request(options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode!,
            type: response.headers['content-type']!.split(';')[0]!,
            body: JSON.parse(text) as unknown,
          }),
        );
      });
      request.on('error', reject);
      request.end(body);
    });

  const schemaOf = (template: string, method: string, status: number, type: string): Node => {
    const told = document.paths[API_PREFIX + template]![method.toLowerCase()]!.responses[status];
    const response = told !== undefined && '$ref' in told ? resolve(told.$ref as string) : told;
    const content = (response as { content?: Record<string, { schema: Node }> } | undefined)?.content;
    return content?.[type]?.schema ?? { enum: [`no ${status} of ${type} is told for ${method} ${template}`] };
  };

  const any = { 'if-match': '*' };
  const text = configurationText({ servers: { rs1: 9 } });
  it.each<[string, string, string, http.OutgoingHttpHeaders?, string?]>([
    ['/status', 'GET', '/status'],
    ['/services', 'GET', '/services'],
    ['/services/{service}', 'GET', '/services/www'],
    ['/services/{service}', 'GET', '/services/none'],
    ['/services/{service}/servers/{server}', 'GET', '/services/www/servers/rs1'],
    ['/servers', 'GET', '/servers'],
    ['/connections', 'GET', '/connections?limit=5'],
    ['/connections', 'GET', '/connections?limit=0'],
    ['/events', 'GET', '/events?limit=5'],
    ['/revisions', 'GET', '/revisions'],
    ['/revisions/{revision}', 'GET', '/revisions/1'],
    ['/ha', 'GET', '/ha'],
    ['/monitors', 'GET', '/monitors'],
    ['/history', 'GET', '/history'],
    ['/audit', 'GET', '/audit'],
    ['/audit', 'GET', '/audit', { 'fairlead-role': 'viewer' }],
    ['/diagnostics', 'GET', '/diagnostics'],
    ['/services/{service}/servers/{server}/probes', 'GET', '/services/www/servers/rs1/probes'],
    ['/check', 'POST', '/check', {}, text],
    ['/check', 'POST', '/check', {}, 'nonsense: ['],
    ['/explain', 'POST', '/explain', {}, '{"service":"www","client":"192.0.2.1:4000"}'],
    ['/probe-now', 'POST', '/probe-now', {}, '{}'],
    ['/services/{service}/servers/{server}/drain', 'POST', '/services/www/servers/rs1/drain', any, '{}'],
    ['/services/{service}/servers/{server}/enable', 'POST', '/services/www/servers/rs1/enable', any],
    ['/services/{service}/servers/{server}/enable', 'POST', '/services/www/servers/rs1/enable'],
    [
      '/services/{service}/servers/{server}/weight',
      'POST',
      '/services/www/servers/rs1/weight',
      any,
      '{"weight":3}',
    ],
    [
      '/services/{service}/servers/{server}/disable',
      'POST',
      '/services/www/servers/rs1/disable',
      { 'if-match': '"999"' },
    ],
    ['/apply', 'POST', '/apply?dry_run=1', any, text],
    ['/apply', 'POST', '/apply', any, 'nonsense: ['],
    ['/rollback', 'POST', '/rollback', any, '{}'],
    ['/ha/switchover', 'POST', '/ha/switchover', {}, '{}'],
  ])('fit %s: %s %s', async (template, method, path, headers = {}, body = '') => {
    const { status, type, body: value } = await ask(method, path, headers, body);
    expect(faultsOf(schemaOf(template, method, status, type), value, resolve)).toEqual([]);
  });

  it('are held to it strictly', async () => {
    const { body } = await ask('GET', '/status');
    const broken = { ...(body as object), pid: 'many', role: 'king' };
    expect(faultsOf(schemaOf('/status', 'GET', 200, 'application/json'), broken, resolve)).toHaveLength(2);
  });
});
