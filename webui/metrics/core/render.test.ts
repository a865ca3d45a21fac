// What is measured reads well for a strict reader, whatever names there are, and agrees with its catalogue.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configurationText, Instance, RealServer, until } from '../../../test/cli/support/instance.ts';
import { exampleCheck, examplePicture, exampleServer, exampleService } from '../support/example.ts';
import { type Metric, parseExposition } from '../support/exposition.ts';
import { CATALOGUE } from './catalogue.ts';
import { type MetricsPicture, renderAbsence, renderMetrics } from './render.ts';

const read = (picture: MetricsPicture, options = {}): Map<string, Metric> =>
  parseExposition(renderMetrics(picture, options));
const values = (metrics: Map<string, Metric>, name: string): Record<string, number> =>
  Object.fromEntries(
    (metrics.get(name)?.samples ?? []).map(({ labels, value }) => [Object.values(labels).join(' '), value]),
  );

describe('a full picture', () => {
  const metrics = read(examplePicture());

  it('has every metric of the catalogue, with its type and labels, and no other', () => {
    const told = [...metrics.values()].map(({ name, type, help, samples }) => {
      const labels = Object.keys(samples[0]!.labels);
      for (const sample of samples) expect(Object.keys(sample.labels)).toEqual(labels);
      return { name, type, help, labels };
    });
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    expect(told.sort(byName)).toEqual([...CATALOGUE].sort(byName));
  });

  it('has names as Prometheus wants them', () => {
    for (const { name, type } of CATALOGUE.filter((each) => each.name.startsWith('fairlead_')))
      expect(name).toMatch(
        type === 'counter' ? /^fairlead_[a-z0-9_]+_total$/ : /^fairlead_[a-z0-9_]+(?<!_total|_ms)$/,
      );
  });

  it('tells states as one of several', () => {
    expect(values(metrics, 'fairlead_role')).toEqual({ 'web lb1 active': 1, 'web lb1 standby': 0 });
    expect(values(metrics, 'fairlead_service_health')).toMatchObject({ 'www0 degraded': 1, 'www0 up': 0 });
    expect(values(metrics, 'fairlead_lease_state')).toEqual({ held: 1, none: 0, unguarded: 0 });
  });

  it('tells times in seconds', () => {
    expect(values(metrics, 'fairlead_uptime_seconds')).toEqual({ '': 100.5 });
    expect(values(metrics, 'fairlead_sync_lag_p99_seconds')).toEqual({ '': 0.006 });
    expect(values(metrics, 'fairlead_server_probe_latency_seconds')['www0 rs1']).toBe(0.00125);
  });

  it('counts every reason of a drop, also those of which there are none', () => {
    expect(values(metrics, 'fairlead_engine_packets_dropped_total')).toMatchObject({
      malformed: 0,
      'no-server': 2,
    });
  });

  it('has the names of other exporters, and can do without', () => {
    expect(values(metrics, 'node_ipvs_connections_total')).toEqual({ '': 4_000 });
    expect(metrics.get('node_ipvs_backend_connections_active')?.samples[1]).toEqual({
      ...{ name: 'node_ipvs_backend_connections_active', value: 1 },
      labels: {
        ...{ local_address: '10.0.0.0', local_port: '80', remote_address: '10.1.0.1', remote_port: '80' },
        ...{ proto: 'TCP', local_mark: '' },
      },
    });
    expect(values(metrics, 'keepalived_vrrp_advert_sent')).toEqual({
      ...{ 'web eth1 1 MASTER': 100, 'web eth0 1 MASTER': 100 },
    });
    const own = [...read(examplePicture(), { compatible: false }).keys()];
    expect(own.filter((name) => !name.startsWith('fairlead_'))).toEqual([]);
  });

  it('leaves single servers out where they are too many, what matters least first, and says so', () => {
    const omitted = (serverSeriesMax: number) => {
      const found = read(examplePicture(), { serverSeriesMax });
      return [
        ['fairlead_server_health', 'fairlead_check_probes_total', 'node_ipvs_backend_weight'].filter((name) =>
          found.has(name),
        ).length,
        ...Object.values(values(found, 'fairlead_series_omitted')),
      ];
    };
    expect(omitted(1_000)).toEqual([3, 0, 0, 0]);
    expect(omitted(160)).toEqual([2, 0, 0, 48]);
    expect(omitted(120)).toEqual([1, 0, 30, 48]);
    expect(omitted(10)).toEqual([0, 114, 30, 48]);
    const large = read(examplePicture(200, 20));
    expect(large.has('fairlead_server_health')).toBe(false);
    expect(values(large, 'fairlead_service_servers')).toMatchObject({ www199: 20 });
  });

  it('writes a large site whole, each series once', () => {
    const large = read(examplePicture(200, 20), { serverSeriesMax: 1_000_000 });
    expect(large.get('fairlead_server_health')?.samples).toHaveLength(12_000);
    expect(large.get('node_ipvs_backend_weight')?.samples).toHaveLength(4_000);
  });
});

describe('a picture with less in it', () => {
  it('of a director alone has nothing of a pair', () => {
    const { status, services } = examplePicture();
    const { ha: _, ...alone } = status;
    const metrics = read({ status: alone, services });
    expect(
      [...metrics.keys()].filter((name) => /_(peer|link|sync|epoch|history)_|_check_/.test(name)),
    ).toEqual([]);
  });

  it('leaves out what is not known instead of inventing it', () => {
    const picture = examplePicture(1, 1);
    const { latency_ms: _, health_since: __, ...server } = exampleServer('www0', 0);
    const service = { ...exampleService(0, 0), servers: [{ ...server, weight_effective: Number.NaN }] };
    const metrics = read({ status: picture.status, services: [service] });
    for (const name of ['probe_latency_seconds', 'health_since_seconds', 'weight_effective'])
      expect(metrics.has(`fairlead_server_${name}`)).toBe(false);
  });

  it('says each series once where leaving ones share a name or an address', () => {
    const one = exampleService(0, 2);
    const again = { ...one, presence: 'leaving' as const };
    const other = { ...exampleService(0, 2), name: 'new' };
    read({
      status: examplePicture().status,
      services: [one, again, other],
      checks: [exampleCheck(['a/b', 'a/b', 'c'])],
    });
  });

  it('of nothing says that there is nothing', () => {
    expect(renderAbsence()).toBe(
      '# HELP fairlead_up Whether the director answers its console.\n# TYPE fairlead_up gauge\nfairlead_up 0\n',
    );
  });
});

describe('hostile names', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            '"',
            '\\',
            '\n',
            '\r',
            'n',
            '{',
            '}',
            ',',
            '=',
            ' ',
            '#',
            'ä',
            '\0',
            '\u2028',
          ),
        }),
        (name) => {
          const { status } = examplePicture();
          const service = { ...exampleService(0, 1), name, listen: name, scheduler: name };
          const servers = [{ ...exampleServer('', 0), service: name, name, address: name }];
          const metrics = read({
            status: {
              ...status,
              node: name,
              cluster: name,
              version: name,
              engine: { ...status.engine, tables: [{ name, used: 1, limit: 2 }] },
            },
            services: [{ ...service, servers }],
            checks: [exampleCheck([`${name}/${name}`])],
          });
          expect(metrics.get('fairlead_service_servers')?.samples[0]?.labels).toEqual({ service: name });
          expect(metrics.get('fairlead_server_templates')?.samples[0]?.labels).toEqual({
            service: name,
            server: name,
          });
          expect(metrics.get('fairlead_engine_table_used')?.samples[0]?.labels).toEqual({ table: name });
          expect(metrics.get('fairlead_build_info')?.samples[0]?.labels.cluster).toBe(name);
        },
      ),
    );
  });

  it.each([
    'a b\n',
    'a 1',
    '# TYPE a gauge\na 1\n',
    '# HELP a b\n# TYPE a gauge\na NaN\n',
    '# HELP a b\n# TYPE a gauge\na 1\na 2\n',
  ])('would be told by the reader: %j', (text) => expect(() => parseExposition(text)).toThrow());
});

describe('answers of a director', () => {
  it('can be rendered', async () => {
    await using real = await RealServer.open();
    await using instance = new Instance(configurationText({ servers: { rs1: real.port } }));
    await instance.run();
    await until(
      async () => (await instance.client.call('services')).services[0]?.servers[0]?.health === 'up',
    );
    const { client } = instance;
    const metrics = read({
      status: await client.call('status'),
      services: (await client.call('services')).services,
      checks: (await client.call('monitors')).checks,
      history: await client.call('history'),
    });
    expect(values(metrics, 'fairlead_up')).toEqual({ '': 1 });
    expect(values(metrics, 'fairlead_server_health')).toEqual({
      'www rs1 up': 1,
      'www rs1 down': 0,
      'www rs1 unknown': 0,
    });
    expect(values(metrics, 'node_ipvs_backend_weight')).toEqual({
      [`127.0.0.100 80 127.0.0.1 ${real.port} TCP `]: 1,
    });
  });
});
