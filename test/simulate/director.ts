// One simulated director: a machine with VIPs, a lease and a disk, and the process on it that asks `step` what to do.
// Guarantees: effects are carried out in order; what a stopped process would have received waits for it, as in a socket.
import { createState, type State, step, wakeAt } from '../../heartbeat/core/step.ts';
import { lapse_ms } from '../../heartbeat/core/timing.ts';
import type { CoreSettings, Effect, Health, Input } from '../../heartbeat/core/types.ts';
import { NAMES, type Side } from './schedule.ts';
import type { World } from './world.ts';

const INBOX_MAX = 256;
/** After the beginning: heartbeat/takeover/announce.ts. */
const TIMETABLE_MS = [0, 50, 200, 500, 1_000, 2_000, 5_000, 10_000];

export class Director {
  readonly #world: World;
  readonly side: Side;
  settings: CoreSettings;
  state: State | undefined;
  /** Reasons for which the process does not run. */
  downs = 0;
  #paused = false;
  #boot = 0;
  #inbox: Input[] = [];
  #rest: { readonly effects: readonly Effect[]; readonly now: number } | undefined;
  pausesMidStep = false;
  #operations_ms = 0;
  stored = 0;
  announcedFrom_ms = -1;
  readonly ordersOpen = new Set<number>();

  health: Health = 'good';
  incomplete = 0;
  witnessLost = 0;
  diskSlow = 0;
  diskFails = 0;
  raiseFails = 0;
  releaseFails = 0;

  constructor(world: World, side: Side, settings: CoreSettings) {
    this.#world = world;
    this.side = side;
    this.settings = settings;
  }

  get boot(): number {
    return this.#boot;
  }

  get runs(): boolean {
    return this.state !== undefined && !this.#paused;
  }

  start(): void {
    if (this.downs > 0 || this.state !== undefined) return;
    const world = this.#world;
    const owner = world.ledger.owners[this.side];
    const boot = ++this.#boot;
    const bootId = this.side * 1_000 + boot;
    const age_ms = world.now - (owner.lease_ms - this.settings.deadtime_ms);
    const epoch = owner.up && age_ms < lapse_ms(this.settings) ? world.epochs[this.side] : undefined;
    world.tell(this.side, `starts (boot ${bootId}${epoch === undefined ? '' : ', with a young lease'})`);
    this.#paused = false;
    this.#inbox = [];
    this.#rest = undefined;
    this.#operations_ms = world.now;
    this.ordersOpen.clear();
    this.state = createState(this.settings, bootId, world.now, this.stored);
    if (epoch === undefined) {
      world.ledger.account(world.now);
      owner.up = false;
      owner.lease_ms = -1;
    }
    this.take({ kind: 'health', health: this.health, reason: 'start' });
    this.take({ kind: 'witness', reachable: this.witnessLost === 0 });
    if (epoch !== undefined) {
      world.resumes++;
      this.take({ kind: 'resume', epoch });
    }
    this.#tick(boot);
    world.queue.at(world.now + 3 * this.settings.interval_ms, () => {
      if (this.#boot === boot) this.take({ kind: 'complete', complete: this.incomplete === 0, reason: '' });
    });
  }

  /** The process ends; the kernel keeps what it has. */
  kill(): void {
    this.state = undefined;
    this.#paused = false;
    this.pausesMidStep = false;
    this.#rest = undefined;
    this.#inbox = [];
  }

  pauseMidStep(): void {
    this.pausesMidStep = this.runs;
  }

  pause(): void {
    if (this.state !== undefined) this.#paused = true;
  }

  wake(loses = false): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (loses) this.#inbox = this.#inbox.filter((input) => input.kind !== 'beat');
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) this.#carryOut(rest.effects, rest.now);
    for (const input of this.#inbox.splice(0)) this.take(input);
    this.take({ kind: 'tick' });
  }

  take(input: Input): void {
    if (this.state === undefined) return;
    if (this.#paused) {
      if (this.#inbox.length < INBOX_MAX) this.#inbox.push(input);
      return;
    }
    const { now } = this.#world;
    this.#world.steps++;
    const before = this.state;
    const { state, effects } = step(before, input, now);
    this.state = state;
    if (before.role !== state.role)
      this.#world.tell(this.side, `${before.role} -> ${state.role}: ${state.because}`);
    this.#carryOut(effects, now);
  }

  #tick(boot: number): void {
    if (this.#boot !== boot || this.state === undefined) return;
    const { random, queue, now, schedule } = this.#world;
    if (!this.#paused) this.take({ kind: 'tick' });
    const next = now + this.settings.interval_ms * random.between(0.99, 1.06);
    const wanted = schedule.precise ? wakeAt(this.state) : next;
    queue.at(Math.min(next, Math.max(now + 0.1, wanted)), () => this.#tick(boot));
  }

  #carryOut(effects: readonly Effect[], now: number): void {
    for (let i = 0; i < effects.length; i++) {
      if (this.pausesMidStep && i > 0) {
        this.pausesMidStep = false;
        this.#paused = true;
        this.#rest = { effects: effects.slice(i), now };
        this.#world.tell(this.side, `stopped between ${effects[i - 1]?.kind} and ${effects[i]?.kind}`);
        return;
      }
      this.#do(effects[i] as Effect, now);
    }
  }

  #do(effect: Effect, stepped_ms: number): void {
    const world = this.#world;
    switch (effect.kind) {
      case 'send':
        world.send(this.side, effect.beat);
        return;
      case 'renew-lease':
        world.ledger.account(world.now);
        world.ledger.owners[this.side].lease_ms = stepped_ms + this.settings.deadtime_ms;
        return;
      case 'raise':
        world.epochs[this.side] = effect.epoch;
        this.#later((ok) => this.#raised(ok), this.raiseFails === 0);
        return;
      case 'release':
        world.ledger.account(world.now);
        world.ledger.owners[this.side].lease_ms = -1;
        this.#later((ok) => this.#released(ok), this.releaseFails === 0);
        return;
      case 'announce':
        this.announcedFrom_ms = world.now;
        return;
      case 'store-epoch':
        this.#store(effect.epoch);
        return;
      case 'fence':
        world.fence(this.side, (ok) => this.take({ kind: 'fenced', ok, reason: ok ? 'done' : 'no answer' }));
        return;
      case 'probe-vips':
        world.probe(this.side, (holder) =>
          this.take(holder === undefined ? { kind: 'vips-probed' } : { kind: 'vips-probed', holder }),
        );
        return;
      case 'order-result':
        this.ordersOpen.delete(effect.id);
        world.tell(this.side, `order ${effect.id}: ${effect.ok ? 'done' : effect.code} (${effect.reason})`);
        return;
      case 'record':
        world.note(this.side, effect.event, effect.reason);
        return;
    }
  }

  /** Operations on addresses, one after the other. */
  #later(done: (ok: boolean) => void, ok: boolean): void {
    const { queue, random, now } = this.#world;
    const boot = this.#boot;
    this.#operations_ms = Math.max(now, this.#operations_ms) + random.between(0.2, 1.5);
    queue.at(this.#operations_ms, () => {
      if (this.#boot === boot && this.state !== undefined) done(ok);
    });
  }

  #raised(ok: boolean): void {
    const world = this.#world;
    world.ledger.account(world.now);
    world.ledger.owners[this.side].up = ok;
    if (ok) this.announcedFrom_ms = world.now;
    if (world.tracing) world.tell(this.side, ok ? 'VIPs are up' : 'VIPs could not be raised');
    this.take({ kind: 'raised', ok, reason: ok ? '' : 'no such device' });
  }

  #released(ok: boolean): void {
    const world = this.#world;
    world.ledger.account(world.now);
    if (ok) world.ledger.owners[this.side].up = false;
    if (world.tracing) world.tell(this.side, ok ? 'VIPs are down' : 'VIPs could not be removed');
    this.take({ kind: 'released', ok, reason: ok ? '' : 'busy' });
  }

  #store(epoch: number): void {
    const { queue, now, schedule } = this.#world;
    const boot = this.#boot;
    const takes_ms = schedule.disk_ms * (this.diskSlow > 0 ? 50 : 1);
    queue.at(now + takes_ms, () => {
      const ok = this.diskFails === 0;
      if (this.#boot !== boot || this.state === undefined) return;
      if (ok) this.stored = Math.max(this.stored, epoch);
      this.take({ kind: 'epoch-stored', epoch, ok });
    });
  }

  /** When the next announcement after t comes; those of a takeover after t are not asked for. */
  announcesAfter(t: number): number {
    if (this.announcedFrom_ms >= t) return t;
    for (const offset of TIMETABLE_MS)
      if (this.announcedFrom_ms + offset >= t) return this.announcedFrom_ms + offset;
    return Number.POSITIVE_INFINITY;
  }

  get name(): string {
    return NAMES[this.side];
  }
}
