// What each route of the control API does. Changes take effect before the first await, so that the precondition which
// the server has just checked still holds when they do; those that must wait before check it again.

import type { ControlRequest, Handlers } from '../control/backend.ts';
import type { Change, Connection } from '../control/schema.ts';
import { formatEndpoint, parseAddress, parseEndpoint } from '../model/address.ts';
import type { ConnectionEntry, ConnectionFilter } from '../model/connection.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import { type EventFilter, kindsOf } from '../model/event-filter.ts';
import { CONNECTION_STATES, type ConnectionState } from '../model/state.ts';
import { accountHandlers } from './account-handlers.ts';
import { auditHandlers, type Note } from './audit-handlers.ts';
import { changeConfiguration } from './change.ts';
import { type Core, findServer, findService } from './core.ts';
import { diagnosticsHandlers } from './diagnostics.ts';
import { drillHandlers } from './drill-handlers.ts';
import { giveOrder } from './give-order.ts';
import { historyHandlers } from './history-handlers.ts';
import { monitorHandlers } from './monitor-handlers.ts';
import { notifyHandlers } from './notify-handlers.ts';
import type { OrderChange } from './order-book.ts';
import { reportHa } from './pair/ha-report.ts';
import { orderHa, switchOver } from './pair/orders.ts';
import type { Pair } from './pair/pair.ts';
import { reportServices } from './report.ts';
import { scheduleHandlers } from './schedule/handlers.ts';
import { reportStatus } from './status.ts';

/** `pair`: undefined for the only director. */
export function createHandlers(core: Core, pair: () => Pair | undefined): Handlers {
  return {
    status: () => reportStatus(core, pair()),
    services: () => ({ services: reportServices(core) }),
    service: ({ params }) => reportOne(core, params.service!),
    servers: () => ({ servers: reportServices(core).flatMap((service) => service.servers) }),
    server: ({ params }) => reportServerOf(core, params.service!, params.server!),
    connections: ({ query }) => {
      const { limit } = query;
      const found = core.opened.engine.connections(filterOf(core, query), limit + 1);
      return { connections: found.slice(0, limit).map(toConnection), truncated: found.length > limit };
    },
    events: async ({ query }) => ({
      events: [...(await core.store.events(query.since, query.limit, eventFilterOf(query)))],
    }),
    revisions: async () => ({
      current: core.revision.number,
      revisions: [...(await core.store.revisions())],
    }),
    revision: async ({ params }) =>
      findRevision(core, /^\d{1,15}$/.test(params.revision!) ? Number(params.revision) : 0),
    drain: (request) =>
      order(core, request, 'drain-ordered', 'no new connections', {
        admin: 'draining',
        ...(request.body.deadline_ms === undefined
          ? {}
          : { deadline: core.clock.now() + request.body.deadline_ms }),
        ...(request.body.at_deadline === undefined ? {} : { atDeadline: request.body.at_deadline }),
      }),
    enable: (request) => order(core, request, 'enabled', 'takes connections again', { admin: 'enabled' }),
    disable: (request) => order(core, request, 'disabled', 'taken out', { admin: 'disabled' }),
    weight: (request) =>
      request.body.weight === null
        ? order(core, request, 'weight-ordered', 'back to the configured weight', { weight: undefined })
        : order(core, request, 'weight-ordered', `weight ${request.body.weight}`, {
            weight: request.body.weight,
          }),
    apply: ({ query, body, author, note, checkPrecondition }) => {
      note({ target: 'configuration' });
      return changeConfiguration(core, {
        text: body,
        source: query.source,
        author,
        comment: query.comment,
        dryRun: query.dry_run,
        note,
        checkPrecondition,
      });
    },
    rollback: (request) => rollBack(core, request),
    check: async ({ body }) => {
      const parsed = await core.reader.parse(body, 'configuration');
      const places = 'problems' in parsed ? parsed.problems : parsed.warnings;
      return {
        ok: !('problems' in parsed),
        problems: places.map(({ line, column, message, remedy }) => ({
          line,
          column,
          message,
          ...(remedy === undefined ? {} : { remedy }),
        })),
      };
    },
    explain: ({ body }) => {
      findService(core, body.service);
      const client = parseEndpoint(body.client);
      if (client === undefined)
        throw badInput(
          `${body.client} is no client address and port.`,
          'Write 192.0.2.1:40000 or [fd00::1]:40000.',
        );
      const { outcome, server, method, because } = core.opened.engine.explain({
        service: body.service,
        client,
      });
      return {
        outcome,
        ...(server === undefined ? {} : { server }),
        ...(method === undefined ? {} : { method }),
        because: [...because, ...absentees(core, body.service)],
      };
    },
    probe: ({ body, note }) => {
      note({ target: [body.service ?? 'everything', body.server ?? []].flat().join('/') });
      if (body.service !== undefined) findService(core, body.service);
      if (body.service !== undefined && body.server !== undefined)
        findServer(core, body.service, body.server);
      const keys = core.board.keys(body.service, body.server);
      for (const key of keys) core.monitors.probeNow(key);
      note({ after: { probed: keys.length } });
      return { probed: keys.length, at: core.clock.now() };
    },
    ha: () => reportHa(core, pair()),
    switchover: ({ body, author, note }) =>
      switchOver(core, pair(), {
        ...{ dryRun: body.dry_run, force: body.force, reason: body.reason, author, note },
      }),
    hold: ({ author, note }) => orderHa(core, pair(), 'hold', author, note),
    release: ({ author, note }) => orderHa(core, pair(), 'release', author, note),
    ...auditHandlers(core),
    ...drillHandlers(core),
    ...accountHandlers(core.accounts),
    ...historyHandlers(core),
    ...monitorHandlers(core),
    ...notifyHandlers(core),
    ...scheduleHandlers(core),
    ...diagnosticsHandlers(core, pair),
  };
}

function badInput(message: string, remedy: string): FairleadError {
  return new FairleadError('bad-request', message, { remedy, exit: EXIT.usage });
}

function reportOne(core: Core, name: string) {
  const report = reportServices(core, name)[0];
  if (report !== undefined) return report;
  findService(core, name); // throws, with the nearest name
  throw new FairleadError('unknown-service', `There is no service ${name}.`, { exit: EXIT.usage });
}

function reportServerOf(core: Core, service: string, server: string) {
  const found = reportOne(core, service).servers.find((each) => each.name === server);
  if (found !== undefined) return found;
  findServer(core, service, server);
  throw new FairleadError('unknown-server', `Service ${service} has no server ${server}.`, {
    exit: EXIT.usage,
  });
}

async function order(
  core: Core,
  { params, author, note }: Pick<ControlRequest<'drain'>, 'params' | 'author' | 'note'>,
  kind: string,
  what: string,
  change: OrderChange,
): Promise<Change> {
  const service = params.service!;
  const server = findServer(core, service, params.server!).name;
  const stored = giveOrder(core, { service, server, author, note, kind, what, change });
  const report = reportServerOf(core, service, server);
  const revision = core.revision.number;
  return { revision, stored: await stored, server: report };
}

async function rollBack(core: Core, request: ControlRequest<'rollback'>) {
  const { author, checkPrecondition } = request;
  const note: Note = (change) => request.note(change);
  note({ target: 'configuration' });
  const present = core.revision.number;
  const number = request.body.revision ?? (await revisionBefore(core));
  note({ target: `revision ${number}` });
  const revision = await findRevision(core, number);
  return changeConfiguration(core, {
    text: revision.text,
    source: `revision ${number}`,
    author,
    comment: `back to revision ${number}`,
    dryRun: false,
    note,
    checkPrecondition() {
      checkPrecondition();
      // Whatever If-Match says: the revision before the present one is another one by now.
      if (core.revision.number !== present)
        throw new FairleadError('stale', `Revision ${core.revision.number} came into force meanwhile.`, {
          remedy: 'Look at what is in force now, then try again.',
          exit: EXIT.refused,
        });
    },
  });
}

/** The newest one whose text is not the present one. */
async function revisionBefore(core: Core): Promise<number> {
  const revisions = await core.store.revisions();
  const before = revisions.findLast(
    (each) => each.number < core.revision.number && each.hash !== core.revision.hash,
  );
  if (before !== undefined) return before.number;
  throw new FairleadError('nothing-to-roll-back', 'There is no earlier configuration.', {
    exit: EXIT.refused,
  });
}

async function findRevision(core: Core, number: number) {
  const revision = Number.isSafeInteger(number) && number > 0 ? await core.store.revision(number) : undefined;
  if (revision !== undefined) return revision;
  throw new FairleadError('unknown-revision', `There is no revision ${number}.`, {
    remedy: 'See "fairlead revisions".',
    exit: EXIT.usage,
  });
}

function eventFilterOf(query: ControlRequest<'events'>['query']): EventFilter & { before?: number } {
  const { before, kind, subject, q, from, to } = query;
  return {
    ...(before === undefined ? {} : { before }),
    ...(kind === undefined ? {} : { kinds: kindsOf(kind) }),
    ...(subject === undefined ? {} : { subject }),
    ...(q === undefined ? {} : { q }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

interface ConnectionQuery {
  readonly kind?: 'connection' | 'template' | undefined;
  readonly service?: string | undefined;
  readonly server?: string | undefined;
  readonly client?: string | undefined;
  readonly state?: string | undefined;
}

function filterOf(core: Core, query: ConnectionQuery): ConnectionFilter {
  const client = query.client === undefined ? undefined : parseAddress(query.client);
  if (query.client !== undefined && client === undefined)
    throw badInput(
      `${query.client} is no client address.`,
      'Write an address without port, such as 192.0.2.1.',
    );
  const state = query.state?.toUpperCase();
  if (state !== undefined && !isState(state))
    throw badInput(`${query.state} is no connection state.`, `States are ${CONNECTION_STATES.join(', ')}.`);
  if (query.service !== undefined) reportOne(core, query.service);
  return {
    ...(query.kind === undefined ? {} : { kind: query.kind }),
    ...(query.service === undefined ? {} : { service: query.service }),
    ...(query.server === undefined ? {} : { serverName: query.server }),
    ...(client === undefined ? {} : { client }),
    ...(state === undefined ? {} : { state }),
  };
}

function isState(text: string): text is ConnectionState {
  return (CONNECTION_STATES as readonly string[]).includes(text);
}

function toConnection(entry: ConnectionEntry): Connection {
  const { client, virtual, server, serverName, ...rest } = entry;
  const text = (end: ConnectionEntry['client']): string => formatEndpoint(end.address, end.port);
  return {
    ...rest,
    client: text(client),
    virtual: text(virtual),
    server: text(server),
    server_name: serverName,
  };
}

/** Why the servers that the engine does not know are no candidates. */
function absentees(core: Core, service: string): string[] {
  return reportOne(core, service)
    .servers.filter((server) => server.presence !== 'present')
    .map((server) =>
      server.health === 'down'
        ? `${server.name} is no candidate: ${server.because} (${server.health_reason})`
        : `${server.name} is no candidate: ${server.because}`,
    );
}
