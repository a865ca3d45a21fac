// The director as it is, put together from what GET /live sends. Pure, and pictures are never changed in place: what is the same
// object as before is the same as before. Whatever is put in, nothing is thrown; what does not fit is told, and then the
// stream has to be begun anew.
import {
  LIVE_NUMBERS,
  type LiveFull,
  type LiveNumbers,
  type LiveTick,
  liveFullSchema,
  liveKeys,
  liveTickSchema,
} from './live-schema.ts';
import type { ServerStatus, ServiceStatus, Status } from './schema.ts';

export interface LivePicture {
  /** Wall clock of the director. */
  readonly at: number;
  readonly status: Status;
  readonly services: readonly ServiceStatus[];
  /** Where services and servers are, by their names in ticks. */
  readonly places: LivePlaces;
}

export interface LivePlaces {
  readonly services: ReadonlyMap<string, number>;
  readonly servers: ReadonlyMap<string, readonly [service: number, server: number]>;
}

export type Applied = { readonly picture: LivePicture } | { readonly problem: string };

/** `message`: parsed JSON of one event of the stream. */
export function applyLive(picture: LivePicture | undefined, message: unknown): Applied {
  const kind =
    typeof message === 'object' && message !== null && 'kind' in message ? message.kind : undefined;
  if (kind === 'full') return begin(message);
  if (kind !== 'tick') return { problem: 'it is neither full nor a tick' };
  if (picture === undefined) return { problem: 'a tick came before anything that it could change' };
  const tick = readTick(message as object);
  return 'problem' in tick ? tick : change(picture, tick.tick);
}

function begin(message: unknown): Applied {
  const read = liveFullSchema.safeParse(message);
  if (!read.success) return { problem: problemOf(read.error) };
  const { at, status, services }: LiveFull = read.data;
  const places = placesOf(services);
  return { picture: { at, status, services, places } };
}

function placesOf(services: readonly ServiceStatus[]): LivePlaces {
  const servers = new Map<string, readonly [number, number]>();
  for (const [index, service] of services.entries())
    for (const [place, key] of liveKeys(service).entries()) servers.set(key, [index, place]);
  return { services: new Map(services.map(({ name }, index) => [name, index])), servers };
}

/** The rows, which are nearly all of it, by hand; the rest by its schema. */
const REST = liveTickSchema.omit({ services: true, servers: true });

function readTick(message: object): { readonly tick: LiveTick } | { readonly problem: string } {
  const { services, servers, ...others } = message as Record<string, unknown>;
  const read = REST.safeParse(others);
  if (!read.success) return { problem: problemOf(read.error) };
  for (const rows of [services, servers]) if (!areRows(rows)) return { problem: 'numbers: not as expected' };
  return { tick: { ...read.data, services, servers } as LiveTick };
}

function areRows(value: unknown): value is Record<string, LiveNumbers> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const row of Object.values(value)) {
    if (!Array.isArray(row) || row.length !== LIVE_NUMBERS.length) return false;
    for (const each of row) if (each !== null && typeof each !== 'number') return false;
  }
  return true;
}

function problemOf(error: { readonly issues: readonly { path: PropertyKey[]; message: string }[] }): string {
  const issue = error.issues[0];
  return `${issue?.path.map(String).join('.') || 'message'}: ${issue?.message ?? 'not as expected'}`;
}

function change(picture: LivePicture, tick: LiveTick): Applied {
  const { places } = picture;
  const services = [...picture.services];
  const changed = new Set<number>();
  /** A copy, once, of what is changed in this tick. */
  const serversOf = (index: number): ServerStatus[] => {
    const service = services[index]!;
    if (changed.has(index)) return service.servers;
    changed.add(index);
    const servers = [...service.servers];
    services[index] = { ...service, servers };
    return servers;
  };
  for (const record of tick.changed_services) {
    const index = places.services.get(record.name);
    if (index === undefined) return { problem: `there is no service ${record.name}` };
    services[index] = { ...record, servers: serversOf(index) };
  }
  for (const record of tick.changed_servers) {
    const place = places.servers.get(`${record.service}/${record.name}`);
    if (place === undefined) return { problem: `there is no server ${record.service}/${record.name}` };
    serversOf(place[0])[place[1]] = record;
  }
  for (const [name, row] of Object.entries(tick.services)) {
    const index = places.services.get(name);
    if (index === undefined) return { problem: `there is no service ${name}` };
    serversOf(index);
    services[index] = { ...services[index]!, ...loadOf(row) };
  }
  for (const [key, row] of Object.entries(tick.servers)) {
    const place = places.servers.get(key);
    if (place === undefined) return { problem: `there is no server ${key}` };
    const servers = serversOf(place[0]);
    servers[place[1]] = withNumbers(servers[place[1]]!, row);
  }
  const status = { ...tick.status, services: picture.status.services };
  if (changed.size > 0)
    status.services = status.services.map((summary, index) =>
      changed.has(index) ? summaryOf(services[index]!) : summary,
    );
  return { picture: { at: tick.at, status, services, places } };
}

function summaryOf({ servers: _, ...summary }: ServiceStatus): Omit<ServiceStatus, 'servers'> {
  return summary;
}

type Load = Pick<ServiceStatus, 'active' | 'inactive' | 'templates' | 'traffic' | 'rates'>;

/** In the order of LIVE_NUMBERS. */
function loadOf(row: LiveNumbers): Load {
  const number = (index: number): number => row[index] ?? 0;
  return {
    active: number(0),
    inactive: number(1),
    templates: number(2),
    rates: {
      connections_per_s: number(3),
      packets_in_per_s: number(4),
      packets_out_per_s: number(5),
      bytes_in_per_s: number(6),
      bytes_out_per_s: number(7),
    },
    traffic: {
      connections: number(9),
      packets_in: number(10),
      packets_out: number(11),
      bytes_in: number(12),
      bytes_out: number(13),
    },
  };
}

const LATENCY = LIVE_NUMBERS.indexOf('latency_ms');

function withNumbers(server: ServerStatus, row: LiveNumbers): ServerStatus {
  const changed: ServerStatus = { ...server, ...loadOf(row) };
  const latency_ms = row[LATENCY];
  if (typeof latency_ms === 'number') changed.latency_ms = latency_ms;
  else delete changed.latency_ms;
  return changed;
}
