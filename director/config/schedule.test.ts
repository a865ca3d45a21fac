// The `schedule` part: what it may say, and what is said about what it may not.
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from './parse.ts';
import { formatProblem } from './problem.ts';

const TEXT = `cluster: web
directors: { lb1: { address: 10.0.0.11 } }
engine: { interfaces: [eth0] }
virtual_ips: [{ address: 10.0.0.100/24, interface: eth0 }]
services:
  www:
    listen: tcp://10.0.0.100:80
    servers: { rs1: { address: 10.1.0.21 }, rs2: { address: 10.1.0.22 } }
    sorry: { address: 10.1.0.99 }
schedule:
`;

function parse(schedule: string) {
  return parseConfiguration(`${TEXT}${schedule}\n`, 'f.yaml');
}

function told(schedule: string): string[] {
  const parsed = parse(schedule);
  return ('problems' in parsed ? parsed.problems : parsed.warnings).map(formatProblem);
}

it('reads each kind of work', () => {
  const parsed = parse(`  timezone: Europe/Berlin
  patches: { maintenance: { at: "0 2 * * 0", for: 2h, servers: [www/rs1, www/rs1], drain_before: 10m } }
  office: { weight: { at: "0  8 * * mon-fri", server: www/rs2, weight: 4 } }
  evening: { weight: { at: "0 18 * * 1-5", server: www/sorry, weight: configured } }
  nightly: { backup: { at: "15 3 * * *" } }`);
  if ('problems' in parsed) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  expect(parsed.configuration.schedule).toEqual({
    timezone: 'Europe/Berlin',
    entries: [
      {
        ...{ name: 'patches', kind: 'maintenance', at: '0 2 * * 0', servers: ['www/rs1'] },
        ...{ for_ms: 7_200_000, drainBefore_ms: 600_000 },
      },
      { name: 'office', kind: 'weight', at: '0 8 * * mon-fri', server: 'www/rs2', weight: 4 },
      { name: 'evening', kind: 'weight', at: '0 18 * * 1-5', server: 'www/sorry' },
      { name: 'nightly', kind: 'backup', at: '15 3 * * *', keep: 14, history: false },
    ],
  });
});

it('may be empty, or only hold a time zone', () => {
  expect(told('')).toEqual([]);
  expect(told('  timezone: UTC')).toEqual([]);
});

describe('what is wrong is told at its place', () => {
  it.each([
    ['  timezone: Europe/Berlim', 'f.yaml:11:13: timezone: "Europe/Berlim" is no time zone'],
    ['  timezone: +02:00', 'f.yaml:11:13: timezone: "+02:00" is no time zone'],
    ['  a: { backup: { at: "61 2 * * *" } }', 'f.yaml:11:22: at: "61 2 * * *" has no minute "61"'],
    ['  a: { backup: { at: 5 } }', 'f.yaml:11:22: at: 5 is no text'],
    ['  a: { backup: { at: "0 0 31 4 *" } }', 'never comes'],
    ['  a: { backup: { keep: 3 } }', 'f.yaml:11:16: backup needs the key `at`'],
    [
      '  a: { backup: { at: "0 2 * * *", keep: 0 } }',
      'f.yaml:11:41: keep: expected a whole number from 1 to 1000',
    ],
    [
      '  a: { bakcup: { at: "0 2 * * *" } }',
      'f.yaml:11:8: scheduled work has no key "bakcup" (did you mean `backup`?)',
    ],
    ['  a: {}', 'f.yaml:11:6: scheduled work is one of maintenance, weight, drill, backup, not none of them'],
    ['  a: 5', 'f.yaml:11:6: scheduled work must be a mapping, not 5'],
    ['  a: { backup: 5 }', 'f.yaml:11:16: backup must be a mapping, not 5'],
    [
      '  a/b: { backup: { at: "0 2 * * *" } }',
      'f.yaml:11:3: the schedule name "a/b" must be made of letters',
    ],
    [
      '  a: { backup: { at: "0 2 * * *" }, drill: { at: "0 2 * * *", name: failback } }',
      'f.yaml:11:6: scheduled work is one of maintenance, weight, drill, backup, not drill and backup',
    ],
    [
      '  a: { drill: { at: "0 2 * * *", name: failback } }',
      'f.yaml:11:15: drill: there is no second director',
    ],
    [
      '  a: { drill: { at: "0 2 * * *", name: power-cut } }',
      '"power-cut" is not one of planned-switchover, failback',
    ],
    [
      '  a: { weight: { at: "0 2 * * *", server: www/rs3, weight: 1 } }',
      'f.yaml:11:43: server: there is no real server "www/rs3" (did you mean `www/rs1`?)',
    ],
    [
      '  a: { weight: { at: "0 2 * * *", server: rs1, weight: 1 } }',
      'f.yaml:11:43: server: "rs1" names no real server',
    ],
    [
      '  a: { weight: { at: "0 2 * * *", server: www/rs1, weight: -1 } }',
      'f.yaml:11:60: weight: expected a whole number',
    ],
    ['  a: { weight: { at: "0 2 * * *", server: www/rs1 } }', 'weight needs the key `weight`'],
    [
      '  a: { maintenance: { at: "0 2 * * *", for: 2, servers: [www/rs1] } }',
      'f.yaml:11:45: for: 2 has no unit (write 2s or 2ms)',
    ],
    [
      '  a: { maintenance: { at: "0 2 * * *", for: 23h, drain_before: 2h, servers: [www/rs1] } }',
      'f.yaml:11:45: for: with drain_before it takes 25h, and the next window begins 1d after one',
    ],
    [
      '  a: { maintenance: { at: "0 2 * * *", for: 2h, servers: [] } }',
      'servers: must have a number of entries of at least 1',
    ],
    [
      '  a: { maintenance: { at: "0 2 * * *", for: 2h, servers: [www/rs1, web/rs1] } }',
      'f.yaml:11:68: servers: there is no real server "web/rs1"',
    ],
  ])('%s', (schedule, problem) => {
    expect(told(schedule).join('\n')).toContain(problem);
    expect('problems' in parse(schedule)).toBe(true);
  });

  it('a window that takes a whole service is a warning', () => {
    const window = '  a: { maintenance: { at: "0 2 * * *", for: 2h, servers: [www/rs1, www/rs2] } }';
    expect(told(window).join('\n')).toContain(
      'f.yaml:11:58: servers: the window takes every real server of service "www"',
    );
    expect('problems' in parse(window)).toBe(false);
  });

  it('there are at most 64 entries', () => {
    const many = Array.from({ length: 65 }, (_, index) => `  e${index}: { backup: { at: "0 2 * * *" } }`);
    expect(told(many.join('\n'))).toContainEqual(
      expect.stringContaining('65 entries are more than the limit of 64'),
    );
  });
});
