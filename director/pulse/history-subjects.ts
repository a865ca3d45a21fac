// Whose numbers are sampled: the director, every service, every real server, in a fixed order until the configuration
// changes. Each has a row; names are looked up once, not every second. Bounded: beyond the limit servers are left out.
import type { Configuration, ServerConfig } from '../config/configuration.ts';
import { type Subjects, subjectsOf } from '../history/core/open-block.ts';
import { DIRECTOR_SUBJECT } from '../model/metric.ts';
import { serverKey } from '../model/orders.ts';

export const SUBJECTS_MAX = 20_000;

export interface SampledServer {
  readonly name: string;
  /** Its subject, and what rates and orders are found by. */
  readonly key: string;
  readonly row: number;
  readonly isSorry: boolean;
}

export interface SampledService {
  readonly name: string;
  readonly row: number;
  readonly servers: readonly SampledServer[];
  readonly byName: ReadonlyMap<string, SampledServer>;
}

export interface SampledSubjects {
  readonly subjects: Subjects;
  readonly services: readonly SampledService[];
  readonly byName: ReadonlyMap<string, SampledService>;
  /** Rows of all servers by their key. */
  readonly rows: ReadonlyMap<string, number>;
  readonly left_out: number;
}

export function sampledSubjects({ services }: Configuration): SampledSubjects {
  const names = [DIRECTOR_SUBJECT];
  const enter = (name: string): number => names.push(name) - 1;
  // A service that is called as the director is has no name of its own here; its servers have.
  const sampled = services.filter(({ name }) => name !== DIRECTOR_SUBJECT);
  const rowOf = new Map(sampled.slice(0, SUBJECTS_MAX - 1).map(({ name }) => [name, enter(name)] as const));
  let left_out = services.length - rowOf.size;
  const rows = new Map<string, number>();
  const all = services.map((service): SampledService => {
    const members: (readonly [ServerConfig, boolean])[] = [
      ...service.servers.map((server) => [server, false] as const),
      ...(service.sorry === undefined ? [] : [[service.sorry, true] as const]),
    ];
    const room = Math.max(0, SUBJECTS_MAX - names.length);
    left_out += Math.max(0, members.length - room);
    const servers = members.slice(0, room).map(([{ name }, isSorry]): SampledServer => {
      const key = serverKey(service.name, name);
      const row = enter(key);
      rows.set(key, row);
      return { name, key, row, isSorry };
    });
    return {
      name: service.name,
      row: rowOf.get(service.name) ?? -1,
      servers,
      byName: new Map(servers.map((server) => [server.name, server])),
    };
  });
  return {
    subjects: subjectsOf(names),
    services: all,
    byName: new Map(all.map((service) => [service.name, service])),
    rows,
    left_out,
  };
}
