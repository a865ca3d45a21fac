import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIVE_NUMBERS } from './live-schema.ts';
import { applyLive, type LivePicture } from './live-view.ts';

const traffic = { connections: 0, packets_in: 0, packets_out: 0, bytes_in: 0, bytes_out: 0 };
const rates = {
  ...{ connections_per_s: 0, packets_in_per_s: 0, packets_out_per_s: 0 },
  ...{ bytes_in_per_s: 0, bytes_out_per_s: 0 },
};
const load = { active: 0, inactive: 0, templates: 0, traffic, rates };
const server = (name: string, latency_ms?: number) => ({
  ...{ service: 'www', name, role: 'server', address: '10.1.0.21:80', method: 'nat' },
  ...{ health: 'up', health_reason: 'fine', admin: 'enabled', because: 'serving' },
  ...{ weight_configured: 1, weight_effective: 1, presence: 'present' },
  ...load,
  ...(latency_ms === undefined ? {} : { latency_ms }),
});
const summary = {
  ...{ name: 'www', listen: 'tcp://10.0.0.100:80', scheduler: 'wlc', health: 'up', because: 'all are up' },
  ...{ servers_total: 2, servers_up: 2, presence: 'present' },
  ...load,
};
const status = {
  ...{ version: '0.1.0', node: 'lb1', cluster: 'web', pid: 7, started: 1, now: 2 },
  ...{ role: 'active', role_because: 'it is the only director' },
  revision: { number: 1, at: 1, author: 'file', comment: '', hash: 'abc' },
  engine: {
    ...{ kind: 'memory', hooks: [], survives_restart: false, tables: [] },
    limits: { services: 1, servers: 1, connections: 1 },
    totals: { in: 0, forwarded: 0, local: 0, dropped: {} },
  },
  virtual_ips: [],
  store: { state: 'ok', waiting: 0, dropped: 0 },
  monitor: { pids: [], restarts: 0, checks: 0, probes: 0, failures: 0, lateness_p99_ms: 0 },
  problems: [],
};
const full = {
  ...{ kind: 'full', at: 1 },
  status: { ...status, services: [summary] },
  services: [{ ...summary, servers: [server('rs1', 3), server('rs2')] }],
};
const row = LIVE_NUMBERS.map((_, index) => index + 1);
const tick = {
  ...{ kind: 'tick', at: 2, status },
  ...{ services: {}, servers: {}, changed_services: [], changed_servers: [] },
};

function begun(): LivePicture {
  const applied = applyLive(undefined, full);
  if ('problem' in applied) throw new Error(applied.problem);
  return applied.picture;
}

describe('the live view', () => {
  it('puts each number where it belongs, and leaves what is the same the same object', () => {
    const before = begun();
    const applied = applyLive(before, { ...tick, servers: { 'www/rs1': row } });
    const { services } = (applied as { picture: LivePicture }).picture;
    expect(services[0]!.servers[0]).toEqual({
      ...server('rs1', 9),
      ...{ active: 1, inactive: 2, templates: 3 },
      rates: {
        ...{ connections_per_s: 4, packets_in_per_s: 5, packets_out_per_s: 6 },
        ...{ bytes_in_per_s: 7, bytes_out_per_s: 8 },
      },
      traffic: { connections: 10, packets_in: 11, packets_out: 12, bytes_in: 13, bytes_out: 14 },
    });
    expect(services[0]!.servers[1]).toBe(before.services[0]!.servers[1]);
    expect(before.services[0]!.servers[0]).toEqual(server('rs1', 3));
  });

  it.each([
    ['nothing', undefined, 'neither'],
    ['something of another kind', { kind: 'sing' }, 'neither'],
    ['a full picture without services', { ...full, services: 7 }, 'services: '],
    ['a tick of a server that is not there', { ...tick, servers: { 'www/rs9': row } }, 'www/rs9'],
    ['a tick of a service that is not there', { ...tick, services: { dns: row } }, 'dns'],
    ['a record of a server that is not there', { ...tick, changed_servers: [server('rs9')] }, 'www/rs9'],
    [
      'a record of a service that is not there',
      { ...tick, changed_services: [{ ...summary, name: 'dns' }] },
      'dns',
    ],
    ['too few numbers', { ...tick, servers: { 'www/rs1': [1, 2] } }, 'numbers'],
    ['numbers that are none', { ...tick, servers: { 'www/rs1': row.map(String) } }, 'numbers'],
    ['rows that are none', { ...tick, servers: [] }, 'numbers'],
    ['a status that is none', { ...tick, status: null }, 'status'],
  ])('asks for a new start after %s', (_, message, place) => {
    expect(applyLive(begun(), message)).toEqual({ problem: expect.stringContaining(place) });
  });

  it('asks for a new start when it begins in the middle', () => {
    expect(applyLive(undefined, tick)).toEqual({ problem: expect.any(String) });
  });

  it('never throws, whatever comes', () => {
    const picture = begun();
    const parts = fc.record(
      { ...Object.fromEntries(Object.keys({ ...full, ...tick }).map((key) => [key, fc.anything()])) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.anything(), parts, fc.constantFrom(full, tick), (anything, some, sound) => {
        for (const message of [anything, some, { ...sound, ...some }, { ...some, kind: sound.kind }])
          expect(() => applyLive(picture, message)).not.toThrow();
      }),
    );
  });
});
