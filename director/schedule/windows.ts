// Maintenance windows. A window is open from its drain to its end; what a server gets follows from all open windows that name
// it, so that one which lies in two comes back when the last of them ends. An operator's order is never touched: whoever
// enables, drains or disables a server while a window has it, has it from then on.
import type { ScheduleEntry } from '../config/configuration.ts';
import { isScheduleAuthor, type ScheduleRecord, scheduleAuthor } from '../model/schedule.ts';
import { isUsable, seenFirst } from './records.ts';
import type { Action, Note, Situation, StandingOrder } from './types.ts';

type Window = Extract<ScheduleEntry, { kind: 'maintenance' }>;
type Gave = ScheduleRecord['servers'][number];
interface Open {
  readonly window: Window;
  readonly record: ScheduleRecord;
}

export interface Windows {
  readonly actions: readonly Action[];
  readonly records: readonly ScheduleRecord[];
  readonly notes: readonly Note[];
}

export function decideWindows(situation: Situation): Windows {
  const notes: Note[] = [];
  const windows = situation.entries.filter((entry): entry is Window => entry.kind === 'maintenance');
  const moved = windows.map((window) => ({ window, record: moveOn(window, situation, notes) }));
  const settled = moved.map(({ window, record }) => ({
    window,
    record: record.phase === 'over' ? closed(record) : settle(window, record, situation, notes),
  }));
  const open = settled.filter(({ record }) => record.phase !== 'over');
  return {
    actions: [...give(open, situation), ...release(open, situation)],
    records: settled.map(({ record }) => record),
    notes,
  };
}

/** The record as time has it: another phase, the next window, or nothing new. A clock that is put back makes a window longer. */
function moveOn(window: Window, situation: Situation, notes: Note[]): ScheduleRecord {
  const { now, timetable, records } = situation;
  const { name, for_ms, drainBefore_ms } = window;
  const given = records.get(name);
  const record = given !== undefined && isUsable(given, window.kind, now) ? given : undefined;
  const due = timetable.previous(name, now + drainBefore_ms);
  if (record !== undefined && record.phase !== 'over') {
    if (now >= record.moment + for_ms) return ended(record, now, notes);
    const phase = record.phase === 'window' || now >= record.moment ? 'window' : 'drain';
    return phase === record.phase ? record : { ...record, phase, at: now };
  }
  if (due === undefined || (record !== undefined && due <= record.moment))
    return record ?? seenFirst(window, now);
  if (now < due + for_ms) {
    notes.push({
      kind: 'schedule-begun',
      name,
      reason: `maintenance of ${window.servers.join(', ')} has begun`,
    });
    return {
      ...{ name, kind: window.kind, moment: due, phase: now < due ? 'drain' : 'window' },
      ...{ servers: [], outcome: 'under-way', detail: '', at: now },
    };
  }
  if (record === undefined) return seenFirst(window, now);
  const detail = 'no director was active during the window';
  notes.push({ kind: 'schedule-missed', name, reason: detail });
  return { ...closed(record), moment: due, outcome: 'missed', detail, at: now };
}

function ended(record: ScheduleRecord, now: number, notes: Note[]): ScheduleRecord {
  const left = record.servers.filter(({ gave }) => gave === 'left').map(({ server }) => server);
  const detail = left.length === 0 ? '' : `left to operators: ${left.join(', ')}`;
  const { name } = record;
  notes.push({ kind: 'schedule-ended', name, reason: `maintenance has ended${detail && `; ${detail}`}` });
  const all = left.length > 0 && left.length === record.servers.length;
  return { ...record, phase: 'over', outcome: all ? 'left' : 'done', detail, at: now };
}

function closed(record: ScheduleRecord): ScheduleRecord {
  return record.servers.length === 0 ? record : { ...record, servers: [] };
}

/** Which servers the window has, and which it leaves to operators. */
function settle(window: Window, record: ScheduleRecord, situation: Situation, notes: Note[]): ScheduleRecord {
  const gives = record.phase === 'drain' ? 'drain' : 'disable';
  const before = new Map(record.servers.map((each) => [each.server, each.gave]));
  const servers = window.servers.map((server): Gave => {
    const had = before.get(server);
    if (had === 'left') return { server, gave: 'left' };
    const order = situation.orders.get(server);
    const isOurs = isTaken(order) && isScheduleAuthor(order.author);
    // Before it began anything but an operator's order may stand; afterwards the schedule's own must.
    const mayHave = had === undefined ? !isTaken(order) || isOurs : isOurs;
    if (mayHave) return { server, gave: gives };
    const word = isTaken(order) ? `${order.author} has ${order.admin} it` : 'it was enabled meanwhile';
    notes.push({ kind: 'schedule-left', name: record.name, reason: `${server} is left alone: ${word}` });
    return { server, gave: 'left' };
  });
  const same =
    servers.length === record.servers.length &&
    servers.every(({ server, gave }) => before.get(server) === gave);
  return same ? record : { ...record, servers, at: situation.now };
}

function isTaken(order: StandingOrder | undefined): order is StandingOrder {
  return order !== undefined && order.admin !== 'enabled';
}

/** The strongest that an open window wants; what is disabled already is not drained again. */
function give(open: readonly Open[], { orders }: Situation): Action[] {
  const actions: Action[] = [];
  for (const server of new Set(open.flatMap(({ window }) => window.servers))) {
    const wanting = open.flatMap(({ record }) => {
      const gave = record.servers.find((each) => each.server === server)?.gave;
      return gave === undefined || gave === 'left' ? [] : [{ name: record.name, gave }];
    });
    const owner = wanting.find(({ gave }) => gave === 'disable') ?? wanting[0];
    if (owner === undefined) continue;
    const standing = orders.get(server);
    const isHeld = isTaken(standing) && wanting.some(({ name }) => standing.author === scheduleAuthor(name));
    const order = standing?.admin === 'disabled' ? 'disable' : owner.gave;
    if (isHeld && (standing.admin === 'disabled' ? 'disable' : 'drain') === order) continue;
    actions.push({ kind: 'order', name: owner.name, server, order });
  }
  return actions;
}

/** Whatever the schedule has taken out and no open window wants: also of windows that are no more. */
function release(open: readonly Open[], { orders }: Situation): Action[] {
  const wanted = new Set(
    open.flatMap(({ record }) =>
      record.servers.filter(({ gave }) => gave !== 'left').map(({ server }) => server),
    ),
  );
  return [...orders].flatMap(([server, order]): Action[] => {
    if (wanted.has(server) || !isTaken(order) || !isScheduleAuthor(order.author)) return [];
    return [{ kind: 'order', name: order.author.slice(scheduleAuthor('').length), server, order: 'enable' }];
  });
}
