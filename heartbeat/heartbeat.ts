// The heartbeat at work: inputs from wires, pulse, witnesses and the kernel go into the core one after the other, and
// its effects are carried out in their order. Guarantees: one decision at a time; a beat that waits in a socket is heard
// before time is; the lease is renewed by nothing but a decision that says so.
import { randomInt } from 'node:crypto';
import type { Clock } from '../director/model/clock.ts';
import { monitorNetwork } from '../director/native/netlink-monitor.ts';
import { createState, describe, type State, step, wakeAt } from './core/step.ts';
import type { Effect, Input } from './core/types.ts';
import { type Door, openDoor } from './door.ts';
import { EpochStore } from './epoch-store.ts';
import { Hands } from './hands.ts';
import { KeptHold } from './kept-hold.ts';
import { Lateness } from './lateness.ts';
import { OrderPhases } from './order-phases.ts';
import type { FromHeartbeat, HeartbeatSettings, HeartbeatStatus, ToHeartbeat } from './protocol.ts';
import { reportStatus } from './report.ts';
import { Senses } from './senses.ts';
import { coreSettings, vipsOf } from './settings.ts';
import { type Holding, openHolding } from './takeover/holding.ts';
import { Wires } from './wires.ts';

export interface HeartbeatOptions {
  readonly settings: HeartbeatSettings;
  readonly runtimeFolder: string;
  readonly socketPath: string;
  readonly leaseFolder: string;
  readonly priorityMode: () => string;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  /** The supervisor asked for the end. */
  readonly onStop: () => void;
  /** Once a second while decisions are being taken: how things are, in a line. */
  readonly onAlive?: (status: string) => void;
}

const LOOK_INTERVAL_MS = 1_000;
/** A queue of inputs that effects add to; more than a few would be a loop. */
const INPUTS_MAX = 1_000;
/** How long a stop waits for the peer to take the VIPs. */
const HANDOVER_DEADTIMES = 4;

export class Heartbeat implements AsyncDisposable {
  readonly #options: HeartbeatOptions;
  readonly #bootId = randomInt(1, 0xffff_ffff);
  readonly #holding: Holding;
  readonly #hands: Hands;
  readonly #hold: KeptHold;
  readonly #lateness = new Lateness();
  readonly #phases: OrderPhases;
  readonly #senses: Senses;
  readonly #wires: Wires;
  #settings: HeartbeatSettings;
  #door: Door | undefined;
  #monitor: Disposable | undefined;
  #sooner: NodeJS.Immediate | undefined;
  #state: State;
  #inputs: Input[] = [];
  #deciding = false;
  #nextTick_ms: number;
  #tick: Disposable | undefined;
  #look: Disposable | undefined;
  #role = '';
  /** Since the last look. */
  #hasTurned = false;
  #closed = false;

  static async start(options: HeartbeatOptions): Promise<Heartbeat> {
    const heartbeat = new Heartbeat(options);
    await heartbeat.#open();
    return heartbeat;
  }

  private constructor(options: HeartbeatOptions) {
    const { settings, clock, runtimeFolder } = options;
    this.#options = options;
    this.#settings = settings;
    const now_ms = clock.monotonic_ms();
    this.#nextTick_ms = now_ms;
    this.#phases = new OrderPhases(clock);
    this.#hold = new KeptHold(settings.stateFolder, (what) => this.#complain(what));
    const epochs = new EpochStore({
      stateFolder: settings.stateFolder,
      runtimeFolder,
      onStored: (epoch, ok, reason) => {
        if (!ok) this.#complain(`epoch ${epoch} could not be stored: ${reason}`);
        this.#decide({ kind: 'epoch-stored', epoch, ok });
      },
    });
    this.#holding = openHolding({
      vips: vipsOf(settings),
      clock,
      leaseFolder: options.leaseFolder,
      onClaim: (vip, mac) => this.#decide({ kind: 'claimant', vip, mac }),
      record: (event, subject, reason, evidence) => this.#record(event, subject, reason, evidence),
    });
    const claim = epochs.readClaim();
    const resumes = claim !== undefined && this.#holding.leaseRemaining_ms() > settings.interval_ms;
    if (!resumes) {
      epochs.forgetClaim();
      this.#holding.cleanLeftovers(vipsOf({ vips: settings.formerVips }));
    }
    this.#state = createState(coreSettings(settings), this.#bootId, now_ms, epochs.read());
    this.#wires = new Wires({
      settings,
      bootId: this.#bootId,
      peerBootId: claim?.peerBootId ?? 0,
      clock,
      onBeat: (link, beat) => this.#decide({ kind: 'beat', link, beat }),
      onLink: (link, up, reason) => this.#decide({ kind: 'link', link, up, reason }),
    });
    this.#hands = new Hands({
      settings: () => this.#settings,
      holding: this.#holding,
      epochs,
      peerBootId: () => this.#wires.peerBootId,
      clock,
      onInput: (input) => this.#decide(input),
      onReleased: () => this.#phases.note('released'),
    });
    this.#senses = new Senses({
      settings,
      identifier: this.#bootId & 0xffff,
      clock,
      onInput: (input) => this.#decide(input),
      complain: (what) => this.#complain(what),
    });
    // First of all: what is decided without it would forget it.
    if (this.#hold.held) this.#decide({ kind: 'order', id: this.#phases.own().id, order: 'hold' });
    this.#wires.tellLinks();
    if (resumes) this.#decide({ kind: 'resume', epoch: claim.epoch });
  }

  /** A carrier that goes is not to wait for the next look. */
  #watchLinks(): void {
    this.#monitor = monitorNetwork({
      topics: ['link'],
      onEvent: () => this.#lookSoon(),
      onResync: () => this.#lookSoon(),
    });
  }

  #lookSoon(): void {
    this.#sooner ??= setImmediate(() => {
      this.#sooner = undefined;
      if (!this.#closed) this.#senses.look(this.#holding.check());
    });
  }

  async #open(): Promise<void> {
    const { socketPath } = this.#options;
    this.#door = await openDoor({
      path: socketPath,
      onMessage: (message) => this.#hear(message),
      greet: () => ({ kind: 'status', status: this.status() }),
      complain: (what) => this.#complain(what),
    });
    this.#watchLinks();
    this.#lookAround();
    this.#turn();
  }

  status(): HeartbeatStatus {
    return reportStatus({
      ...{ node: this.#settings.node, bootId: this.#bootId, state: this.#state },
      ...{ wires: this.#wires, holding: this.#holding, lateness: this.#lateness },
      now_ms: this.#options.clock.monotonic_ms(),
      priorityMode: this.#options.priorityMode(),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#tick?.[Symbol.dispose]();
    this.#look?.[Symbol.dispose]();
    this.#monitor?.[Symbol.dispose]();
    this.#senses[Symbol.dispose]();
    this.#wires[Symbol.dispose]();
    this.#holding[Symbol.dispose]();
    await this.#door?.[Symbol.asyncDispose]();
  }

  // --- time

  /** One turn: timers run before sockets are read in a round of the loop, immediates after it. */
  #turn(): void {
    const { clock } = this.#options;
    const due_ms = Math.min(this.#nextTick_ms, wakeAt(this.#state));
    this.#tick = clock.after(Math.max(0, due_ms - clock.monotonic_ms()), () =>
      setImmediate(() => {
        if (this.#closed) return;
        const now_ms = clock.monotonic_ms();
        // What was never due (NEVER) is not late.
        if (due_ms >= 0) this.#lateness.note(now_ms - due_ms);
        // What was missed is not made up for: beats are a sign of life now.
        if (now_ms >= this.#nextTick_ms)
          this.#nextTick_ms = Math.max(this.#nextTick_ms + this.#settings.interval_ms, now_ms + 1);
        this.#senses.sense();
        this.#decide({ kind: 'tick' });
        this.#hasTurned = true;
        this.#turn();
      }),
    );
  }

  #lookAround(): void {
    if (this.#closed) return;
    this.#senses.look(this.#holding.check());
    this.#hands.keepClaim();
    this.#tellStatus();
    this.#tellAlive();
    this.#look = this.#options.clock.after(LOOK_INTERVAL_MS, () => this.#lookAround());
  }

  /** The word of the loop that decides, not of a timer beside it. */
  #tellAlive(): void {
    if (!this.#hasTurned) return;
    this.#hasTurned = false;
    const { role, because } = describe(this.#state, this.#options.clock.monotonic_ms());
    this.#options.onAlive?.(`${role}: ${because}`);
  }

  // --- decisions

  #decide(input: Input): void {
    if (this.#closed || this.#inputs.length >= INPUTS_MAX) return;
    this.#inputs.push(input);
    if (this.#deciding) return;
    this.#deciding = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
        const { state, effects } = step(this.#state, next, this.#options.clock.monotonic_ms());
        this.#state = state;
        for (const effect of effects) this.#carryOut(effect);
      }
    } finally {
      this.#deciding = false;
    }
    this.#tellRole();
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        this.#wires.send(effect.beat);
        return;
      case 'record':
        this.#record(effect.event, this.#settings.node, effect.reason, effect.evidence);
        return;
      case 'order-result': {
        const { id, ok, code, reason } = effect;
        const phases_ms = this.#phases.end(id);
        this.#tell({
          kind: 'order-result',
          id,
          ok,
          reason,
          phases_ms,
          ...(code === undefined ? {} : { code }),
        });
        return;
      }
      default:
        this.#hands.carryOut(effect);
    }
  }

  // --- pulse

  #hear(message: ToHeartbeat): void {
    switch (message.kind) {
      case 'settings':
        this.#replace(message.settings);
        return;
      case 'health':
        this.#senses.hearPulse(message);
        return;
      case 'complete':
      case 'position':
        this.#decide(message);
        return;
      case 'order':
        this.#phases.begin(message.id);
        this.#decide(message);
        return;
      case 'stop':
        void this.stop(message.release);
        return;
    }
  }

  /** Handing over is an order like any other, given by ourselves: the peer has the VIPs before this process ends. */
  async stop(release: boolean): Promise<void> {
    this.#hold.stopping();
    if (release && describe(this.#state, this.#options.clock.monotonic_ms()).role === 'active') {
      const answered = this.#phases.own();
      this.#decide({ kind: 'order', id: answered.id, order: 'hold' });
      const patience = Promise.withResolvers<void>();
      using _ = this.#options.clock.after(HANDOVER_DEADTIMES * this.#settings.deadtime_ms, patience.resolve);
      await Promise.race([answered.done, patience.promise]);
    }
    if (release) this.#hands.leave();
    this.#options.onStop();
  }

  #replace(settings: HeartbeatSettings): void {
    const before = this.#settings;
    if (JSON.stringify(before) === JSON.stringify(settings)) return;
    this.#settings = settings;
    this.#wires.change(settings);
    this.#senses.change(settings);
    this.#holding.replaceVips(vipsOf(settings));
    this.#decide({ kind: 'settings', settings: coreSettings(settings) });
    this.#record('settings-changed', settings.node, 'new settings are in force', {});
  }

  #tell(message: FromHeartbeat): void {
    this.#door?.tell(message);
  }

  #tellStatus(): void {
    this.#tell({ kind: 'status', status: this.status() });
  }

  #tellRole(): void {
    const { role, because, hold } = describe(this.#state, this.#options.clock.monotonic_ms());
    this.#hold.keep(hold);
    const told = `${role} ${hold} ${because}`;
    if (told === this.#role) return;
    this.#role = told;
    this.#tellStatus();
  }

  #record(
    event: string,
    subject: string,
    reason: string,
    evidence: Readonly<Record<string, string | number | boolean>>,
  ): void {
    const at_monotonic_ms = this.#options.clock.monotonic_ms();
    this.#options.log(`${subject}: ${reason}`);
    this.#tell({ kind: 'event', at_monotonic_ms, event, subject, reason, evidence: { ...evidence } });
  }

  #complain(what: string): void {
    this.#record('heartbeat-trouble', this.#settings.node, what, {});
  }
}
