// Whatever the text: an answer, never an exception, with every place inside the text and every limit kept. Texts that
// are made to be costly stand here too; if one of them cost more than linear time, its test would run into the timeout.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../model/service.ts';
import type { Configuration } from './configuration.ts';
import { parseConfiguration } from './parse.ts';
import { type ConfigProblem, PROBLEMS_MAX } from './problem.ts';
import { TABLES } from './schema.ts';

const EXAMPLE = readFileSync(new URL('../../docs/example.yaml', import.meta.url), 'utf8');

function check(text: string): void {
  const result = parseConfiguration(text, 'f');
  if ('problems' in result) {
    expect(result.problems.length).toBeGreaterThan(0);
    checkPlaces(result.problems, text);
  } else {
    checkPlaces(result.warnings, text);
    checkConfiguration(result.configuration);
  }
}

function checkPlaces(problems: readonly ConfigProblem[], text: string): void {
  expect(problems.length).toBeLessThanOrEqual(PROBLEMS_MAX);
  const lines = text.split('\n');
  let before = { line: 1, column: 1 };
  for (const { line, column, message, remedy, code } of problems) {
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines.length);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column).toBeLessThanOrEqual(lines[line - 1]!.length + 1);
    expect(line > before.line || (line === before.line && column >= before.column)).toBe(true);
    expect(`${message} ${remedy ?? ''}`).not.toMatch(/undefined|\[object|NaN|\n/);
    expect(message.length).toBeGreaterThan(3);
    expect(message.length).toBeLessThan(400);
    expect(code).toMatch(/^[a-z0-9-]+$/);
    expect(code).not.toBe('yaml-unreadable');
    before = { line, column };
  }
}

function checkConfiguration(configuration: Configuration): void {
  expect(JSON.parse(JSON.stringify(configuration))).toEqual(configuration);
  const listens = configuration.services.map((service) => JSON.stringify(service.listen));
  expect(new Set(listens).size).toBe(listens.length);
  for (const service of configuration.services) {
    const servers = [...service.servers, ...(service.sorry ? [service.sorry] : [])];
    expect(servers.length).toBeLessThanOrEqual(LIMITS.servers_per_service);
    expect(new Set(servers.map((server) => server.name)).size).toBe(servers.length);
    expect(new Set(servers.map((server) => `${server.address} ${server.port}`)).size).toBe(servers.length);
    for (const server of servers) {
      expect(server.method === 'nat' || server.port === service.listen.port).toBe(true);
      for (const port of [server.port, server.probePort]) expect(port > 0 && port <= 65535).toBe(true);
    }
    for (const monitor of service.monitors) {
      expect(monitor.fast_interval_ms).toBeLessThanOrEqual(monitor.interval_ms);
      for (const value of [monitor.interval_ms, monitor.fast_interval_ms, monitor.timeout_ms])
        expect(Number.isSafeInteger(value) && value > 0).toBe(true);
    }
  }
}

describe('any text', () => {
  it('of random characters gets an answer', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => check(text)),
      { numRuns: 300 },
    );
  });

  it('made of YAML signs gets an answer', () => {
    const sign = fc.constantFrom(
      ...' \n\t:-?,[]{}#&*!|>\'"%@`~=<ab01',
      '\n  ',
      ': ',
      '- ',
      '---\n',
      '...\n',
      '&a ',
      '*a',
      '\r',
    );
    fc.assert(
      fc.property(fc.array(sign, { maxLength: 60 }), (signs) => check(signs.join(''))),
      { numRuns: 2_000 },
    );
  });

  it('that was a good configuration before characters were lost, added or swapped gets an answer', () => {
    const change = fc.record({
      at: fc.nat({ max: EXAMPLE.length - 1 }),
      kind: fc.constantFrom('delete', 'insert', 'swap', 'cut'),
      text: fc.oneof(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
        fc.constantFrom('\n', '  ', ':', '[', '{', '0', '*web', '&x '),
      ),
      length: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        let text = EXAMPLE;
        for (const { at, kind, text: added, length } of changes) {
          if (kind === 'delete') text = text.slice(0, at) + text.slice(at + length);
          else if (kind === 'insert') text = text.slice(0, at) + added + text.slice(at);
          else if (kind === 'cut') text = text.slice(0, at + 1);
          else text = text.slice(0, at) + (text[at + 1] ?? '') + (text[at] ?? '') + text.slice(at + 2);
        }
        check(text);
      }),
      { numRuns: 400 },
    );
  });

  it('that lost any one of its lines gets an answer', () => {
    const lines = EXAMPLE.split('\n');
    for (const index of lines.keys()) check(lines.filter((_, each) => each !== index).join('\n'));
  });
});

describe('any value at any key', () => {
  const known = [...new Set(Object.values(TABLES).flatMap((table) => Object.keys(table)))];
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6, depthSize: 'small', withCrossShrink: true },
      fc.constantFrom<unknown>(
        null,
        true,
        0,
        1,
        -1,
        1.5,
        65_536,
        1e300,
        '',
        'none',
        '1s',
        '10.0.0.1',
        '10.0.0.1:80',
        '10.0.0.1/24',
        'tcp://10.0.0.1:80',
        'fd00::1',
        'eth0',
        '/x',
        'a\u0000b',
        '__proto__',
        'constructor',
        '('.repeat(30),
        'x'.repeat(5_000),
      ),
      fc.dictionary(
        fc.oneof(
          { weight: 9, arbitrary: fc.constantFrom(...known) },
          fc.constantFrom('x', '__proto__', 'constructor', ''),
        ),
        tie('value'),
        { maxKeys: 5 },
      ),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
  }));
  const good = {
    cluster: 'a',
    directors: { b: { address: '10.0.0.11' } },
    services: {
      c: { listen: 'tcp://10.0.0.100:80', servers: { d: { address: '10.1.0.1' } }, monitor: { http: '/' } },
    },
  };

  it('gets an answer', () => {
    const root = fc.dictionary(fc.constantFrom(...Object.keys(TABLES.root!)), value, { maxKeys: 8 });
    fc.assert(
      fc.property(root, (configuration) =>
        check(JSON.stringify({ ...good, ...configuration }, undefined, 1)),
      ),
      { numRuns: 1_000 },
    );
  });

  it.each(['servers', 'monitor', 'persistence', 'sorry', 'listen', 'slow_start'])(
    'of a service’s %s gets an answer',
    (key) => {
      fc.assert(
        fc.property(value, (replaced) => {
          const services = { c: { ...good.services.c, [key]: replaced } };
          check(JSON.stringify({ ...good, services }, undefined, 1));
        }),
        { numRuns: 300 },
      );
    },
  );
});

describe('texts that are made to be costly', () => {
  const SIZE = 200_000;
  const many = (text: string) => text.repeat(Math.floor(SIZE / text.length));
  const numbered = (line: (index: number) => string) =>
    Array.from({ length: SIZE / 20 }, (_, index) => line(index)).join('');

  it.each<[string, () => string]>([
    ['brackets', () => many('[')],
    ['braces', () => many('{ a: ')],
    ['list signs', () => many('- ')],
    ['key signs', () => many('? ')],
    ['closing brackets', () => many(']\n')],
    ['commas', () => `[${many(',')}`],
    ['colons', () => many(':')],
    ['anchors', () => many('&a ')],
    ['aliases', () => `- &a x\n${many('- *a\n')}`],
    ['aliases of nothing', () => many('- *a\n')],
    ['tags', () => many('- !x\n')],
    ['documents', () => many('---\n')],
    ['directives', () => many('%YAML 1.2\n')],
    ['comments', () => many('# a\n')],
    ['empty lines', () => many('\n')],
    ['a stair', () => Array.from({ length: 600 }, (_, index) => `${' '.repeat(index)}a:\n`).join('')],
    ['different keys', () => numbered((index) => `key${index}:\n`)],
    ['equal keys', () => many('a: b\n')],
    ['one long key', () => `${many('x')}: 1`],
    ['one long value', () => `cluster: ${many('x')}`],
    ['one long text', () => `cluster: |\n${many('  x\n')}`],
    ['an open quote', () => `cluster: "${many('x\n ')}`],
    ['a long list', () => `virtual_ips: [${many('x, ')}]`],
    ['services', () => `services:\n${numbered((index) => ` s${index}: {}\n`)}`],
    ['servers', () => `services:\n s:\n  servers:\n${numbered((index) => `   s${index}: {}\n`)}`],
    ['monitors', () => `services:\n s:\n  monitor: [${many('{ tcp: 1 }, ')}]`],
    ['patterns', () => `services:\n s:\n  monitor: { http: /, match: "${many('(a*)*')}" }`],
    ['a command', () => `services:\n s:\n  monitor: { exec: "${many("a 'b' ")}" }`],
    ['digits', () => `services:\n s:\n  slow_start: ${many('9')}s`],
  ])('end soon: %s', (_, make) => check(make()));
});
