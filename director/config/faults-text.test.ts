// What is told about the text as such: YAML, aliases, keys, limits.
import { describe, expect, it } from 'vitest';
import { PROBLEMS_MAX } from './problem.ts';
import { HEAD, LISTEN, problems, serviceProblems } from './support/told.ts';

describe('the file as a whole', () => {
  it.each([
    ['', '1:1 empty the configuration is empty (begin with `cluster:`, `directors:` and `services:`)'],
    [
      '# nothing\n\n',
      '1:1 empty the configuration is empty (begin with `cluster:`, `directors:` and `services:`)',
    ],
    [
      '- a',
      '1:1 not-a-mapping the configuration must be a mapping, not a list (begin with `cluster:`, `directors:` and `services:`)',
    ],
    [
      'hello',
      '1:1 not-a-mapping the configuration must be a mapping, not a single value (begin with `cluster:`, `directors:` and `services:`)',
    ],
    ['a: b\n\0', '2:1 not-text character U+0000 does not belong in a text file (is this a YAML file?)'],
    ['a: \ud800', '1:4 not-text character U+D800 does not belong in a text file (is this a YAML file?)'],
    [
      'a: b\n---\nc: d\n',
      '2:1 several-documents a second YAML document begins here (remove the `---` line: one file is one configuration)',
    ],
    ['%YAML 1.1\n---\na: yes\n', '1:1 yaml-directive YAML directives are not supported (remove the line)'],
    [
      'a: !!str 5',
      '1:4 yaml-tag YAML tags such as "!!str" are not supported (remove it; to make a value text, put it in quotes)',
    ],
    [
      'a: [b',
      '1:6 yaml-syntax Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['a:\n\t- b', '2:1 yaml-syntax Tabs are not allowed as indentation'],
  ])('%j is refused', (text, problem) => expect(problems(text)).toEqual([problem]));

  it('larger than 4 MiB is refused unread', () => {
    expect(problems('a'.repeat(4 * 2 ** 20 + 1))).toEqual(['1:1 too-large larger than the limit of 4 MiB']);
  });

  it.each(['[', '{ a: ', '- ', '? '])('nested deeper than 32 levels by %j is refused', (opening) => {
    const [problem, ...others] = problems(opening.repeat(40));
    expect(problem).toMatch(/ too-deep nested deeper than 32 levels$/);
    expect(others).toEqual([]);
  });

  it('nested 31 levels deep is read', () => {
    const told = problems(`a: ${'['.repeat(31)}${']'.repeat(31)}`);
    expect(told).toContainEqual(expect.stringMatching(/unknown-key/));
  });

  it('tells two keys of one name', () => {
    expect(problems(`${HEAD}cluster: other\n`)).toEqual([
      '4:1 duplicate-key "cluster" is already there, in line 1 (remove or rename one of them)',
    ]);
  });

  it('knows merge keys only to refuse them', () => {
    expect(serviceProblems(LISTEN, '<<: { scheduler: rr }')).toEqual([
      '7:5 merge-key merge keys (<<) are not supported (use an alias for a whole value instead, such as `monitor: *web`)',
    ]);
  });

  it('wants plain keys', () => {
    expect(serviceProblems(LISTEN, '? [a, b]', ': c')[0]).toBe(
      '7:7 bad-key a key must be a plain word (write `key: value`)',
    );
  });
});

describe('aliases', () => {
  it('without an anchor before them are refused', () => {
    expect(serviceProblems(LISTEN, 'monitor: *web')).toContain(
      '7:14 bad-alias no anchor "web" stands before this alias',
    );
  });

  it('of what contains them are refused', () => {
    expect(serviceProblems(LISTEN, 'servers: &a { b: *a }')).toContain(
      '7:22 bad-alias alias "a" contains itself',
    );
  });

  it('that multiply are refused before they are spelled out', () => {
    const names = [...'abcdefghijkl'];
    const lines = names.map((name, index) => {
      const inner = index === 0 ? 'x' : `*${names[index - 1]}`;
      return `${name}: &${name} [${Array(9).fill(inner).join(', ')}]`;
    });
    expect(problems(lines.join('\n')).filter((each) => each.includes('alias-expansion'))).toEqual([
      '6:8 alias-expansion aliases bring in more than 100000 values (write the values out, or use fewer nested aliases)',
    ]);
  });

  it('tell a fault once, at the place of the value that they stand for', () => {
    expect(
      problems(`${HEAD}services:
  a: { ${LISTEN}, monitor: &m { tcp: true, rise: 0 } }
  b: { listen: tcp://10.0.0.100:81, monitor: *m }`),
    ).toEqual(['5:68 bad-number rise: expected a whole number from 1 to 100, not 0']);
  });
});

describe('keys', () => {
  it.each([
    ['sheduler: rr', '7:5 unknown-key a service has no key "sheduler" (did you mean `scheduler`?)'],
    ['slow-start: 30s', '7:5 unknown-key a service has no key "slow-start" (did you mean `slow_start`?)'],
    [
      'protocol: tcp',
      '7:5 unknown-key a service has no key "protocol" (known keys: listen, scheduler, method, persistence, monitor, servers, sorry, removal, down, slow_start)',
    ],
    [
      'monitor: { tcp: true, rize: 2 }',
      '7:27 unknown-key a monitor of kind tcp has no key "rize" (did you mean `rise`?)',
    ],
    [
      'monitor: { tcp: true, status: 200 }',
      '7:27 unknown-key `status` belongs to http and https, not to tcp (remove it)',
    ],
    [
      'servers: { a: { address: 10.1.0.1, wieght: 2 } }',
      '7:40 unknown-key a server has no key "wieght" (did you mean `weight`?)',
    ],
    [
      'sorry: { address: 10.1.0.1, weight: 2 }',
      '7:33 unknown-key sorry has no key "weight" (known keys: address, method)',
    ],
  ])('%s is not known', (line, problem) => expect(serviceProblems(LISTEN, line)).toEqual([problem]));

  it('that must be there are missed', () => {
    expect(problems('console: { listen: 127.0.0.1:80 }')).toEqual([
      '1:1 missing-key the configuration needs the key `cluster`',
      '1:1 missing-key the configuration needs the key `directors` (write `directors: { lb1: { address: 10.0.0.11 } }`)',
    ]);
    expect(serviceProblems('servers: { a: { weight: 1 } }')).toEqual([
      '6:5 missing-key a service needs the key `listen`',
      '6:19 missing-key a server needs the key `address`',
    ]);
  });
});

describe('limits', () => {
  it('of servers hold for the sorry server too', () => {
    const servers = Array.from({ length: 256 }, (_, index) => `s${index}: { address: 10.1.${index}.1 }`);
    const all = `servers: { ${servers.join(', ')} }`;
    expect(serviceProblems(LISTEN, all)).toEqual([]);
    expect(serviceProblems(LISTEN, all, 'sorry: { address: 10.2.0.1 }')).toEqual([
      "7:14 too-many-servers 257 servers are more than a service's limit of 256",
    ]);
  });

  it('of services end the reading of them', () => {
    const services = Array.from({ length: 10_001 }, (_, index) => `  s${index}: {}\n`);
    expect(problems(`${HEAD}services:\n${services.join('')}`)).toEqual([
      '5:3 too-many-services 10001 services are more than the limit of 10000',
    ]);
  });

  it('of problems tell how many more there are, and the first ones by place', () => {
    const keys = Array.from({ length: 3_000 }, (_, index) => `k${index}: 1\n`).join('');
    const told = problems(keys + HEAD);
    expect(told).toHaveLength(PROBLEMS_MAX);
    expect(told[0]).toMatch(/^1:1 unknown-key .*"k0"/);
    expect(told.at(-1)).toBe('49:1 more-problems 2951 more problems are not shown');
  });
});

it('tells all that is wrong in one pass, sorted by place', () => {
  const told = problems(`cluster: 5
directors: { lb1: { address: nowhere } }
services:
  a: { listen: tcp://10.0.0.100, servers: { x: { address: 10.0.0.1, weight: -1 } } }
  b: { listen: tcp://10.0.0.100:80, monitor: { tcp: no }, scheduler: best }
engine: { kind: fast, timeouts: { udp: 5 } }
`);
  expect(told.map((each) => each.split(' ', 2).join(' '))).toEqual([
    '1:10 bad-name',
    '2:30 bad-address',
    '4:16 bad-listen',
    '4:77 bad-weight',
    '5:53 bad-value',
    '5:70 bad-choice',
    '6:17 bad-choice',
    '6:40 bad-duration',
  ]);
});
