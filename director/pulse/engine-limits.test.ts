// Configurations that an engine has no room for.
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../config/parse.ts';
import { checkEngineLimits, type EngineLimits } from './engine-limits.ts';

const ROOM: EngineLimits = { services: 2, servers: 4, connections: 1_024, addresses: 3 };

function check(...services: string[][]): () => void {
  const lines = services.map((servers, index) => {
    const list = servers.map((server, name) => `s${name}: { ${server} }`);
    return `  w${index}: { listen: tcp://10.0.0.100:${index + 1}, method: nat, servers: { ${list.join(', ')} } }\n`;
  });
  const parsed = parseConfiguration(
    `cluster: a\ndirectors: { lb1: { address: 10.0.0.11 } }\nengine: { kind: memory }\nservices:\n${lines.join('')}`,
    'a.yaml',
  );
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return () => checkEngineLimits(parsed.configuration, 'memory', ROOM);
}

const at = (host: number, port = 80) => `address: "10.1.0.${host}:${port}"`;

describe('an engine', () => {
  it('takes what just fits', () => {
    expect(check([at(1), at(2)], [at(3), at(1)])).not.toThrow();
  });

  it.each<[string, string[][], RegExp]>([
    ['services', [[], [], []], /has 3 services, and the memory engine takes at most 2\./],
    [
      'servers',
      [
        [at(1), at(2), at(3)],
        [at(1), at(2)],
      ],
      /has 5 real servers, .* at most 4\./,
    ],
    ['addresses', [[at(1), at(2), at(3), at(4)]], /has 4 distinct addresses of real servers, .* at most 3\./],
  ])('has no room for too many %s', (_, services, message) => {
    expect(check(...services)).toThrow(expect.objectContaining({ code: 'engine-limit', exit: 2 }));
    expect(check(...services)).toThrow(message);
  });

  it('counts an address once for all its ports, and this host not at all', () => {
    expect(check([at(1, 1), at(1, 2), at(1, 3), `${at(9, 1)}, method: local`])).not.toThrow();
    expect(check([at(1), at(2), at(3), `${at(9, 1)}, method: local`])).not.toThrow();
  });
});
