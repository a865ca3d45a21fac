// The simulated site: two directors, the links between them, what befalls them, and what everybody saw.
// Guarantees: the same schedule gives the same run; time is only what the queue says.
import type { Beat, CoreSettings, Role } from '../../heartbeat/core/types.ts';
import { Director } from './director.ts';
import { Ledger } from './ledger.ts';
import { Queue } from './queue.ts';
import { type Random, randomOf } from './random.ts';
import { type Direction, type LinkChoice, NAMES, type Schedule, type Side } from './schedule.ts';

interface Path {
  cuts: number;
  loss: number;
  delay_ms: number;
  duplicates: number;
}

export interface Move {
  readonly at_ms: number;
  readonly side: Side;
  readonly because: string;
  readonly boots: number;
}

export class World {
  readonly schedule: Schedule;
  readonly queue = new Queue();
  readonly ledger: Ledger;
  readonly random: Random;
  readonly directors: readonly [Director, Director];
  /** Of the last raise of each side: what its runtime folder would hold. */
  readonly epochs: [number, number] = [0, 0];
  readonly #paths: readonly (readonly [Path, Path])[];
  readonly moves: Move[] = [];
  readonly tracing: boolean;
  readonly timeline: string[] = [];
  readonly onRecord: ((side: Side, event: string) => void) | undefined;
  now = 0;
  steps = 0;
  resumes = 0;
  claims = 0;
  /** Of the directors that faults befell, at that time. */
  readonly rolesAtFaults: (Role | undefined)[] = [];
  #orders = 0;

  constructor(schedule: Schedule, tracing = false, onRecord?: (side: Side, event: string) => void) {
    this.schedule = schedule;
    this.ledger = new Ledger(schedule.settings.deadtime_ms);
    this.tracing = tracing;
    this.onRecord = onRecord;
    this.random = randomOf(schedule.seed ^ 0x5f356495);
    const path = (): Path => ({ cuts: 0, loss: 0, delay_ms: 0, duplicates: 0 });
    this.#paths = Array.from({ length: schedule.settings.links }, () => [path(), path()] as const);
    this.directors = [new Director(this, 0, this.#settings(0)), new Director(this, 1, this.#settings(1))];
  }

  #settings(side: Side): CoreSettings {
    return {
      ...this.schedule.settings,
      node: NAMES[side],
      peer: NAMES[side === 0 ? 1 : 0],
      priority: this.schedule.priorities[side],
    };
  }

  /** Runs what is due until t. False: `until` said to stop. */
  run(t: number, until?: () => boolean): boolean {
    for (;;) {
      const next = this.queue.take();
      if (next === undefined) break;
      if (next.t > t) {
        this.queue.at(next.t, next.run); // keeps its time; among equals it comes last, in every run alike
        break;
      }
      this.now = next.t;
      next.run();
      if (until?.() === true) return false;
    }
    this.now = t;
    this.ledger.account(t);
    return true;
  }

  order(side: Side, order: 'switchover' | 'hold' | 'release'): void {
    const director = this.directors[side];
    if (!director.runs) return;
    const id = ++this.#orders;
    director.ordersOpen.add(id);
    this.tell(side, `is ordered: ${order}`);
    director.take({ kind: 'order', id, order });
  }

  /** Changes the paths that a fault touches, and takes note whether a link still works both ways. */
  change(link: LinkChoice, direction: Direction, how: (path: Path) => void): void {
    this.ledger.account(this.now);
    this.#paths.forEach((pair, i) => {
      if (link !== 'all' && link !== i) return;
      if (direction !== 1) how(pair[0]);
      if (direction !== 0) how(pair[1]);
    });
    const worked = this.ledger.linkWorks;
    this.ledger.linkWorks = this.#paths.some((pair) =>
      pair.every((path) => path.cuts === 0 && path.loss === 0 && path.delay_ms === 0),
    );
    if (!worked) this.ledger.linkSince_ms = this.now;
    this.ledger.oneWayWorks = this.#paths.some((pair) => pair.some((path) => path.cuts === 0));
  }

  send(from: Side, beat: Beat): void {
    const to = this.directors[from === 0 ? 1 : 0];
    const { random, queue, schedule, now } = this;
    for (let link = 0; link < this.#paths.length; link++) {
      const path = this.#paths[link]?.[from];
      if (path === undefined || path.cuts > 0) continue;
      const copies = path.duplicates > 0 && random.chance(0.5) ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        if (path.loss > 0 && random.chance(Math.min(0.95, path.loss))) continue;
        const extra_ms = path.delay_ms > 0 ? random.between(0, path.delay_ms) : 0;
        const arrives = now + schedule.delay_ms * random.between(0.8, 1.2) + extra_ms;
        queue.at(arrives, () => to.take({ kind: 'beat', link, beat }));
      }
    }
    if (this.tracing)
      this.tell(
        from,
        `sends ${beat.role} epoch ${beat.epoch}${beat.handover ? ', hands over' : ''}${beat.asks ? ', asks' : ''}${beat.hold ? ', on hold' : ''}`,
      );
  }

  /** The fencing command: it fails when the peer's machine is well, as it would be refused. */
  fence(side: Side, done: (ok: boolean) => void): void {
    const takes_ms = this.random.between(1, 20);
    const ok = this.random.chance(0.8);
    this.tell(side, 'fences');
    this.queue.at(this.now + takes_ms, () => done(ok));
  }

  /** The VIPs' network itself works: an owner is found. */
  probe(side: Side, done: (holder: string | undefined) => void): void {
    const other: Side = side === 0 ? 1 : 0;
    this.queue.at(this.now + this.random.between(2, 20), () => {
      this.ledger.account(this.now);
      done(this.ledger.owns(other) ? NAMES[other] : undefined);
    });
  }

  note(side: Side, event: string, reason: string): void {
    if (event === 'handing-over')
      this.moves.push({
        at_ms: this.now,
        side,
        because: reason,
        boots: this.directors[0].boot + this.directors[1].boot,
      });
    if (event === 'takeover' || event === 'took-back') this.claims++;
    this.onRecord?.(side, event);
    this.tell(side, `[${event}] ${reason}`);
  }

  tell(side: Side | undefined, what: string): void {
    if (!this.tracing) return;
    this.timeline.push(
      `${this.now.toFixed(2).padStart(10)} ms  ${(side === undefined ? '' : NAMES[side]).padEnd(4)} ${what}`,
    );
  }
}
