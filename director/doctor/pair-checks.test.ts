import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../config/parse.ts';
import type { Machine } from './machine.ts';
import { checkPair } from './pair-checks.ts';

function findings(links: string, machine: Partial<Machine> = {}, more = '') {
  const parsed = parseConfiguration(
    `cluster: web
directors: { lb1: { address: 10.0.0.11 }, lb2: { address: 10.0.0.12 } }
heartbeat: { key_file: k, links: ${links} }
${more}
`,
    'site.yaml',
  );
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  const whole: Machine = {
    read: (path) =>
      path === '/proc/self/net/dev' ? 'Inter-|\n face |\n    lo: 0\n  eth0: 0\n  eth1: 0\n' : undefined,
    exists: (path) => path === '/dev/ttyS0',
    mode: () => 0o600,
    kernelRelease: '6.1.0',
    addresses: () => ['10.0.0.12', '10.1.0.12'],
    availableMemory_bytes: () => 1e9,
    now: () => 0,
    ask: () => undefined,
    ...machine,
  };
  return checkPair(whole, parsed.configuration);
}

const bad = (...given: Parameters<typeof findings>) =>
  findings(...given)
    .filter((each) => each.level !== 'ok')
    .map(({ check, level, detail }) => `${level} ${check}: ${detail}`);

const GOOD = '[{ udp: eth1, addresses: { lb1: 10.1.0.11, lb2: 10.1.0.12 } }, { serial: /dev/ttyS0 }]';

describe('a machine of a pair', () => {
  it('is right with links, addresses and sync', () => {
    expect(bad(GOOD)).toEqual([]);
    expect(findings(GOOD).map((each) => each.detail)).toEqual([
      'udp eth1 is there',
      'serial /dev/ttyS0 is there',
      'this is lb2, 10.0.0.12',
      'over eth1, port 8849',
    ]);
  });

  it.each([
    [
      '[{ udp: eth7 }, { udp: eth0 }]',
      'warn link: there is no interface eth7 for a link',
      'warn sync: there is no interface eth7 for sync',
    ],
    ['[{ serial: /dev/ttyS9 }, { udp: eth0 }]', 'warn link: there is no device /dev/ttyS9'],
    [
      '[{ udp: eth0 }]',
      'warn links: there is one way between the directors only: if it is cut, both take the virtual IPs',
    ],
    [
      '[{ udp: eth0, addresses: { lb1: 10.9.0.1, lb2: 10.9.0.2 } }, { udp: eth1 }]',
      'warn link: udp eth0: neither 10.9.0.1 nor 10.9.0.2 is on this machine',
    ],
  ])('%s', (links, ...expected) => expect(bad(links)).toEqual(expected));

  it('cannot start without any link, since both directors would be active', () => {
    expect(bad('[{ udp: eth7 }, { udp: eth8 }]', {}, 'sync: { link: eth0 }')).toEqual([
      'fail link: there is no interface eth7 for a link',
      'fail link: there is no interface eth8 for a link',
    ]);
  });

  it('has an address of one director', () => {
    expect(bad(GOOD, { addresses: () => ['10.1.0.12'] })).toEqual([
      'warn own-address: none of the directors’ addresses (10.0.0.11, 10.0.0.12) is on this machine',
    ]);
  });
});
