import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProbeSpec } from '../director/model/monitor.ts';
import { readFromMonitor, readToMonitor } from './protocol.ts';

const monitor = { interval_ms: 1000, fast_interval_ms: 200, timeout_ms: 500, rise: 2, fall: 3, jitter: 0.1 };
const probes: ProbeSpec[] = [
  { kind: 'tcp' },
  { kind: 'ping' },
  {
    kind: 'http',
    tls: true,
    method: 'HEAD',
    path: '/',
    host: 'www.example',
    verify: false,
    status: [{ from: 200, to: 299 }],
  },
  { kind: 'dns', name: 'www.example', type: 'A' },
  {
    kind: 'expect',
    tls: false,
    steps: [{ do: 'expect', pattern: '220' }, { do: 'send', text: 'QUIT\r\n' }, { do: 'starttls' }],
  },
  { kind: 'exec', command: ['true'] },
];

function assignment(probe: unknown, more: object = {}): unknown {
  const target = { address: '10.1.0.21', port: 80 };
  return {
    kind: 'assign',
    checks: [{ key: 'k', target, service: 'www', monitor: { ...monitor, probe }, ...more }],
  };
}

describe('messages to a monitor', () => {
  it.each(probes)('pass unchanged with a probe of kind $kind', (probe) => {
    const message = assignment(probe, { health: 'up' });
    expect(readToMonitor(message)).toEqual({ message });
  });

  it('pass with a monitor that names its own port', () => {
    const message = assignment(
      { kind: 'tcp' },
      { monitor: { ...monitor, probe: { kind: 'tcp' }, port: 8081 } },
    );
    expect(readToMonitor(message)).toEqual({ message });
  });

  it.each([
    ['an unknown kind', { kind: 'sing' }, 'kind'],
    ['a probe of unknown kind', assignment({ kind: 'sing' }), 'checks.0.monitor.probe.kind'],
    [
      'a name for an address',
      assignment({ kind: 'tcp' }, { target: { address: 'rs1', port: 80 } }),
      'checks.0.target.address',
    ],
    [
      'an interval of nothing',
      assignment({ kind: 'tcp' }, { monitor: { ...monitor, probe: { kind: 'tcp' }, interval_ms: 0 } }),
      'checks.0.monitor.interval_ms',
    ],
    ['an unknown key', assignment({ kind: 'tcp', colour: 'red' }), 'checks.0.monitor.probe'],
    ['nothing', undefined, 'message'],
  ])('are refused with the place of the problem if they hold %s', (_, message, place) => {
    expect(readToMonitor(message)).toMatchObject({ problem: expect.stringContaining(`${place}: `) });
  });
});

describe('messages from a monitor', () => {
  it('pass unchanged', () => {
    const verdict = { key: 'k', health: 'up', reason: 'fine', latency_ms: undefined, at: 1 };
    for (const message of [
      { kind: 'verdicts', verdicts: [verdict] },
      { kind: 'verdicts', complete: true, verdicts: [] },
    ])
      expect(readFromMonitor(message)).toEqual({ message });
  });

  it('are never the cause of an exception', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect('problem' in readFromMonitor(value)).toBe(true);
        expect('problem' in readToMonitor(value)).toBe(true);
      }),
    );
  });
});
