// Every problem has its place, its sentence and its remedy. Each case is a whole file (or one service of an otherwise
// good file) and what is told about it, line by line, `line:column code message (remedy)`.
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from './parse.ts';
import { formatProblem, PROBLEMS_MAX } from './problem.ts';

function problems(text: string): string[] {
  const result = parseConfiguration(text, 'f');
  if (!('problems' in result)) return [];
  expect(result.problems.length).toBeGreaterThan(0);
  return result.problems.map((each) =>
    formatProblem(each).replace(/^f:/, '').replace(': ', ` ${each.code} `),
  );
}

const HEAD = `cluster: web
directors: { lb1: { address: 10.0.0.11 } }
virtual_ips: [{ address: 10.0.0.100/24, interface: eth0 }]
`;
const LISTEN = 'listen: tcp://10.0.0.100:80';

/** The service's keys begin in line 6, column 5. */
const serviceProblems = (...lines: string[]) =>
  problems(`${HEAD}services:\n  www:\n${lines.map((line) => `    ${line}\n`).join('')}`);
const rootProblems = (text: string) =>
  problems(`cluster: web\ndirectors: { lb1: { address: 10.0.0.11 } }\n${text}`);

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

describe('values', () => {
  it.each([
    [
      'heartbeat: 5',
      '3:12 not-a-mapping heartbeat must be a mapping, not 5 (write `key: value` lines, or { key: value, … })',
    ],
    ['engine: { kind: kernel }', '3:17 bad-choice kind: "kernel" is not one of ebpf, ipvs, memory'],
    ['engine: { connections: 10 }', '3:24 out-of-range connections: must be between 1024 and 16777216'],
    [
      'engine: { connections: lots }',
      '3:24 bad-size connections: "lots" is not a count (write a whole number, with Ki, Mi, Gi, k, M or G if you like, such as 256Ki)',
    ],
    ['engine: { timeouts: { tcp: 900 } }', '3:28 bad-duration tcp: 900 has no unit (write 900s or 900ms)'],
    [
      'engine: { timeouts: { tcp: 1s, established: 2s } }',
      '3:32 duplicate-key established and tcp are two names of one timeout (remove one of them)',
    ],
    [
      'engine: { timeouts: { template: 1s } }',
      '3:23 unknown-key timeouts has no key "template" (known keys: tcp, tcp_fin, none, established, syn_sent, syn_recv, fin_wait, time_wait, close, close_wait, last_ack, listen, synack, udp)',
    ],
    [
      'engine: { interfaces: [eth0, "a/b"] }',
      '3:30 bad-interface interfaces: "a/b" is not an interface name (write a name that `ip link` shows, such as eth0)',
    ],
    [
      'virtual_ips: [{ address: 10.0.0.1, interface: eth0 }]',
      '3:26 bad-address address: 10.0.0.1 has no prefix length (write 10.0.0.1/24, say)',
    ],
    [
      'virtual_ips: [{ address: 10.0.0.1/33, interface: eth0 }]',
      '3:26 bad-prefix address: the prefix length must be from 1 to 32',
    ],
    [
      'virtual_ips: [{ address: 224.0.0.1/24, interface: eth0 }]',
      '3:26 bad-address address: 224.0.0.1 is a multicast address',
    ],
    [
      'virtual_ips: { a: b }',
      '3:14 not-a-list virtual_ips must be a list of at most 4096 addresses (write `- { address: 10.0.0.100/24, interface: eth0 }` lines)',
    ],
    [
      'console: { listen: 8443 }',
      '3:20 bad-address listen: 8443 is not an address and a port (write 127.0.0.1:8443 or [::1]:8443)',
    ],
    [
      'sync: { link: }',
      '3:15 bad-interface link: nothing is not an interface name (write a name that `ip link` shows, such as eth0)',
    ],
  ])('%s is refused', (text, problem) => expect(rootProblems(text)).toEqual([problem]));

  it.each([
    ['slow_start: 5', '7:17 bad-duration slow_start: 5 has no unit (write 5s or 5ms)'],
    ['slow_start: "5"', '7:17 bad-duration slow_start: 5 has no unit (write 5s or 5ms)'],
    [
      'slow_start: soon',
      '7:17 bad-duration slow_start: "soon" is not a duration (write a number and ms, s, m, h or d, such as 500ms)',
    ],
    ['slow_start: 30d', '7:17 out-of-range slow_start: must be at most 1d'],
    ['scheduler: sh', '7:16 bad-choice scheduler: "sh" is not one of rr, wrr, lc, wlc'],
    ['persistence: { timeout: 1500ms }', '7:29 bad-duration timeout: must be whole seconds'],
    ['persistence: { netmask: 33 }', '7:29 bad-prefix netmask: an IPv4 prefix length is at most 32'],
    [
      'servers: { a: { address: rs1.example } }',
      '7:30 bad-address address: "rs1.example" is not an address with an optional port (write 10.0.0.1:80, 10.0.0.1, [fd00::1]:80 or fd00::1; names are not looked up)',
    ],
    ['servers: { a: { address: 0.0.0.0 } }', '7:30 bad-address address: 0.0.0.0 is the unspecified address'],
    [
      'servers: { a: { address: 10.1.0.1, weight: 65536 } }',
      '7:48 bad-weight weight: expected a whole number from 0 to 65535, not 65536',
    ],
    [
      'servers: { a: { address: 10.1.0.1, weight: 1.5 } }',
      '7:48 bad-weight weight: expected a whole number from 0 to 65535, not 1.5',
    ],
    [
      'servers: { a: 10.1.0.1 }',
      '7:19 not-a-mapping a server must be a mapping, not "10.1.0.1" (write `key: value` lines, or { key: value, … })',
    ],
    [
      'servers: { a/b: { address: 10.1.0.1 } }',
      '7:16 bad-name the server name "a/b" must be made of letters, digits, `.`, `_` and `-`, beginning with a letter or digit',
    ],
    [
      'servers: { sorry: { address: 10.1.0.1 } }',
      '7:16 reserved-name a server cannot be called sorry: the sorry server is (choose another name)',
    ],
  ])('%s is refused', (line, problem) => {
    const [first] = serviceProblems(LISTEN, line);
    expect(first).toContain(problem);
  });

  it.each([
    [
      '10.0.0.100:80',
      'bad-listen listen: "10.0.0.100:80" says no protocol, address and port (write tcp://10.0.0.100:80 or udp://[fd00::1]:53)',
    ],
    [
      'tcp://www:80',
      'bad-listen listen: "tcp://www:80" says no protocol, address and port (write tcp://10.0.0.100:80 or udp://[fd00::1]:53)',
    ],
    [
      'sctp://10.0.0.100:80',
      'bad-listen listen: "sctp" is not a protocol that is balanced (write tcp:// or udp://)',
    ],
    [
      'tcp://10.0.0.100:0',
      'not-supported-yet listen: port 0 (every port) is not supported yet by the engine (write one service per port)',
    ],
    [
      'fwmark:1',
      'not-supported-yet listen: services by firewall mark are not supported yet by the engine (write one service per address and port)',
    ],
    [
      '{ fwmark: 1 }',
      'not-supported-yet listen: services by firewall mark are not supported yet by the engine (write one service per address and port)',
    ],
    ['tcp://255.255.255.255:80', 'bad-address listen: 255.255.255.255 is a broadcast address'],
  ])('listen: %s is refused', (text, problem) =>
    expect(serviceProblems(`listen: ${text}`)).toEqual([`6:13 ${problem}`]),
  );

  it('names are not longer than 63 bytes', () => {
    expect(problems(`${HEAD}services: { ${'a'.repeat(63)}: { ${LISTEN} } }`)).toEqual([]);
    expect(problems(`${HEAD}services: { ${'a'.repeat(64)}: { ${LISTEN} } }`)).toEqual([
      `4:13 bad-name the service name "${'a'.repeat(57)}..." must not be longer than 63 bytes`,
    ]);
  });
});

describe('monitors', () => {
  it.each([
    ['tcp', '14 bad-monitor "tcp" is not a monitor (write `monitor: { tcp: true }`)'],
    ['[]', '14 bad-monitor the list of monitors is empty (write `monitor: none` for no monitoring)'],
    [
      '{ interval: 1s }',
      '14 no-probe a monitor needs one kind of probe (kinds: tcp, http, https, ping, dns, expect, exec)',
    ],
    [
      '{ tcp: true, ping: true }',
      '27 several-probes a monitor has one kind of probe, and this one has tcp and ping (make a list of monitors: all of them must pass)',
    ],
    [
      '{ http: health }',
      '22 bad-path http: "health" is not a path (write a path that begins with /, such as /health; anything but plain ASCII percent-encoded)',
    ],
    [
      '{ http: /, verify: true }',
      '25 needs-tls `verify` means nothing without TLS (write https: instead of http:, or remove it)',
    ],
    [
      '{ http: /, method: HEAD, match: ok }',
      '39 no-body the answer to HEAD has no body that could match (write method: GET, or remove match)',
    ],
    [
      '{ http: /, status: [200, 99] }',
      '33 bad-status status: 99 is not a status code or range (write 200, 200-299, or a list of these)',
    ],
    ['{ http: /, match: "(" }', '32 bad-pattern match: "(" is not a regular expression: Unterminated group'],
    ['{ tcp: true, jitter: 10 }', '35 bad-percentage jitter: 10 is not a percentage (write 10%)'],
    ['{ tcp: true, fast_interval: 2s }', '42 bad-interval fast_interval must not be longer than interval'],
    [
      '{ exec: "a \'b" }',
      '22 bad-command exec: a quote or backslash is left open (write a command line, or a list of words; no shell reads it)',
    ],
    ['{ dns: a..b }', '21 bad-value dns: "a..b" is not a domain name (write www.example.org)'],
    [
      '{ expect: { send: a } }',
      '24 expects-nothing expect waits for no answer (add match, banner, starttls or steps)',
    ],
    [
      '{ expect: { steps: [{ send: a }], send: b } }',
      '48 both-forms `send` cannot stand beside `steps` (make it one of the steps)',
    ],
    [
      '{ expect: { tls: true, starttls: true } }',
      '24 tls-twice TLS can begin only once (keep tls: true for TLS from the first byte, or one starttls)',
    ],
    [
      '{ expect: { match: a, sni: b } }',
      '36 needs-tls `sni` means nothing without TLS (add tls: true or starttls, or remove it)',
    ],
  ])('%s are refused', (text, problem) =>
    expect(serviceProblems(LISTEN, `monitor: ${text}`)).toContain(`7:${problem}`),
  );
});

describe('what must fit together', () => {
  it.each([
    [
      'method: route',
      '10.0.0.1:81',
      "8:30 port-mismatch method route does not change ports: 81 is not the service's port 80 (write 10.0.0.1:80, or method: nat)",
    ],
    [
      'method: nat',
      '"fd00::1"',
      '8:30 family-mismatch method nat cannot lead from IPv4 to the IPv6 address fd00::1 (use an address of the same family, or method: tunnel)',
    ],
    [
      'method: tunnel',
      '"[fd00::1]:81"',
      "8:30 port-mismatch method tunnel does not change ports: 81 is not the service's port 80 (write [fd00::1]:80, or method: nat)",
    ],
    [
      'method: nat',
      '10.0.0.100',
      '8:16 server-is-virtual "a": 10.0.0.100 is a virtual IP, not a real server (write the server’s own address, or method: local for this host)',
    ],
  ])('%s and %s do not', (method, address, problem) => {
    expect(serviceProblems(LISTEN, method, `servers: { a: { address: ${address} } }`)).toEqual([problem]);
  });

  it('is told for servers of one address and port', () => {
    expect(
      serviceProblems(
        LISTEN,
        'servers: { a: { address: 10.1.0.1 }, b: { address: "10.1.0.1:80" } }',
        'sorry: { address: 10.1.0.1 }',
      ),
    ).toEqual([
      '7:42 duplicate-server "b" has the same address and port as "a": 10.1.0.1:80 (remove one of them)',
      '8:12 duplicate-server "sorry" has the same address and port as "a": 10.1.0.1:80 (remove one of them)',
    ]);
  });

  it('is told for services that listen on the same', () => {
    expect(
      problems(`${HEAD}services: { a: { ${LISTEN} }, b: { ${LISTEN} }, c: { listen: udp://10.0.0.100:80 } }`),
    ).toEqual([
      '4:62 duplicate-listen service "a" already listens on tcp://10.0.0.100:80 (give one of them another address or port)',
    ]);
  });

  it('is told for a probe port where monitors disagree', () => {
    expect(
      serviceProblems(
        LISTEN,
        'monitor: [{ tcp: true, port: 81 }, { http: / }]',
        'servers: { a: { address: 10.1.0.1, probe_port: 82 } }',
      ),
    ).toEqual([
      '8:52 ambiguous-port probe_port: the monitors of this service probe different ports (remove probe_port, or the ports of the monitors)',
    ]);
  });

  it('is told for directors, virtual IPs and heartbeat', () => {
    expect(
      problems(`cluster: web
directors: { lb1: { address: 10.0.0.11 }, lb2: { address: 10.0.0.11 } }
virtual_ips:
  - { address: 10.0.0.11/24, interface: eth0, role: nat-gateway }
  - { address: 10.0.0.12/24, interface: eth0, role: nat-gateway }
  - { address: 10.0.0.12/32, interface: eth1, role: nat-gateway }
`),
    ).toEqual([
      '2:1 no-heartbeat two directors need the key `heartbeat` (add heartbeat with key_file and links, or leave one director)',
      '2:43 duplicate-address both directors have the address 10.0.0.11 (give each its own; the shared ones go to virtual_ips)',
      '4:5 duplicate-address the virtual IP 10.0.0.11 is the own address of director lb1 (a virtual IP moves between the directors: choose an address that neither has)',
      '6:5 duplicate-address the virtual IP 10.0.0.12 is already in the list (remove one of them)',
    ]);
  });

  it.each([
    [
      'interval: 100ms, deadtime: 100ms',
      'bad-deadtime deadtime: 100ms is not longer than the interval of 100ms (write 400ms: a few lost beats must not be a takeover)',
    ],
    ['interval: 1ms', 'out-of-range interval: must be at least 10ms'],
  ])('is told for beats of %s', (keys, problem) => {
    const text = `heartbeat: { key_file: k, links: [{ udp: eth1 }], ${keys} }`;
    expect(rootProblems(text).map((each) => each.replace(/^\S+ /, ''))).toEqual([problem]);
  });

  it('is told for links', () => {
    const links = '[{ udp: a }, { udp: a, port: 694 }, { udp: a, serial: b }, { serial: b, baud: 7 }]';
    expect(rootProblems(`heartbeat: { key_file: k, links: ${links} }`)).toEqual([
      '3:47 duplicate-link this link is already in the list (remove it: a link counts only once)',
      '3:70 bad-links a link is either udp or serial (write { udp: eth1 } or { serial: /dev/ttyS0 })',
      '3:112 bad-choice baud: 7 is not one of 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600',
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
