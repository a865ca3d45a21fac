// What is to be done of the schedule now: the whole decision, pure. It may be asked at any time and as often as one likes; what
// it says to keep must be kept before its actions are carried out, then nothing is done twice.
//
// The active director does maintenance, weights and drills, every director its own backups. What was due while nobody could:
// an open window is gone on with, of weights the last one counts, backups are made up for by one, drills are not.
import type { ScheduleEntry } from '../config/configuration.ts';
import { isScheduleAuthor, type ScheduleRecord } from '../model/schedule.ts';
import { isUsable, seenFirst } from './records.ts';
import type { Action, Decision, Note, Situation } from './types.ts';
import { decideWindows } from './windows.ts';

/** A drill that is later than this surprises people. */
const DRILL_GRACE_MS = 5 * 60_000;
/** Nobody has told what became of it. */
const DRILL_SILENT_MS = 5 * 60_000;

interface Draft {
  readonly actions: Action[];
  readonly records: ScheduleRecord[];
  readonly notes: Note[];
}

export function decideSchedule(situation: Situation): Decision {
  const { entries, records, activeSince } = situation;
  const draft: Draft = { actions: [], records: [], notes: [] };
  if (activeSince !== undefined) {
    const windows = decideWindows(situation);
    draft.actions.push(...windows.actions);
    draft.records.push(...windows.records);
    draft.notes.push(...windows.notes);
    decideWeights(situation, draft);
    decideDrills(situation, activeSince, draft);
  }
  decideBackups(situation, draft);
  const names = new Set(entries.map(({ name }) => name));
  return {
    ...draft,
    records: draft.records.filter((record) => records.get(record.name) !== record),
    forgotten: [...records.keys()].filter((name) => !names.has(name)),
  };
}

type Of<K extends ScheduleEntry['kind']> = Extract<ScheduleEntry, { kind: K }>;

function ofKind<K extends ScheduleEntry['kind']>(situation: Situation, kind: K): Of<K>[] {
  return situation.entries.filter((entry): entry is Of<K> => entry.kind === kind);
}

/** Its record, and the moment that is due, if one is. */
function dueOf(entry: ScheduleEntry, { records, now, timetable }: Situation) {
  const given = records.get(entry.name);
  const record = given !== undefined && isUsable(given, entry.kind, now) ? given : seenFirst(entry, now);
  const moment = timetable.previous(entry.name, now);
  return { record, due: moment !== undefined && moment > record.moment ? moment : undefined };
}

function decideWeights(situation: Situation, draft: Draft): void {
  const { now, orders } = situation;
  const due: { readonly entry: Of<'weight'>; readonly record: ScheduleRecord; readonly moment: number }[] =
    [];
  for (const entry of ofKind(situation, 'weight')) {
    const { record, due: moment } = dueOf(entry, situation);
    if (moment === undefined) draft.records.push(record);
    else due.push({ entry, record, moment });
  }
  due.sort((one, other) => one.moment - other.moment);
  for (const { entry, record, moment } of due) {
    const { name, server, weight } = entry;
    const done = { ...record, moment, at: now };
    const last = due.findLast((each) => each.entry.server === server)!.entry;
    const standing = orders.get(server);
    if (last !== entry)
      draft.records.push({ ...done, outcome: 'missed', detail: `${last.name} was due after it` });
    else if (standing?.weight !== undefined && !isScheduleAuthor(standing.weightAuthor)) {
      const detail = `${server} is left alone: ${standing.weightAuthor} gave it weight ${standing.weight}`;
      draft.records.push({ ...done, outcome: 'left', detail });
      draft.notes.push({ kind: 'schedule-left', name, reason: detail });
    } else {
      draft.records.push({ ...done, outcome: 'done', detail: '' });
      if (standing?.weight !== weight) draft.actions.push({ kind: 'weight', name, server, weight });
    }
  }
}

function decideDrills(situation: Situation, activeSince: number, draft: Draft): void {
  const { now, running } = situation;
  const drills = ofKind(situation, 'drill');
  let busy = drills.some(({ name }) => running.has(name));
  for (const entry of drills) {
    const { name, drill } = entry;
    const { record, due } = dueOf(entry, situation);
    if (due === undefined) {
      draft.records.push(cutOff(record, situation, DRILL_SILENT_MS, draft));
      continue;
    }
    // Whoever is active because of the drill must not do it again.
    const late = due < activeSince ? 'this director was not active then' : 'its time was over';
    if (due < activeSince || now - due > DRILL_GRACE_MS) {
      draft.records.push({ ...record, moment: due, outcome: 'missed', detail: late, at: now });
      draft.notes.push({ kind: 'schedule-missed', name, reason: `the drill ${drill} was not done: ${late}` });
    } else if (busy)
      draft.records.push(record); // it waits its turn
    else {
      busy = true;
      draft.records.push({ ...record, moment: due, outcome: 'under-way', detail: '', at: now });
      draft.actions.push({ kind: 'drill', name, drill });
    }
  }
}

function decideBackups(situation: Situation, draft: Draft): void {
  const { now, running } = situation;
  for (const entry of ofKind(situation, 'backup')) {
    const { name, keep, history } = entry;
    const { record, due } = dueOf(entry, situation);
    if (due === undefined || running.has(name)) {
      draft.records.push(cutOff(record, situation, 0, draft));
      continue;
    }
    draft.records.push({ ...record, moment: due, outcome: 'under-way', detail: '', at: now });
    draft.actions.push({ kind: 'backup', name, keep, history });
  }
}

/** Begun, and not being done any more. */
function cutOff(
  record: ScheduleRecord,
  situation: Situation,
  after_ms: number,
  draft: Draft,
): ScheduleRecord {
  const { now, running } = situation;
  const { name, outcome, at } = record;
  const age_ms = now - at;
  if (outcome !== 'under-way' || running.has(name) || (age_ms >= 0 && age_ms < after_ms)) return record;
  const detail = 'it was cut off, and nobody knows how far it came';
  draft.notes.push({ kind: 'schedule-failed', name, reason: `${record.kind}: ${detail}` });
  return { ...record, outcome: 'failed', detail, at: now };
}
