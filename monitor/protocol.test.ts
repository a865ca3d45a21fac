import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProbeSpec } from '../director/model/monitor.ts';
import { ProbeBatch } from './probe-batch.ts';
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

  it('pass when they tell probes, and are refused with the place of the problem when these are broken', () => {
    const batch = new ProbeBatch(1);
    batch.record(0, { now_ms: 1, latency_ms: 2, slow: false, failure: 'refused' }, 1);
    const message = { kind: 'probes', assignment: 3, at: 5, ...batch.take(2)! };
    expect(readFromMonitor(message)).toEqual({ message });
    expect(readFromMonitor(structuredClone(message))).toEqual({ message });
    for (const [more, place] of [
      [{ assignment: -1 }, 'assignment'],
      [{ assignment: '3' }, 'assignment'],
      [{ at: Number.NaN }, 'at'],
      [{ outcomes: Uint16Array.of(9) }, 'outcomes'],
      [{ places: [0] }, 'places'],
    ] as const)
      expect(readFromMonitor({ ...message, ...more })).toMatchObject({
        problem: expect.stringContaining(`${place}: `),
      });
  });

  it('that tell probes are never the cause of an exception, whatever they hold', () => {
    const column = fc.oneof(
      fc.anything(),
      fc.uint8Array({ maxLength: 3 }),
      fc.uint16Array({ maxLength: 3 }),
      fc.uint32Array({ maxLength: 3 }),
      fc.float32Array({ maxLength: 3 }),
    );
    const columns = fc.record({
      ...{ assignment: column, at: column, places: column, probes: column, failures: column },
      ...{ against: column, kept: column, ages_ms: column, latencies_ms: column },
      ...{ outcomes: column, reasons: column },
    });
    fc.assert(
      fc.property(columns, (message) => {
        expect(() => readFromMonitor({ kind: 'probes', ...message })).not.toThrow();
      }),
    );
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
