// Connection sync as a process lives it: tables that come and go, a socket, a ring that wakes it, and a loop that never holds
// anybody up. What is decided is in core/. Guarantees: whatever is missing is waited for; disposal leaves events off.
import type { Keyring } from '../../heartbeat/link/keys.ts';
import { openSyncPort, type SyncPort } from '../engine/ebpf/sync-port.ts';
import type { Clock } from '../model/clock.ts';
import { tellError } from '../model/error.ts';
import { onReadable } from '../native/readable.ts';
import { Channel, type End } from './channel.ts';
import { nameHash } from './core/datagram.ts';
import { Replica } from './core/replica.ts';
import type { FromSync, SyncSettings, SyncStatus, ToSync } from './protocol.ts';
import { statusOf } from './status.ts';
import { EngineTable } from './table-port.ts';

const DRAIN_LIMIT = 2_048;
/** From so many events at a wake, or wakes in a moment, the ring is asked by the clock instead of waking us for each. */
const BUSY_EVENTS = 48;
const BUSY_WAKES = 8;
const MOMENT_MS = 10;
/** Turns without an event, a millisecond each. */
const CALM_TURNS = 20;
const TAKEOVER_GRACE_NS = 500_000_000n;
/** Renewed each second: of a sync process that has died, no packet waits for long. */
const STANDBY_GRACE_NS = 10_000_000_000n;
const SECOND_MS = 1_000;
const REOPEN_MS = 250;
/** Less than pulse waits for the answer. */
const FLUSH_MS = 4_500;

export interface SyncOptions {
  readonly settings: SyncSettings;
  readonly keyring: Keyring;
  readonly clock: Clock;
  /** An integer from 1 to 2^53 - 1 by chance. */
  readonly random: () => number;
  readonly say: (message: FromSync) => void;
  /** Stands between network and socket in tests. */
  readonly passes?: () => boolean;
}

interface Open {
  readonly port: SyncPort;
  readonly table: EngineTable;
  readonly replica: Replica;
}

export class SyncProcess implements Disposable {
  readonly #options: SyncOptions;
  readonly #channel: Channel;
  #open: Open | undefined;
  #because = 'The tables are not open yet.';
  #active = false;
  #epoch = 0;
  #poll: Disposable | undefined;
  #timer: Disposable | undefined;
  #second: Disposable | undefined;
  #reopen: Disposable | undefined;
  #turn: NodeJS.Immediate | undefined;
  #calm = 0;
  #wakes = 0;
  #moment_at = 0;
  #state: SyncStatus['state'] | undefined;
  #complete = false;
  /** Records of unknown services when the directory was last read for them, and when their entries were last asked for. */
  #unknownAsked = 0;
  #unknownHealed = 0;
  #disposed = false;

  constructor(options: SyncOptions) {
    this.#options = options;
    const { settings, keyring, clock, passes } = options;
    this.#channel = new Channel({
      own: scoped(settings.own, settings.interface),
      remote: scoped(settings.remote, settings.interface),
      keyring,
      clock,
      receive: (bytes) => this.#receive(bytes),
      ...(passes ? { passes } : {}),
    });
    this.#openTables();
    this.#everySecond();
  }

  /** Anything but settings, which make a new SyncProcess. */
  take(message: Exclude<ToSync, { kind: 'settings' }>): void {
    switch (message.kind) {
      case 'role':
        this.#setRole(message.active, message.epoch);
        break;
      case 'registry':
        this.#refresh();
        break;
      case 'flush':
        this.#flush(message.id);
        break;
    }
  }

  get status(): SyncStatus {
    return statusOf(this.#open, this.#channel, this.#because);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#closeTables();
    for (const timer of [this.#second, this.#reopen]) timer?.[Symbol.dispose]();
    this.#channel[Symbol.dispose]();
  }

  #openTables(): void {
    if (this.#disposed) return;
    let port: SyncPort;
    try {
      port = openSyncPort({ pinFolder: this.#options.settings.pinFolder });
    } catch (error) {
      this.#because = tellError(error).lines.join(' ');
      this.#reopen = this.#options.clock.after(REOPEN_MS, () => this.#openTables());
      return;
    }
    // What an earlier process left unread is in the table, which is read from the beginning.
    while (port.drain(DRAIN_LIMIT, () => {}) > 0);
    port.setEvents(true, true);
    const table = new EngineTable(port);
    const { settings, random } = this.#options;
    const replica = new Replica(
      {
        cluster: nameHash(settings.cluster),
        node: nameHash(settings.node),
        peer: nameHash(settings.peer),
        random,
        send: (bytes, length) => this.#channel.send(bytes, length),
        record: (event, reason, evidence) => this.#options.say({ kind: 'event', event, reason, evidence }),
      },
      table,
    );
    this.#open = { port, table, replica };
    this.#unknownAsked = this.#unknownHealed = 0;
    replica.setRole(this.#active, this.#epoch, now_ms());
    if (!this.#active) this.#setGrace(port);
    this.#listen();
    this.#schedule();
  }

  #closeTables(): void {
    const open = this.#open;
    this.#open = undefined;
    for (const each of [this.#poll, this.#timer]) each?.[Symbol.dispose]();
    this.#poll = this.#timer = undefined;
    clearImmediate(this.#turn);
    this.#turn = undefined;
    if (!open) return;
    open.port.setEvents(false);
    open.port.setAdmitUntil(0n);
    open.port.setGrace(0n);
    open.port[Symbol.dispose]();
  }

  #setRole(active: boolean, epoch: number): void {
    const takesOver = active && !this.#active;
    this.#active = active;
    this.#epoch = epoch;
    if (!this.#open) return;
    const { port, replica } = this.#open;
    replica.setRole(active, epoch, now_ms());
    if (takesOver || !active) this.#setGrace(port);
    this.#schedule();
  }

  /**
   * Packets of connections whose entries may be on their way are not to be answered with a reset: by an active for a while
   * after it has taken over; by a standby as long as this process lives, so that the first moment of a takeover, before it
   * learns of it, is covered.
   */
  #setGrace(port: SyncPort): void {
    port.setGrace(port.now_ns() + (this.#active ? TAKEOVER_GRACE_NS : STANDBY_GRACE_NS));
  }

  #flush(id: number): void {
    const answer = (ok: boolean, reason: string, took_ms: number, events: number) =>
      this.#options.say({ kind: 'flushed', id, ok, reason, took_ms, events });
    if (!this.#open) answer(false, this.#because, 0, 0);
    else
      this.#open.replica.flush(now_ms(), FLUSH_MS, ({ ok, reason, took_ms, events }) =>
        answer(ok, reason, took_ms, events),
      );
  }

  #receive(bytes: Uint8Array): void {
    const replica = this.#open?.replica;
    if (!replica?.outgoing.isBuilt) return;
    replica.receive(bytes, bytes.length, now_ms());
    this.#schedule();
  }

  /** Wakes for each event while there are few. */
  #listen(): void {
    if (this.#poll || !this.#open) return;
    this.#poll = onReadable(this.#open.port.eventsFd, () => {
      if (!this.#open) return;
      const now = now_ms();
      const drained = this.#open.replica.drain(now, DRAIN_LIMIT);
      if (drained >= BUSY_EVENTS || this.#isOften(now)) this.#beBusy();
      this.#wake();
    });
  }

  #isOften(now: number): boolean {
    if (now - this.#moment_at > MOMENT_MS) {
      this.#moment_at = now;
      this.#wakes = 0;
    }
    return ++this.#wakes > BUSY_WAKES;
  }

  /** The ring is asked each millisecond. */
  #beBusy(): void {
    this.#poll?.[Symbol.dispose]();
    this.#poll = undefined;
    this.#calm = 0;
  }

  /** A turn right after this round of the loop's I/O. */
  #schedule(): void {
    if (this.#open) this.#turn ??= setImmediate(() => this.#run());
  }

  #run(): void {
    this.#turn = undefined;
    if (!this.#open) return;
    const { replica } = this.#open;
    const now = now_ms();
    if (!this.#poll) {
      const drained = replica.drain(now, DRAIN_LIMIT);
      if (drained >= DRAIN_LIMIT) this.#schedule();
      this.#calm = drained > 0 ? 0 : this.#calm + 1;
      if (this.#calm > CALM_TURNS) this.#listen();
    }
    replica.tick(now);
    if (replica.work(now)) this.#schedule();
    this.#tellChange();
    this.#wake();
  }

  /** The next turn by the clock. */
  #wake(): void {
    if (!this.#open) return;
    this.#timer?.[Symbol.dispose]();
    const now = now_ms();
    const wait_ms = this.#poll ? Math.max(1, this.#open.replica.wakeAt(now) - now) : 1;
    this.#timer = this.#options.clock.after(wait_ms, () => this.#run());
  }

  #tellChange(): void {
    if (!this.#open) return;
    const { replica } = this.#open;
    const complete = replica.isComplete;
    const state = !replica.session.isUp ? 'alone' : complete ? 'steady' : 'joining';
    if (state === this.#state && complete === this.#complete) return;
    this.#state = state;
    this.#complete = complete;
    this.#options.say({ kind: 'status', status: this.status });
  }

  #everySecond(): void {
    this.#second = this.#options.clock.after(SECOND_MS, () => {
      if (this.#disposed) return;
      this.#checkTables();
      this.#options.say({ kind: 'status', status: this.status });
      this.#everySecond();
    });
  }

  #checkTables(): void {
    if (!this.#open) return;
    const { port, table, replica } = this.#open;
    if (!port.isCurrent()) {
      this.#closeTables();
      this.#because = 'The tables were made anew.';
      this.#openTables();
      return;
    }
    // A process before this one may have ended after we began, and turned them off.
    port.setEvents(true, true);
    if (!this.#active) this.#setGrace(port);
    replica.feed.refreshTimeouts();
    if (table.unknown !== this.#unknownAsked) table.refresh();
    this.#unknownAsked = table.unknown;
  }

  /** Services or servers have changed: what found no place may find one now. */
  #refresh(): void {
    if (!this.#open) return;
    const { table, replica } = this.#open;
    table.refresh();
    replica.feed.refreshTimeouts();
    if (table.unknown !== this.#unknownHealed) replica.recheck(now_ms());
    this.#unknownHealed = table.unknown;
  }
}

/** A link-local address means something on an interface only (RFC 4007). */
function scoped(end: End, interfaceName: string): End {
  return /^fe[89ab]/i.test(end.address) ? { ...end, address: `${end.address}%${interfaceName}` } : end;
}

/** CLOCK_MONOTONIC, the clock of the kernel's events. */
function now_ms(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}
