// When each entry of a schedule is due. What was computed is kept until its next moment, so that looking every second costs nothing.
import type { ScheduleConfig } from '../config/configuration.ts';
import { parseCron } from '../model/cron.ts';
import { nextMoment, openZone, previousMoment, type Zone } from '../model/moments.ts';

interface Span {
  readonly previous: number | undefined;
  readonly next: number | undefined;
  /** For what times it was computed. */
  readonly from: number;
}

export class Timetable {
  readonly zone: Zone;
  readonly #schedule: ScheduleConfig;
  readonly #spans = new Map<string, Span>();

  /** `machineZone`: where the schedule names none. */
  constructor(schedule: ScheduleConfig, machineZone: string) {
    this.#schedule = schedule;
    this.zone = openZone(schedule.timezone ?? machineZone) ?? openZone('UTC')!;
  }

  /** The last moment of an entry that is not after `at`. */
  previous(name: string, at: number): number | undefined {
    return this.#span(name, at).previous;
  }

  next(name: string, at: number): number | undefined {
    return this.#span(name, at).next;
  }

  #span(name: string, at: number): Span {
    const known = this.#spans.get(name);
    if (
      known !== undefined &&
      at >= (known.previous ?? known.from) &&
      at < (known.next ?? Number.POSITIVE_INFINITY)
    )
      return known;
    const entry = this.#schedule.entries.find((each) => each.name === name);
    const cron = entry === undefined ? undefined : parseCron(entry.at);
    const span =
      cron === undefined || 'fault' in cron
        ? { previous: undefined, next: undefined, from: at }
        : {
            previous: previousMoment(cron, this.zone, at),
            next: nextMoment(cron, this.zone, at),
            from: at,
          };
    this.#spans.set(name, span);
    return span;
  }
}
