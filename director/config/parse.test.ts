// What a good configuration becomes: values, defaults, warnings. What is wrong with bad ones is in faults.test.ts.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { MonitorSpec } from '../model/monitor.ts';
import type { Configuration, ServiceConfig } from './configuration.ts';
import { parseConfiguration } from './parse.ts';
import { formatProblem } from './problem.ts';

const HEAD = `
cluster: web
directors: { lb1: { address: 10.0.0.11 } }
virtual_ips: [{ address: 10.0.0.100/24, interface: eth0 }]
`;

function parsed(text: string): { configuration: Configuration; warnings: string[] } {
  const result = parseConfiguration(text, 'web.yaml');
  if ('problems' in result) throw new Error(result.problems.map(formatProblem).join('\n'));
  return { configuration: result.configuration, warnings: result.warnings.map(formatProblem) };
}

function service(body: string): ServiceConfig {
  return parsed(`${HEAD}services: { www: { ${body} } }`).configuration.services[0]!;
}

function monitors(body: string, listen = 'tcp://10.0.0.100:80'): readonly MonitorSpec[] {
  return service(`listen: ${listen}, monitor: ${body}, servers: { a: { address: 10.1.0.1 } }`).monitors;
}

describe('a whole file', () => {
  const example = new URL('../../docs/example.yaml', import.meta.url);

  it('of the documentation is read without a warning', () => {
    const { configuration, warnings } = parsed(readFileSync(example, 'utf8'));
    expect(warnings).toEqual([]);
    expect(configuration).toMatchObject({
      cluster: 'web',
      directors: [
        { name: 'lb1', address: '10.0.0.11', priority: 200 },
        { name: 'lb2', address: '10.0.0.12', priority: 100 },
      ],
      heartbeat: {
        interval_ms: 100,
        deadtime_ms: 400,
        keyFile: 'heartbeat.key',
        links: [
          { kind: 'udp', interface: 'eth1', port: 694, addresses: { lb1: '10.1.0.11', lb2: '10.1.0.12' } },
          { kind: 'udp', interface: 'eth0', port: 694 },
          { kind: 'serial', device: '/dev/ttyS0', baud: 115200 },
        ],
        witnesses: ['10.0.0.254'],
        failback: 'manual',
        initdead_ms: 2_000,
        fence: {
          command: ['/usr/local/sbin/power-off', 'lb'],
          timeout_ms: 5_000,
          onFailure: 'proceed',
        },
      },
      engine: {
        kind: 'ebpf',
        interfaces: ['eth0', 'eth1'],
        hook: 'auto',
        connections_max: 1_048_576,
        timeouts_ms: { ESTABLISHED: 900_000, FIN_WAIT: 120_000, UDP: 300_000, SYN_RECV: 60_000 },
      },
      sync: { link: 'eth1', port: 8_849, connections: true },
      console: { address: '127.0.0.1', port: 8443 },
    });
    expect(configuration.virtualIps[2]).toEqual({
      address: '10.1.0.100',
      prefix_bits: 24,
      interface: 'eth1',
      role: 'nat-gateway',
      probe: false,
    });
    expect(configuration.virtualIps[0]?.probe).toBe(true);
    expect(configuration.services.map((each) => each.name)).toEqual([
      'www',
      'www6',
      'secure',
      'names',
      'mail',
      'ledger',
    ]);
  });

  it('needs little: one director takes its virtual IPs without heartbeat', () => {
    const { configuration, warnings } = parsed('cluster: a\ndirectors: { lb1: { address: 10.0.0.11 } }');
    expect(warnings).toEqual([]);
    expect(configuration).toEqual({
      cluster: 'a',
      directors: [{ name: 'lb1', address: '10.0.0.11', priority: 100 }],
      virtualIps: [],
      engine: { kind: 'ebpf', interfaces: [], hook: 'auto', connections_max: 262_144, timeouts_ms: {} },
      services: [],
      history: { size_bytes: 256 * 2 ** 20, events: 100_000, audit: 50_000 },
    });
  });

  it('attaches the engine to the interfaces of the virtual IPs unless told otherwise', () => {
    const { configuration } = parsed(`
cluster: a
directors: { lb1: { address: 10.0.0.11 } }
virtual_ips:
  - { address: 10.0.0.100/24, interface: eth0, role: nat-gateway }
  - { address: 10.0.0.101/24, interface: eth0, role: nat-gateway }
  - { address: 10.1.0.100/24, interface: eth1, role: nat-gateway }`);
    expect(configuration.engine.interfaces).toEqual(['eth0', 'eth1']);
  });

  it('gives a dead time of four intervals where none is written', () => {
    const { configuration } = parsed(`
cluster: a
directors: { a: { address: 10.0.0.11 }, b: { address: 10.0.0.12 } }
heartbeat: { key_file: k, links: [{ udp: eth1 }, { serial: /dev/ttyS0 }] }`);
    expect(configuration.heartbeat).toEqual({
      interval_ms: 100,
      deadtime_ms: 400,
      keyFile: 'k',
      links: [
        { kind: 'udp', interface: 'eth1', port: 694 },
        { kind: 'serial', device: '/dev/ttyS0', baud: 115200 },
      ],
      witnesses: [],
      failback: 'manual',
      initdead_ms: 1_000,
    });
  });

  it('listens at least two dead times at the start, and syncs over the first udp link', () => {
    const { configuration, warnings } = parsed(`
cluster: a
directors: { a: { address: 10.0.0.11 }, b: { address: 10.0.0.12 } }
heartbeat: { deadtime: 2s, key_file: k, links: [{ serial: /dev/ttyS0 }, { udp: eth2 }, { udp: eth1 }] }`);
    expect(configuration.heartbeat?.initdead_ms).toBe(4_000);
    expect(configuration.sync).toEqual({ link: 'eth2', port: 8_849, connections: true });
    expect(warnings).toEqual([]);
  });

  it.each([
    ['a byte order mark', '\ufeffcluster: a\ndirectors: { b: { address: 10.0.0.1 } }'],
    ['Windows line ends', 'cluster: a\r\ndirectors:\r\n  b:\r\n    address: 10.0.0.1\r\n'],
    ['a document start', '---\ncluster: a\ndirectors: { b: { address: 10.0.0.1 } }\n...\n'],
  ])('may have %s', (_, text) => expect(parsed(text).configuration.cluster).toBe('a'));
});

describe('a service', () => {
  it('is filled with defaults', () => {
    expect(service('listen: tcp://10.0.0.100:80, servers: { a: { address: 10.1.0.1 } }')).toEqual({
      name: 'www',
      listen: { protocol: 'tcp', address: '10.0.0.100', port: 80 },
      scheduler: 'wlc',
      removal: 'reset',
      down: 'remove',
      slowStart_ms: 0,
      monitors: [
        {
          probe: { kind: 'tcp' },
          interval_ms: 1_000,
          fast_interval_ms: 500,
          timeout_ms: 1_000,
          rise: 2,
          fall: 3,
          jitter: 0.1,
        },
      ],
      servers: [{ name: 'a', address: '10.1.0.1', port: 80, method: 'nat', weight: 1, probePort: 80 }],
    });
  });

  it('of udp is pinged and gives connections of a removed server to another one', () => {
    const udp = service('listen: udp://10.0.0.100:53, servers: { a: { address: 10.1.0.1 } }');
    expect(udp.removal).toBe('reassign');
    expect(udp.monitors[0]?.probe).toEqual({ kind: 'ping' });
  });

  it('hands its method to servers that name none, the sorry server included', () => {
    const made = service(
      'listen: tcp://10.0.0.100:80, method: route, servers: { a: { address: 10.0.0.1 }, b: { address: "10.0.0.2:80", method: nat } }, sorry: { address: 10.0.0.3 }',
    );
    expect(made.servers.map((server) => server.method)).toEqual(['route', 'nat']);
    expect(made.sorry).toEqual({
      name: 'sorry',
      address: '10.0.0.3',
      port: 80,
      method: 'route',
      weight: 1,
      probePort: 80,
    });
  });

  it.each([
    ['"10.1.0.1:8080"', '10.1.0.1', 8080],
    ['10.1.0.1', '10.1.0.1', 80],
    ['"[FD00::1]:81"', 'fd00::1', 81],
    ['"[fd00::1]"', 'fd00::1', 80],
    ['"fd00::1"', 'fd00::1', 80],
  ])('has the server address %s', (text, address, port) => {
    const listen = address.includes(':') ? 'tcp://[fd00::100]:80' : 'tcp://10.0.0.100:80';
    const [server] = service(`listen: "${listen}", servers: { a: { address: ${text} } }`).servers;
    expect(server).toMatchObject({ address, port, probePort: port });
  });

  it('tunnels between families', () => {
    const [server] = service(
      'listen: tcp://10.0.0.100:80, method: tunnel, servers: { a: { address: "fd00::1" } }',
    ).servers;
    expect(server).toMatchObject({ address: 'fd00::1', method: 'tunnel', port: 80 });
  });

  it.each([
    ['{}', { timeout_s: 360, netmask_bits: 32 }],
    ['{ timeout: 30m, netmask: 24 }', { timeout_s: 1_800, netmask_bits: 24 }],
  ])('has persistence %s', (text, persistence) => {
    expect(service(`listen: tcp://10.0.0.100:80, persistence: ${text}`).persistence).toEqual(persistence);
  });

  it('of IPv6 tells every client apart by default', () => {
    expect(service('listen: "tcp://[fd00::100]:80", persistence: {}').persistence?.netmask_bits).toBe(128);
  });

  it('may have names that look like other things', () => {
    const { configuration } = parsed(
      `${HEAD}services: { 1: { listen: tcp://10.0.0.100:80 }, true: { listen: tcp://10.0.0.100:81 } }`,
    );
    expect(configuration.services.map((each) => each.name)).toEqual(['1', 'true']);
  });
});

describe('monitors', () => {
  it.each<[string, object]>([
    ['{ tcp: true }', { kind: 'tcp' }],
    ['{ ping: true }', { kind: 'ping' }],
    [
      '{ http: /health }',
      {
        kind: 'http',
        tls: false,
        method: 'GET',
        path: '/health',
        verify: false,
        status: [{ from: 200, to: 399 }],
      },
    ],
    [
      '{ https: /, method: HEAD, host: a.example, sni: b.example, verify: true, status: [200, 300-302] }',
      {
        kind: 'http',
        tls: true,
        method: 'HEAD',
        path: '/',
        host: 'a.example',
        sni: 'b.example',
        verify: true,
        status: [
          { from: 200, to: 200 },
          { from: 300, to: 302 },
        ],
      },
    ],
    [
      '{ dns: example.org, type: MX, answer: mail }',
      { kind: 'dns', name: 'example.org', type: 'MX', answer: 'mail' },
    ],
    ['{ exec: "/bin/check -h \'a b\'" }', { kind: 'exec', command: ['/bin/check', '-h', 'a b'] }],
    ['{ exec: [/bin/check, "a b"] }', { kind: 'exec', command: ['/bin/check', 'a b'] }],
    [
      '{ expect: { match: "^220" } }',
      { kind: 'expect', steps: [{ do: 'expect', pattern: '^220' }], tls: false },
    ],
    [
      '{ expect: { banner: "^220", send: "STARTTLS\\r\\n", match: "^220", starttls: true, sni: a.example } }',
      {
        kind: 'expect',
        steps: [
          { do: 'expect', pattern: '^220' },
          { do: 'send', text: 'STARTTLS\r\n' },
          { do: 'expect', pattern: '^220' },
          { do: 'starttls' },
        ],
        tls: false,
        sni: 'a.example',
      },
    ],
    [
      '{ expect: { steps: [{ send: a }, { expect: b }], tls: true } }',
      {
        kind: 'expect',
        steps: [
          { do: 'send', text: 'a' },
          { do: 'expect', pattern: 'b' },
        ],
        tls: true,
      },
    ],
  ])('reads %s', (text, probe) => expect(monitors(text).map((each) => each.probe)).toEqual([probe]));

  it('of none take servers for up', () => expect(monitors('none')).toEqual([]));

  it.each([
    ['10s', 10_000, 5_000, 1_000],
    ['200ms', 200, 100, 200],
    ['80ms', 80, 50, 80],
    ['20ms', 20, 20, 20],
  ])('every %s are quicker while undecided and time out in time', (interval, interval_ms, fast, timeout) => {
    expect(monitors(`{ tcp: true, interval: ${interval} }`)[0]).toMatchObject({
      interval_ms,
      fast_interval_ms: fast,
      timeout_ms: timeout,
    });
  });

  const portsOf = (body: string) => {
    const made = service(`listen: tcp://10.0.0.100:80, ${body}`);
    return [made.servers.map((server) => server.probePort), made.monitors.map((each) => each.port)];
  };

  it('probe the port of the server, else of the monitor, else where traffic goes', () => {
    const servers = 'servers: { a: { address: 10.1.0.1, probe_port: 90 }, b: { address: "10.1.0.2:8080" } }';
    expect(portsOf(servers)).toEqual([[90, 8080], [undefined]]);
    expect(portsOf(`monitor: { tcp: true, port: 91 }, ${servers}`)).toEqual([[90, 91], [undefined]]);
  });

  it('keep their own ports where these differ', () => {
    const servers = 'servers: { a: { address: 10.1.0.1 } }';
    expect(portsOf(`monitor: [{ tcp: true, port: 91 }, { http: / }], ${servers}`)).toEqual([
      [80],
      [91, undefined],
    ]);
  });
});
