// What is known at a moment, for whoever shows it: the director's view of health and connections, joined with what the
// client has seen in the last seconds.
import type { ServiceStatus } from '../../director/control/schema.ts';
import type { ClientReport } from './client/traffic.ts';
import { type LabService, listenOf } from './configuration.ts';
import type { DirectorView } from './pair.ts';
import { type Disturbances, isExplained, percentile, sum, type Tally } from './tally.ts';

export interface ServiceView {
  readonly name: string;
  readonly method: string;
  readonly address: string;
  /** New connections answered per second, over the window. */
  readonly rate: number;
  readonly servers: readonly { readonly name: string; readonly health: string; readonly share: number }[];
  readonly active: number;
  readonly inactive: number;
  readonly held: number;
  readonly heldWanted: number;
  /** Failures that nothing explains, since the start. */
  readonly errors: number;
  readonly p99_ms: number | undefined;
}

export interface View {
  readonly elapsed_s: number;
  readonly limit_s: number | undefined;
  readonly engine: string;
  readonly directors: readonly string[];
  readonly runtime: string;
  readonly consoles: readonly ConsoleView[];
  readonly services: readonly ServiceView[];
  readonly servers: readonly {
    readonly name: string;
    readonly running: boolean;
    /** In every service. */
    readonly up: boolean;
    readonly share: number;
  }[];
  /** Undefined: a single director. */
  readonly pair?: PairView | undefined;
  readonly errors: number;
  readonly errorsExplained: number;
  readonly events: readonly string[];
}

export interface ConsoleView {
  readonly url: string;
  /** Undefined once there is an account. */
  readonly password: string | undefined;
}

export interface PairView {
  readonly directors: readonly {
    readonly name: string;
    /** gone: no process of it answers. */
    readonly role: 'active' | 'standby' | 'gone';
    readonly links_up: number;
    readonly links: number;
    readonly sync: string;
  }[];
  /** Who answers for VIPs on the wire. */
  readonly owners: readonly string[];
}

export function pairView(views: readonly DirectorView[], owners: readonly string[]): PairView | undefined {
  if (views.length < 2) return undefined;
  const directors = views.map(({ director, ha }) => {
    const { links = [], sync } = ha ?? {};
    const heard = links.filter(({ up, heard_age_ms }) => up && (heard_age_ms ?? Infinity) < LINK_FRESH_MS);
    const lag = sync?.lag_p99_ms === undefined ? '' : ` ${sync.lag_p99_ms.toFixed(1)} ms`;
    return {
      name: director.name,
      role: ha?.role ?? ('gone' as const),
      links_up: heard.length,
      links: links.length,
      sync: sync?.running ? `${sync.state ?? 'unknown'}${sync.state === 'steady' ? lag : ''}` : 'off',
    };
  });
  return { directors, owners };
}

const LINK_FRESH_MS = 1_500;

export interface Known {
  readonly elapsed_s: number;
  readonly limit_s: number | undefined;
  readonly engine: string;
  readonly directors: readonly string[];
  readonly runtime: string;
  readonly consoles: readonly ConsoleView[];
  readonly services: readonly LabService[];
  readonly status: readonly ServiceStatus[];
  /** The last seconds' reports. */
  readonly window: readonly ClientReport[];
  readonly window_s: number;
  readonly tally: Tally;
  readonly disturbances: Disturbances;
  readonly pair?: PairView | undefined;
  readonly running: Readonly<Record<string, boolean>>;
  readonly events: readonly string[];
}

export function viewOf(known: Known): View {
  const unexplained = known.tally.failures.filter((failure) => !isExplained(failure, known.disturbances));
  const services = known.services.map((service) => {
    const answered = answeredIn(known.window, service.name);
    const total = sum(answered);
    const status = known.status.find((one) => one.name === service.name);
    const part = known.tally.services.get(service.name);
    return {
      name: service.name,
      method: service.method,
      address: listenOf(service).replace(/^(tcp|udp):\/\/(.*)$/, (_all, protocol: string, end: string) =>
        protocol === 'udp' ? `${end}/udp` : end,
      ),
      rate: total / Math.max(known.window_s, 0.001),
      servers: Object.keys(known.running).map((name) => ({
        name,
        health: status?.servers.find((server) => server.name === name)?.health ?? 'unknown',
        share: total === 0 ? 0 : (answered[name] ?? 0) / total,
      })),
      active: status?.active ?? 0,
      inactive: status?.inactive ?? 0,
      held: sum(part?.held ?? {}),
      heldWanted: service.held,
      errors: unexplained.filter((failure) => failure.service === service.name).length,
      p99_ms: percentile(part?.latencies_ms.slice(-500) ?? [], 0.99),
    };
  });
  const all = sum(Object.assign({}, ...services.map((service) => ({ [service.name]: service.rate }))));
  return {
    elapsed_s: known.elapsed_s,
    limit_s: known.limit_s,
    engine: known.engine,
    directors: known.directors,
    runtime: known.runtime,
    consoles: known.consoles,
    services,
    servers: Object.entries(known.running).map(([name, running]) => ({
      name,
      running,
      up: services.every((service) => service.servers.find((one) => one.name === name)?.health === 'up'),
      share:
        services.reduce(
          (total, service) =>
            total + service.rate * (service.servers.find((one) => one.name === name)?.share ?? 0),
          0,
        ) / Math.max(all, 0.001),
    })),
    pair: known.pair,
    errors: unexplained.length + known.tally.failuresMore,
    errorsExplained: known.tally.failures.length - unexplained.length,
    events: known.events,
  };
}

function answeredIn(window: readonly ClientReport[], service: string): Record<string, number> {
  const answered: Record<string, number> = {};
  for (const report of window)
    for (const [server, count] of Object.entries(report.services[service]?.answered ?? {}))
      answered[server] = (answered[server] ?? 0) + count;
  return answered;
}
