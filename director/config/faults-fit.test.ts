// What is told about values that are good each and do not fit together.
import { describe, expect, it } from 'vitest';
import { HEAD, LISTEN, problems, rootProblems, serviceProblems } from './support/told.ts';

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

  it.each([
    [
      'initdead: 100ms',
      'bad-initdead initdead: 100ms is shorter than the deadtime of 400ms (leave it out: a director that starts must listen at least as long as one that runs)',
    ],
    ['fence: { timeout: 5s }', 'missing-key fence needs the key `command`'],
    [
      'fence: { command: [], on_failure: hope }',
      'bad-command command: the command is empty (write a command line, or a list of words; no shell reads it)',
      'bad-choice on_failure: "hope" is not one of refuse, proceed',
    ],
  ])('is told for a heartbeat with %s', (keys, ...expected) => {
    const text = `heartbeat: { key_file: k, links: [{ udp: eth1 }], ${keys} }`;
    expect(rootProblems(text).map((each) => each.replace(/^\S+ /, ''))).toEqual(expected);
  });

  it.each([
    ['lb1: 10.1.0.11', 'missing-key addresses needs the key `lb2`'],
    [
      'lb1: 10.1.0.11, lb2: 10.1.0.12, lb3: 10.1.0.13',
      'unknown-key addresses has no key "lb3" (did you mean `lb1`?)',
    ],
    [
      'lb1: 10.1.0.11, lb2: "fd00::12"',
      'mixed-families addresses: 10.1.0.11 and fd00::12 are of different families (give both directors an IPv4 or both an IPv6 address)',
    ],
    [
      'lb1: 10.1.0.11, lb2: 10.1.0.11',
      'duplicate-address addresses: both directors have 10.1.0.11 (give each its own)',
    ],
    [
      'lb1: 10.1.0.11, lb2: there',
      'bad-address lb2: "there" is not an IP address (write a literal such as 10.0.0.1 or fd00::1; names are not looked up)',
    ],
  ])('is told for a link with the addresses %s', (addresses, problem) => {
    const text = `cluster: web
directors: { lb1: { address: 10.0.0.11 }, lb2: { address: 10.0.0.12 } }
heartbeat: { key_file: k, links: [{ udp: eth1, addresses: { ${addresses} } }] }
`;
    expect(problems(text).map((each) => each.replace(/^\S+ /, ''))).toEqual([problem]);
  });

  it('is told for a serial line that is too slow for its beats', () => {
    const text = (interval: string, links: number) =>
      rootProblems(
        `heartbeat: { interval: ${interval}, key_file: k, links: [{ serial: /dev/ttyS0, baud: 9600 }${', { udp: a }, { udp: b }, { udp: c }, { udp: d }'.slice(0, 12 * (links - 1))}] }`,
      );
    expect(text('100ms', 3)).toEqual([]);
    expect(text('90ms', 3)).toEqual([
      '3:51 slow-link "/dev/ttyS0": a beat takes 94ms at 9600 baud, longer than the interval of 90ms (raise baud, or interval and deadtime)',
    ]);
    expect(text('100ms', 5)).toHaveLength(1);
  });

  it('is told for more virtual IPs than a pair can hold', () => {
    const list = Array.from(
      { length: 1_025 },
      (_, index) =>
        `  - { address: 10.2.${index >> 8}.${index & 255}/16, interface: eth0, role: nat-gateway }`,
    );
    const text = `cluster: web
directors: { lb1: { address: 10.0.0.11 }, lb2: { address: 10.0.0.12 } }
heartbeat: { key_file: k, links: [{ udp: eth1 }] }
virtual_ips:
`;
    const told = problems(`${text}${list.join('\n').replace('10.2.0.0/', '10.3.0.0/')}\n`);
    expect(told).toEqual(['4:1 too-many-virtual-ips a pair can hold at most 1024 virtual IPs, not 1025']);
  });

  it('is told for sync without a heartbeat', () => {
    expect(rootProblems('sync: { link: eth1 }')).toEqual([
      '3:1 sync-without-heartbeat sync needs the key `heartbeat`: there is no peer to tell (remove it, or add a second director and heartbeat)',
    ]);
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
