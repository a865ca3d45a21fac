// What is made of configuration, interfaces and probes before anything is started: addresses, settings, own health.
import { describe, expect, it } from 'vitest';
import { settingsSchema } from '../../../heartbeat/protocol.ts';
import { parseConfiguration } from '../../config/parse.ts';
import { linkEnds, syncEnds } from './addresses.ts';
import { heartbeatSettings } from './heartbeat-settings.ts';
import { ownCompleteness, ownHealth } from './own-health.ts';

function configuration(links: string, more = '') {
  const parsed = parseConfiguration(
    `cluster: web
directors: { lb1: { address: 10.0.0.11, priority: 200 }, lb2: { address: 10.0.0.12 } }
heartbeat: { key_file: pair.key, links: ${links}, fence: { command: off lb, on_failure: proceed } }
virtual_ips:
  - { address: 10.0.0.100/24, interface: eth0, probe: true }
${more}
`,
    'site.yaml',
  );
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.configuration;
}

const addressesOf = (name: string): string[] =>
  ({ eth0: ['10.0.0.11', 'fe80::1'], eth1: ['10.1.0.11', 'fd00::11'] })[name] ?? [];

describe('a link’s ends', () => {
  const all = configuration(
    '[{ udp: eth1, addresses: { lb1: 10.1.0.11, lb2: 10.1.0.12 } }, { udp: eth0 }, { udp: eth1, port: 9 }]',
  );
  const [written, own, group] = all.heartbeat!.links.filter((link) => link.kind === 'udp');

  it('are those that are written, else the directors’ where ours is on the interface, else none', () => {
    expect(linkEnds(all, 'lb1', written!, addressesOf)).toEqual({ own: '10.1.0.11', peer: '10.1.0.12' });
    expect(linkEnds(all, 'lb2', written!, addressesOf)).toEqual({ own: '10.1.0.12', peer: '10.1.0.11' });
    expect(linkEnds(all, 'lb1', own!, addressesOf)).toEqual({ own: '10.0.0.11', peer: '10.0.0.12' });
    expect(linkEnds(all, 'lb2', own!, addressesOf)).toBeUndefined();
    expect(linkEnds(all, 'lb1', group!, addressesOf)).toBeUndefined();
  });

  it('serve sync too; where beats go to the group, the peer is where its beats come from', () => {
    expect(syncEnds(all, 'lb1', addressesOf)).toEqual({ own: '10.1.0.11', peer: '10.1.0.12' });
    const alone = configuration('[{ udp: eth1 }]');
    const link = {
      name: '',
      kind: 'udp' as const,
      up: true,
      detail: '',
      sent: 0,
      received: 0,
      lost_permille: 0,
      rejected: {},
    };
    const from = (peer_address?: string) =>
      syncEnds(alone, 'lb1', addressesOf, [peer_address === undefined ? link : { ...link, peer_address }]);
    expect(from()).toBeUndefined();
    expect(from('10.1.0.12')).toEqual({ own: '10.1.0.11', peer: '10.1.0.12' });
    expect(from('10.1.0.12:694')).toEqual({ own: '10.1.0.11', peer: '10.1.0.12' });
    expect(from('[fd00::12]:694')).toEqual({ own: 'fd00::11', peer: 'fd00::12' });
    expect(from('fd00::12')).toEqual({ own: 'fd00::11', peer: 'fd00::12' });
    expect(from('somewhere')).toBeUndefined();
    const elsewhere = configuration('[{ serial: /dev/ttyS0 }]', 'sync: { link: eth0 }');
    expect(syncEnds(elsewhere, 'lb1', addressesOf)).toEqual({ own: '10.0.0.11', peer: '10.0.0.12' });
  });
});

describe('the heartbeat’s settings', () => {
  it('name everything, and are what the heartbeat understands', () => {
    const settings = heartbeatSettings(
      configuration('[{ udp: eth0 }, { udp: eth1, port: 9 }, { serial: /dev/ttyS0 }]'),
      {
        node: 'lb1',
        folder: '/etc/fairlead',
        stateFolder: '/var/lib/fairlead',
        former: configuration('[{ udp: eth0 }]', '  - { address: 10.0.0.99/24, interface: eth1 }').virtualIps,
        addressesOf,
      },
    );
    expect(settings).toEqual({
      cluster: 'web',
      node: 'lb1',
      peer: 'lb2',
      priority: 200,
      interval_ms: 100,
      deadtime_ms: 400,
      initdead_ms: 1_000,
      failback: 'manual',
      keyFile: '/etc/fairlead/pair.key',
      stateFolder: '/var/lib/fairlead',
      links: [
        { kind: 'udp', interface: 'eth0', port: 694, own: '10.0.0.11', peer: '10.0.0.12' },
        { kind: 'udp', interface: 'eth1', port: 9 },
        { kind: 'serial', device: '/dev/ttyS0', baud: 115_200 },
      ],
      vips: [{ address: '10.0.0.100', prefix_bits: 24, interface: 'eth0', probe: true }],
      formerVips: [{ address: '10.0.0.99', prefix_bits: 24, interface: 'eth1', probe: false }],
      witnesses: [],
      fence: { command: ['off', 'lb'], timeout_ms: 5_000, onFailure: 'proceed' },
    });
    expect(settingsSchema.parse(settings)).toEqual(settings);
  });
});

describe('own health', () => {
  const health = (
    services: Record<string, ('up' | 'down' | 'unknown')[]>,
    refused: string[] = [],
    deaf: string[] = [],
  ) =>
    ownHealth({
      services: Object.entries(services).map(([name, servers]) => ({ name, servers })),
      refused,
      deaf,
    }).health;

  it.each([
    ['nothing to serve', {}, 'good'],
    ['a service without servers', { a: [] }, 'good'],
    ['a server down among others', { a: ['up', 'down'], b: ['unknown'] }, 'good'],
    ['a service down among others', { a: ['down', 'down'], b: ['up'] }, 'impaired'],
    ['all services down', { a: ['down'], b: ['down', 'down'], c: [] }, 'bad'],
  ] as const)('%s: %j is %s', (_, services, expected) =>
    expect(health(services as unknown as Record<string, ('up' | 'down')[]>)).toBe(expected),
  );

  it('is bad where packets come in and nobody forwards them', () =>
    expect(health({ a: ['up'] }, [], ['eth0'])).toBe('bad'));

  it('is impaired where the engine refuses', () => expect(health({ a: ['up'] }, ['a'])).toBe('impaired'));

  it('is complete with every verdict and, where there is sync, every connection', () => {
    const complete = (undecided: number, sync?: boolean) =>
      ownCompleteness({
        undecided,
        sync: sync === undefined ? undefined : { complete: sync, because: 'joining' },
      });
    expect(complete(0)).toMatchObject({ complete: true });
    expect(complete(0, true)).toMatchObject({ complete: true });
    expect(complete(0, false)).toEqual({
      complete: false,
      reason: 'the connection table is not complete: joining',
    });
    expect(complete(2, true)).toEqual({ complete: false, reason: '2 checks have no verdict yet' });
  });
});
