// The encoder against the view at the other end: whatever changes, the picture is that of a fresh report.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyLive, type LivePicture } from '../control/live-view.ts';
import { type ServerStatus, type ServiceStatus, serverSchema, serviceSchema } from '../control/schema.ts';
import { LiveEncoder, type LiveReport } from './live-encoder.ts';
import { liveReport, serverNamed, serviceNamed } from './support/live-reports.ts';

type Tick = {
  kind: string;
  services: object;
  servers: object;
  changed_services: object[];
  changed_servers: object[];
};

function tickBetween(before: LiveReport, after: LiveReport, numbers = true): Tick {
  const encoder = new LiveEncoder();
  encoder.next(before);
  return JSON.parse(encoder.next(after, numbers)) as Tick;
}

/** Another value of the same kind. */
function other(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'object') return { ...value, timeout_s: 7, since: 9 };
  return `${value ?? ''}x`;
}

describe('a tick', () => {
  it('says nothing of what is as it was', () => {
    const report = () => liveReport([serviceNamed('www', [serverNamed('rs1'), serverNamed('rs2')])]);
    expect(tickBetween(report(), report())).toMatchObject({
      ...{ kind: 'tick', services: {}, servers: {}, changed_services: [], changed_servers: [] },
    });
  });

  it.each(Object.keys(serverSchema.shape).filter((field) => !['name', 'service'].includes(field)))(
    'tells when %s of a server is another one',
    (field) => {
      const before = serverNamed('rs1');
      const value = before[field as keyof ServerStatus];
      const changed =
        field === 'traffic' || field === 'rates'
          ? { ...(value as object), bytes_in: 99, bytes_in_per_s: 98 }
          : other(value);
      const after = { ...before, [field]: changed } as ServerStatus;
      const { servers, changed_servers } = tickBetween(
        liveReport([serviceNamed('www', [before])]),
        liveReport([serviceNamed('www', [after])]),
      );
      expect(Object.keys(servers).length + changed_servers.length).toBe(1);
    },
  );

  it.each(Object.keys(serviceSchema.shape).filter((field) => !['name', 'servers'].includes(field)))(
    'tells when %s of a service is another one',
    (field) => {
      const before = serviceNamed('www', []);
      const value = before[field as keyof ServiceStatus];
      const changed =
        field === 'traffic' || field === 'rates'
          ? { ...(value as object), bytes_in: 99, bytes_in_per_s: 98 }
          : other(value);
      const after = { ...before, [field]: changed } as ServiceStatus;
      const { services, changed_services } = tickBetween(liveReport([before]), liveReport([after]));
      expect(Object.keys(services).length + changed_services.length).toBe(1);
    },
  );

  it('without numbers leaves them for a later one, and loses none', () => {
    const encoder = new LiveEncoder();
    const at = (active: number, health: 'up' | 'down') =>
      liveReport([serviceNamed('www', [serverNamed('rs1', { active }), serverNamed('rs2', { health })])]);
    encoder.next(at(1, 'up'));
    expect(JSON.parse(encoder.next(at(2, 'down'), false))).toMatchObject({
      ...{ servers: {}, changed_servers: [{ name: 'rs2', health: 'down' }] },
    });
    expect(JSON.parse(encoder.full()!).services[0].servers).toMatchObject([
      { active: 1 },
      { health: 'down' },
    ]);
    expect(Object.keys((JSON.parse(encoder.next(at(2, 'down'))) as Tick).servers)).toEqual(['www/rs1']);
  });

  it('is everything where a tick cannot say it', () => {
    const report = (...names: string[]) =>
      liveReport([
        serviceNamed(
          'www',
          names.map((name) => serverNamed(name)),
        ),
      ]);
    expect(tickBetween(report('a', 'b'), report('a')).kind).toBe('full');
    expect(tickBetween(report('a', 'b'), report('b', 'a')).kind).toBe('full');
    expect(tickBetween(report('a'), liveReport([])).kind).toBe('full');
    expect(tickBetween(report('a'), { ...report('a'), ...liveReport(report('a').services, 2) }).kind).toBe(
      'full',
    );
    const removed = (because: string) =>
      liveReport([serviceNamed('www', [serverNamed('a'), serverNamed('a', { role: 'removed', because })])]);
    expect(tickBetween(removed('x'), removed('y')).kind).toBe('full');
    expect(tickBetween(removed('x'), removed('x')).kind).toBe('tick');
  });
});

const amount = fc.nat(3);
const server = fc.record({
  name: fc.constantFrom('rs1', 'rs2', 'rs3'),
  health: fc.constantFrom('up', 'down', 'unknown'),
  active: amount,
  latency_ms: fc.option(fc.double({ min: 0, max: 9, noNaN: true }), { nil: undefined }),
  drain: fc.option(fc.record({ since: amount }), { nil: undefined }),
  bytes_in: fc.nat(),
  rate: fc.double({ min: 0, max: 1e12, noNaN: true }),
});
const service = fc.record({
  name: fc.constantFrom('www', 'dns'),
  servers: fc.array(server, { maxLength: 4 }),
  because: fc.constantFrom('a', 'b"\u2028'),
  templates: amount,
});
const reports = fc.array(
  fc.record({
    services: fc.uniqueArray(service, { maxLength: 2, selector: ({ name }) => name }),
    revision: fc.constantFrom(1, 1, 1, 2),
    numbers: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('the picture at the other end', () => {
  it('is that of a fresh report after any changes, also for one who comes later', () => {
    fc.assert(
      fc.property(reports, (rounds) => {
        const encoder = new LiveEncoder();
        let picture: LivePicture | undefined;
        const take = (text: string | undefined): LivePicture => {
          const applied = applyLive(picture, JSON.parse(text ?? ''));
          if ('problem' in applied) throw new Error(applied.problem);
          return applied.picture;
        };
        for (const { services, revision, numbers } of rounds) {
          const report = liveReport(services.map(toService), revision);
          picture = take(encoder.next(report, numbers));
          const late = applyLive(undefined, JSON.parse(encoder.full() ?? ''));
          expect(late).toEqual({ picture });
          if (!numbers) picture = take(encoder.next(report));
          const expected = JSON.parse(JSON.stringify(report)) as LiveReport;
          expect(picture.services).toEqual(expected.services);
          expect(picture.status).toEqual({
            ...expected.status,
            services: expected.services.map(({ servers: _, ...summary }) => summary),
          });
        }
      }),
      { numRuns: 300 },
    );
  });
});

function toService({
  name,
  servers,
  because,
  templates,
}: {
  name: string;
  servers: { name: string; health: string; bytes_in: number; rate: number }[];
  because: string;
  templates: number;
}): ServiceStatus {
  const list = servers.map(({ name: server, bytes_in, rate, ...more }) => {
    const given = serverNamed(server, more as Partial<ServerStatus>);
    return {
      ...given,
      traffic: { ...given.traffic, bytes_in },
      rates: { ...given.rates, bytes_out_per_s: rate },
    };
  });
  return { ...serviceNamed(name, list), because, templates };
}
