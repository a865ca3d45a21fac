// What is allowed but odd is told, and stops nothing.
import { describe, expect, it } from 'vitest';
import type { Configuration } from './configuration.ts';
import { parseConfiguration } from './parse.ts';
import { formatProblem } from './problem.ts';

function parsed(text: string): { configuration: Configuration; warnings: string[] } {
  const result = parseConfiguration(text, 'web.yaml');
  if ('problems' in result) throw new Error(result.problems.map(formatProblem).join('\n'));
  return { configuration: result.configuration, warnings: result.warnings.map(formatProblem) };
}

describe('warnings', () => {
  it('tell what is allowed but odd, sorted by place', () => {
    const { warnings } = parsed(`cluster: a
directors: { lb1: { address: 10.0.0.11 } }
heartbeat: { interval: 100ms, deadtime: 150ms, key_file: k, links: [{ udp: eth1 }] }
virtual_ips:
  - { address: 10.0.0.100/24, interface: eth0 }
  - { address: 10.0.0.101/24, interface: eth0, role: nat-gateway }
services:
  www: { listen: tcp://10.0.0.99:80 }
`);
    expect(warnings).toEqual([
      'web.yaml:3:1: heartbeat: there is no second director that could hear it',
      'web.yaml:3:41: deadtime: one lost beat is enough for a takeover (400ms is usual for this interval)',
      'web.yaml:5:5: no service listens on the virtual IP 10.0.0.100 (remove it, or write role: nat-gateway if real servers route through it)',
      'web.yaml:8:3: service "www" has no real server',
      'web.yaml:8:18: 10.0.0.99 is not among virtual_ips: no director will bring it up (add it to virtual_ips, unless packets for it are routed here)',
    ]);
  });

  const pair = (links: string, more: string) => `cluster: a
directors: { a: { address: 10.0.0.11 }, b: { address: 10.0.0.12 } }
heartbeat: { key_file: k, links: ${links} }
${more}
`;

  it('tell of a pair that can sync no connections, or nothing', () => {
    const memory = parsed(pair('[{ udp: eth1 }]', 'engine: { kind: memory }'));
    expect(memory.configuration.sync).toMatchObject({ connections: false });
    expect(memory.warnings).toEqual([
      'web.yaml:3:1: sync: the engine memory cannot tell its connections, so that a takeover loses them (use the engine ebpf)',
    ]);
    const serial = parsed(pair('[{ serial: /dev/ttyS0 }]', ''));
    expect(serial.configuration.sync).toBeUndefined();
    expect(serial.warnings).toEqual([
      'web.yaml:3:1: sync: there is no udp link, so that a takeover loses connections, and orders stay on one director (write sync: { link: eth1 })',
    ]);
  });

  it('tell of an engine without an interface', () => {
    const { warnings } = parsed(
      'cluster: a\ndirectors: { b: { address: 10.0.0.1 } }\nservices: { c: { listen: tcp://10.0.0.9:80, servers: { d: { address: 10.0.0.3 } } } }',
    );
    expect(warnings.map((each) => each.replace(/^.*?: /, ''))).toEqual([
      'the engine has no interface to take packets from (add engine.interfaces, or virtual_ips with their interfaces)',
      '10.0.0.9 is not among virtual_ips: no director will bring it up (add it to virtual_ips, unless packets for it are routed here)',
    ]);
  });
});
