import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../config/parse.ts';
import { checkKey } from './key-check.ts';
import type { Machine } from './machine.ts';

const TEXT = `cluster: web
directors: { lb1: { address: 10.0.0.11 }, lb2: { address: 10.0.0.12 } }
heartbeat: { key_file: pair.key, links: [ { udp: eth0, port: 694 } ] }
virtual_ips: [ { address: 10.0.0.100/24, interface: eth0 } ]
services: { www: { listen: tcp://10.0.0.100:80, servers: { rs1: { address: 10.1.0.21 } } } }
`;
const parsed = parseConfiguration(TEXT, 'site.yaml');
if ('problems' in parsed) throw new Error(parsed.problems.map(({ message }) => message).join('\n'));
const { configuration } = parsed;
const GOOD = 'a'.repeat(64);

function machine(text: string | undefined, mode: number | undefined): Machine {
  return {
    read: (path) => (path === '/etc/fairlead/pair.key' ? text : undefined),
    mode: (path) => (path === '/etc/fairlead/pair.key' ? mode : undefined),
    exists: () => false,
    kernelRelease: '6.1.0',
    addresses: () => [],
    availableMemory_bytes: () => 1e9,
    now: () => 0,
    ask: () => undefined,
  };
}

describe('the key of a pair', () => {
  it.each([
    ['there is no key file /etc/fairlead/pair.key', undefined, undefined],
    ['the key file /etc/fairlead/pair.key cannot be read', undefined, 0o600],
    ['others may read the key file /etc/fairlead/pair.key', GOOD, 0o640],
    ['holds a key of fewer than 16 bytes', '', 0o600],
    ['holds a key of fewer than 16 bytes', `${GOOD}\nshort\n`, 0o600],
  ])('is refused: %s', (detail, text, mode) => {
    const [finding] = checkKey(machine(text, mode), configuration, '/etc/fairlead');
    expect(finding).toMatchObject({ level: 'fail', detail: expect.stringContaining(detail) });
    expect(finding?.remedy).toBeDefined();
  });

  it('may be two during rotation', () => {
    const findings = checkKey(machine(`${GOOD}\n${GOOD}\n`, 0o600), configuration, '/etc/fairlead');
    expect(findings).toMatchObject([{ level: 'ok', detail: '2 in /etc/fairlead/pair.key' }]);
  });
});
