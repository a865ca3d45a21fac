import { describe, expect, it } from 'vitest';
import type { Configuration } from '../config/configuration.ts';
import { parseConfiguration } from '../config/parse.ts';
import { diffConfigurations, needsRestart } from './configuration-diff.ts';

function read(services: string, rest = ''): Configuration {
  const text = `cluster: web\ndirectors: { lb1: { address: 10.0.0.11 } }\n${rest}\nservices:\n${services}`;
  const parsed = parseConfiguration(text, 'test.yaml');
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.configuration;
}

const www = (servers: string, scheduler = 'wlc'): string =>
  `  www: { listen: "tcp://10.0.0.100:80", scheduler: ${scheduler}, method: nat, servers: { ${servers} } }\n`;
const rs1 = 'rs1: { address: "10.1.0.21:80" }';
const rs2 = 'rs2: { address: "10.1.0.22:80" }';

describe('diffConfigurations', () => {
  it('says nothing about equal ones', () => {
    expect(diffConfigurations(read(www(rs1)), read(www(rs1)))).toEqual([]);
  });

  it('compares by name, so that a server in front is one line', () => {
    const lines = diffConfigurations(read(www(rs1)), read(www(`${rs2}, ${rs1}`, 'rr')));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toBe('~ services.www.scheduler: wlc -> rr');
    expect(lines[1]).toMatch(/^\+ services\.www\.servers\.rs2: \{.*10\.1\.0\.22/);
    expect(diffConfigurations(read(www(`${rs2}, ${rs1}`)), read(www(rs1)))[0]).toMatch(/^- services/);
  });

  it('goes into what has no name, where as many stand there as before', () => {
    const monitored = (monitor: string): Configuration =>
      read(`  www: { listen: "tcp://10.0.0.100:80", monitor: ${monitor}, servers: { ${rs1} } }\n`);
    const one = monitored('{ http: /, fall: 2 }');
    expect(diffConfigurations(one, monitored('{ http: /, fall: 5 }'))).toEqual([
      '~ services.www.monitors.1.fall: 2 -> 5',
    ]);
    const two = monitored('[{ http: /, fall: 2 }, { ping: true }]');
    expect(diffConfigurations(one, two)).toHaveLength(1);
  });
});

describe('needsRestart', () => {
  it('names what is read only at start', () => {
    const before = read(www(rs1), 'engine: { kind: memory, connections: 2000 }');
    const after = read(www(rs2), 'engine: { kind: memory, connections: 4000, timeouts: { udp: 10s } }');
    expect(needsRestart(before, after)).toEqual(['~ engine.connections_max: 2000 -> 4000']);
    expect(needsRestart(before, read(www(rs2), 'engine: { kind: memory, connections: 2000 }'))).toEqual([]);
  });
});
