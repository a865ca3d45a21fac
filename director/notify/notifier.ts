// The notifying process but for its channel to pulse: follows the director's events, lets the core decide, keeps what was
// dealt with, has messages sent, and tells how that goes. Guarantees: a message is sent only once its existence is on disk
// or the disk has refused; nothing here waits for one target because of another.
import { randomBytes } from 'node:crypto';
import { parseConfiguration } from '../config/parse.ts';
import { type ControlClient, openControlClient } from '../control/client.ts';
import type { NotifyTest } from '../control/notify-schema.ts';
import type { ApiEvent } from '../control/schema.ts';
import type { Clock } from '../model/clock.ts';
import { createState, step } from './core/step.ts';
import { decode, encode } from './core/stored.ts';
import type { Effect, Facts, Input, Message, ReadonlyState } from './core/types.ts';
import { factsOf, serverFacts } from './facts.ts';
import type { Begin, NotifyStatus } from './protocol.ts';
import type { Outcome } from './senders/sender.ts';
import { settingsOf, type Way, waysOf } from './settings.ts';
import { StateFile } from './state-file.ts';
import { statusOf } from './status.ts';

const TICK_MS = 100;
/** Many events at once are one step. */
const GATHER_MS = 50;
const GATHERED_MAX = 1_000;
const RETRY_MS = 1_000;
const ASK_MS = 10_000;
/** Real servers are many: they are asked for less often. */
const SERVERS_TURNS = 6;
/** A disk that hangs holds no message up for longer. */
const SAVE_TIME_MS = 1_000;
/** After these everything is asked for anew; a standby is not told of its servers one by one. */
const TURNING_EVENTS: ReadonlySet<string> = new Set([
  'applied',
  'revision-adopted',
  'started',
  'became-active',
]);

export interface NotifierOptions {
  readonly begin: Begin;
  readonly clock: Clock;
  /** Something to be known where the process runs. */
  readonly complain: (text: string) => void;
}

export class Notifier implements Disposable {
  readonly #options: NotifierOptions;
  readonly #client: ControlClient;
  readonly #file: StateFile;
  readonly #end = new AbortController();
  /** Wall clock at the start; from there on it is the steady one that counts. */
  readonly #base: number;
  #state: ReadonlyState;
  #saved: Promise<void> = Promise.resolve();
  #ways: readonly Way[] = [];
  #revision: number | undefined;
  #inbox: ApiEvent[] = [];
  #gathering: Disposable | undefined;
  #turn = 0;

  constructor(options: NotifierOptions) {
    const { begin, clock } = options;
    this.#options = options;
    this.#base = clock.now() - clock.monotonic_ms();
    this.#client = openControlClient(begin.socket, { author: 'fairlead', origin: 'notify' });
    this.#file = new StateFile(begin.stateFolder);
    this.#state = decode(this.#file.read(), this.#now()) ?? createState(begin.since, this.#now());
    this.#every(TICK_MS, () => this.#step({ kind: 'tick' }));
    this.#every(ASK_MS, () => void this.#ask().catch(() => {}));
    void this.#follow();
  }

  status(): NotifyStatus {
    return statusOf(this.#state, this.#ways, this.#file.failure);
  }

  /** A message that nobody needs, to one target or to all, beside queue and limits. */
  async test(target: number | undefined): Promise<NotifyTest> {
    const ways = this.#ways.filter((way) => target === undefined || way.number === target);
    const tests = ways.map(async (way) => {
      const begun_ms = this.#options.clock.monotonic_ms();
      const { ok, detail } = await this.#send(way, this.#testMessage(), 1, 0);
      const took_ms = Math.round(this.#options.clock.monotonic_ms() - begun_ms);
      return { number: way.number, kind: way.config.kind, name: way.name, ok, detail, took_ms };
    });
    return { tests: await Promise.all(tests) };
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    this.#gathering?.[Symbol.dispose]();
  }

  #now(): number {
    return this.#base + this.#options.clock.monotonic_ms();
  }

  #every(interval_ms: number, task: () => void): void {
    const next = (): void => {
      this.#options.clock.after(interval_ms, () => {
        if (this.#end.signal.aborted) return;
        task();
        next();
      });
    };
    next();
  }

  async #follow(): Promise<void> {
    let told: string | undefined;
    while (!this.#end.signal.aborted) {
      try {
        await this.#rewind();
        await this.#ask();
        for await (const event of this.#client.follow(this.#state.position, this.#end.signal)) {
          told = undefined;
          this.#hear(event);
        }
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        if (told !== text) this.#options.complain(text);
        told = text;
      }
      this.#takeInbox();
      await this.#pause(RETRY_MS);
    }
  }

  #pause(delay_ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#options.clock.after(delay_ms, resolve);
    return promise;
  }

  /** Ids that were given and never reached the disk are given again after a restart. */
  async #rewind(): Promise<void> {
    const { events } = await this.#client.call('events', { query: { since: 0, limit: 1 } });
    const newest = events.at(-1)?.id ?? 0;
    const { since } = this.#options.begin;
    if (newest < this.#state.position) this.#step({ kind: 'rewound', id: Math.min(since, newest) });
  }

  #hear(event: ApiEvent): void {
    this.#inbox.push(event);
    if (this.#inbox.length >= GATHERED_MAX) this.#takeInbox();
    else this.#gathering ??= this.#options.clock.after(GATHER_MS, () => this.#takeInbox());
  }

  #takeInbox(): void {
    this.#gathering?.[Symbol.dispose]();
    this.#gathering = undefined;
    const events = this.#inbox;
    this.#inbox = [];
    if (events.length === 0 || this.#end.signal.aborted) return;
    this.#step({ kind: 'events', events });
    if (!events.some(({ kind }) => TURNING_EVENTS.has(kind))) return;
    this.#turn = 0;
    this.#ask().catch((error: Error) => this.#options.complain(error.message));
  }

  async #ask(): Promise<void> {
    const status = await this.#client.call('status');
    if (status.revision.number !== this.#revision) await this.#configure(status.revision.number);
    const facts = factsOf(status);
    const servers = this.#turn++ % SERVERS_TURNS === 0 ? await this.#askServers(facts) : [];
    this.#step({ kind: 'facts', facts: { ...facts, news: [...facts.news, ...servers] } });
  }

  async #askServers({ at }: Facts): Promise<Facts['news']> {
    const { servers } = await this.#client.call('servers');
    return serverFacts(servers, at).news;
  }

  async #configure(number: number): Promise<void> {
    const { text } = await this.#client.call('revision', { params: { revision: String(number) } });
    const parsed = parseConfiguration(text, `revision ${number}`);
    // It is in force, so a director of another version has written it.
    if ('problems' in parsed) throw new Error(`revision ${number} cannot be read here`);
    this.#revision = number;
    this.#ways = waysOf(parsed.configuration);
    const settings = settingsOf(parsed.configuration, this.#options.begin.node, this.#ways);
    this.#step({ kind: 'settings', settings });
  }

  #step(input: Input): void {
    const before = this.#state;
    // Nobody can be told before it is known whom there is to tell.
    if (before.settings === undefined && input.kind !== 'settings' && input.kind !== 'rewound') return;
    const { state, effects } = step(before, input, this.#now());
    if (state === before) return;
    this.#state = state;
    this.#saved = this.#file.save(() => encode(this.#state));
    for (const effect of effects) void this.#deliver(effect, this.#saved);
  }

  async #deliver({ target, message, attempt, lost }: Effect, saved: Promise<void>): Promise<void> {
    await Promise.race([saved, this.#pause(SAVE_TIME_MS)]);
    const way = this.#ways.find((each) => each.key === target);
    const gone: Outcome = { ok: false, retry: false, detail: 'the target is no longer configured' };
    const { ok, retry, detail } = way === undefined ? gone : await this.#send(way, message, attempt, lost);
    if (this.#end.signal.aborted) return;
    this.#step({ kind: 'result', target, id: message.id, ok, retry, detail });
  }

  async #send(way: Way, message: Message, attempt: number, lost: number): Promise<Outcome> {
    const { node, version, configFolder: folder } = this.#options.begin;
    const cluster = this.#state.settings?.cluster ?? '';
    try {
      return await way.send(
        { message, cluster, node, version, attempt, lost },
        { timeout_ms: way.config.timeout_ms, folder, signal: this.#end.signal },
      );
    } catch (error) {
      return { ok: false, retry: true, detail: error instanceof Error ? error.message : String(error) };
    }
  }

  #testMessage(): Message {
    const at = this.#now();
    return {
      id: `${this.#options.begin.node}-test-${randomBytes(8).toString('hex')}`,
      ...{ at, since: at, kind: 'test', severity: 'notice' },
      subject: `This is a test of notifications by ${this.#options.begin.node}`,
      lines: [`This is a test of notifications by ${this.#options.begin.node}. Nothing has happened.`],
      ...{ items: [], more: 0, services: [], events: [] },
    };
  }
}
