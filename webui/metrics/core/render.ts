// Everything that is measured, as Prometheus reads it (text format 0.0.4). Pure. What single servers would say too much is left
// out as a whole, and said to be.
import type { HistoryStatus } from '../../../director/control/history-schema.ts';
import type { CheckStatus } from '../../../director/control/monitor-schema.ts';
import type { ServerStatus, ServiceStatus, Status } from '../../../director/control/schema.ts';
import { writeCompatible } from './compatible.ts';
import { DIRECTOR_FAMILIES } from './director-families.ts';
import { type Family, gauge, labelled, samplesMax } from './family.ts';
import { LINK_FAMILIES, PAIR_FAMILIES } from './pair-families.ts';
import { CHECK_FAMILIES, SERVER_FAMILIES, SERVICE_FAMILIES } from './service-families.ts';
import { distinct, type Subject, subject, write } from './text.ts';

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const SERVER_SERIES_MAX = 20_000;

export interface MetricsPicture {
  readonly status: Status;
  readonly services: readonly ServiceStatus[];
  readonly checks?: readonly CheckStatus[] | undefined;
  readonly history?: HistoryStatus | undefined;
}

export interface RenderOptions {
  /** Series of single servers beyond which they are left out. */
  readonly serverSeriesMax?: number;
  /** false: without the names of other exporters. */
  readonly compatible?: boolean;
}

export const UP_FAMILIES: readonly Family<boolean>[] = [
  gauge('fairlead_up', 'Whether the director answers its console.', Number),
];
interface Omitted {
  readonly servers: number;
  readonly checks: number;
  readonly compatible: number;
}
export const OMITTED_FAMILIES: readonly Family<Omitted>[] = [
  labelled(
    ...([
      'gauge',
      'fairlead_series_omitted',
      'Series of single servers left out, as there are too many.',
    ] as const),
    ['group'],
    ({ servers, checks, compatible }) => [
      [['servers'], servers],
      [['checks'], checks],
      [['compatible'], compatible],
    ],
  ),
];

/** All that there is to say of a director that does not answer. */
export function renderAbsence(): string {
  return write(UP_FAMILIES, [subject(false)]);
}

export function renderMetrics(picture: MetricsPicture, options: RenderOptions = {}): string {
  const { status, services, checks = [], history } = picture;
  const { serverSeriesMax = SERVER_SERIES_MAX, compatible = true } = options;
  const ha = status.ha?.pair === true ? status.ha : undefined;
  const named = services.map((service) => subject(service, { service: service.name }));
  const budget = new Budget(serverSeriesMax);
  const servers =
    services.reduce((sum, service) => sum + service.servers.length, 0) * samplesMax(SERVER_FAMILIES);
  const withServers = budget.take(servers);
  const checked = checks.reduce((sum, check) => sum + check.servers.length, 0) * samplesMax(CHECK_FAMILIES);
  const withChecks = budget.take(checked);
  const others = compatible
    ? writeCompatible(status, services, (count) => budget.take(count))
    : { text: '', omitted: 0 };
  return [
    write(UP_FAMILIES, [subject(true)]),
    write(DIRECTOR_FAMILIES, [subject({ status, history })]),
    ...(ha === undefined
      ? []
      : [
          write(PAIR_FAMILIES, [subject(ha)]),
          write(
            LINK_FAMILIES,
            distinct((ha.links ?? []).map((link) => subject(link, { link: link.name, kind: link.kind }))),
          ),
        ]),
    write(SERVICE_FAMILIES, distinct(named)),
    withServers ? write(SERVER_FAMILIES, distinct(services.flatMap(subjectsOfService))) : '',
    withChecks ? write(CHECK_FAMILIES, distinct(checks.flatMap(subjectsOfCheck))) : '',
    others.text,
    write(OMITTED_FAMILIES, [
      subject({
        servers: withServers ? 0 : servers,
        checks: withChecks ? 0 : checked,
        compatible: others.omitted,
      }),
    ]),
  ].join('');
}

/** What matters most asks first; where it finds no room, nothing that matters less does. */
class Budget {
  #left: number;
  constructor(limit: number) {
    this.#left = limit;
  }
  take(count: number): boolean {
    const fits = count <= this.#left;
    this.#left = fits ? this.#left - count : -1;
    return fits;
  }
}

function subjectsOfService(service: ServiceStatus): Subject<ServerStatus>[] {
  return service.servers.map((server) => subject(server, { service: server.service, server: server.name }));
}

function subjectsOfCheck(check: CheckStatus): Subject<CheckStatus>[] {
  return check.servers.map((name) => {
    const slash = name.indexOf('/');
    const [service, server] = slash < 0 ? [name, ''] : [name.slice(0, slash), name.slice(slash + 1)];
    return subject(check, { service, server, kind: check.kind, what: check.what });
  });
}
