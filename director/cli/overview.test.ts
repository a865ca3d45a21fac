// The head of `fairlead status`, line by line.
import { describe, expect, it } from 'vitest';
import type { Status } from '../control/schema.ts';
import { emptyTotals } from '../model/counters.ts';
import { overview } from './overview.ts';
import { plain } from './table.ts';

const PLAIN: Status = {
  version: '1.0.0',
  node: 'lb1',
  cluster: 'web',
  pid: 12,
  started: 0,
  now: 61_000,
  role: 'active',
  role_because: 'it is the only director',
  revision: { number: 3, at: 0, author: 'root', comment: '', hash: 'a' },
  engine: {
    kind: 'memory',
    hooks: [],
    survives_restart: false,
    limits: { services: 4, servers: 4, connections: 4 },
    tables: [],
    totals: emptyTotals(),
  },
  virtual_ips: [],
  services: [],
  store: { state: 'ok', waiting: 0, dropped: 0 },
  monitor: { pids: [1], restarts: 0, checks: 1, probes: 0, failures: 0, lateness_p99_ms: 0 },
  problems: [],
};

function lines(changes: Partial<Status>, engine: Partial<Status['engine']> = {}): string[] {
  return overview({ ...PLAIN, ...changes, engine: { ...PLAIN.engine, ...engine } }, false);
}

const of = (label: string, all: readonly string[]): string[] => {
  const from = all.findIndex((line) => line.startsWith(label));
  const end = all.findIndex((line, index) => index > from && !line.startsWith(' '));
  return all.slice(from, end < 0 ? undefined : end).map((line) => line.slice(10));
};

describe('the overview', () => {
  it('shows that the books balance, and why packets were dropped, the most frequent reason first', () => {
    const dropped = { ...emptyTotals().dropped, 'no-route': 2, 'no-server': 1_300 };
    const totals = { in: 10_302, forwarded: 8_000, local: 1_000, dropped };
    expect(of('packets', lines({}, { totals }))).toEqual([
      '10302 in = 8000 forwarded + 1000 local + 1302 dropped',
      'dropped: no-server 1.3k, no-route 2',
    ]);
    expect(of('packets', lines({}))).toEqual(['0 in = 0 forwarded + 0 local + 0 dropped']);
  });

  it('names each hook with its reason, once for interfaces that share it', () => {
    const hooks = [
      { interface: 'eth0', hook: 'xdp', why: 'the driver can' },
      { interface: 'eth1', hook: 'tc', why: 'virtual interface' },
      { interface: 'eth2', hook: 'tc', why: 'virtual interface' },
    ];
    expect(of('hooks', lines({}, { hooks }))).toEqual([
      'eth0: xdp (the driver can)',
      'eth1, eth2: tc (virtual interface)',
    ]);
  });

  it('says how full the tables are', () => {
    const tables = [
      { name: 'connections', used: 33_000, limit: 65_536 },
      { name: 'services', used: 1, limit: 16_384 },
    ];
    expect(of('tables', lines({}, { tables }))).toEqual([
      'connections 33000/65536 (50%), services 1/16384 (<1%)',
    ]);
  });

  it('puts the virtual IPs that are not up first, and hides none of them behind the others', () => {
    const up = Array.from({ length: 20 }, (_, index) => ({
      address: `10.0.0.${100 + index}/24`,
      interface: 'eth0',
      role: 'service' as const,
      state: 'up' as const,
    }));
    const failed = { ...up[0]!, address: '10.0.0.9/24', state: 'failed' as const, detail: 'eth0 is gone' };
    const shown = of('VIPs', lines({ virtual_ips: [...up, failed] }));
    expect(shown[0]).toBe('10.0.0.9/24    eth0  failed: eth0 is gone');
    expect(shown.at(-1)).toBe('and 5 more, all up');
    expect(shown).toHaveLength(17);
  });

  it('lets nothing that came from outside drive the terminal', () => {
    const revision = { ...PLAIN.revision, comment: 'new\x1b[2J\nrelease' };
    for (const line of lines({ revision, role_because: '\x07' })) expect(line).toBe(plain(line));
  });
});
