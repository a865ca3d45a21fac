import { expect, it } from 'vitest';
import type { ProbeSpec } from './monitor.ts';
import { describeProbe } from './recipe.ts';

const http = { kind: 'http', method: 'GET', path: '/health', verify: false, status: [] } as const;

it.each([
  [{ kind: 'tcp' }, 'TCP connect'],
  [{ kind: 'ping' }, 'ICMP echo'],
  [{ ...http, tls: false }, 'GET /health'],
  [{ ...http, tls: true, host: 'www.example' }, 'GET /health of www.example over TLS'],
  [{ kind: 'dns', name: 'www.example', type: 'AAAA' }, 'DNS AAAA www.example'],
  [{ kind: 'exec', command: ['/usr/lib/check', '%a'] }, 'exec /usr/lib/check %a'],
  [{ kind: 'expect', tls: false, steps: [{ do: 'send', text: 'PASS secret' }] }, 'script of 1 step'],
] satisfies [ProbeSpec, string][])('%j in words is %s', (probe, words) => {
  expect(describeProbe(probe)).toBe(words);
});

it('a recipe in words is never longer than a table can show', () => {
  expect(describeProbe({ kind: 'exec', command: ['x'.repeat(10_000)] }).length).toBeLessThan(200);
});
