// What is told about single values and monitors.
import { describe, expect, it } from 'vitest';
import { HEAD, LISTEN, problems, rootProblems, serviceProblems } from './support/told.ts';

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
      'history: { size: 256 }',
      '3:18 bad-size size: 256 is not a size (write a whole number with KiB, MiB, GiB, kB, MB or GB, such as 256MiB, or 0)',
    ],
    ['history: { size: 1MiB }', '3:18 out-of-range size: must be between 8MiB and 64GiB, or 0'],
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
