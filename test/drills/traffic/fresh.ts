// New connections at a steady rate: connect, one echo exchange, close. Some of them last, so that at any time there are
// connections that are one packet old.
import { monotonic_ms } from '../../lab/monotonic.ts';
import { gapsAround, merge, quantile } from './gaps.ts';
import type { LastingTalks } from './lasting.ts';
import { Talk } from './talk.ts';
import {
  EXAMPLES_MAX,
  type FreshResult,
  type FreshService,
  type Losses,
  type Lost,
  SLOW_MS,
  type TrafficSettings,
  type TrafficTarget,
} from './types.ts';
import { paced, type Wheel } from './wheel.ts';

const MESSAGE_BYTES = 32;
const TIMES_MAX = 200_000;
const OPEN_MAX = 4_000;

interface Page {
  times: number[];
  latencies: number[];
  failed: Losses;
  slow: number;
  made: number;
}

export class FreshTalks {
  readonly #settings: TrafficSettings;
  readonly #lasting: LastingTalks;
  readonly #pages = new Map<string, Page>();
  readonly #open = new Set<Talk>();
  #examples: Lost[] = [];
  failures = 0;
  successes = 0;

  constructor(settings: TrafficSettings, lasting: LastingTalks, wheel: Wheel) {
    this.#settings = settings;
    this.#lasting = lasting;
    const targets = settings.targets.filter(({ kind }) => kind === 'echo');
    const every_ms = settings.fresh_every_ms;
    for (const [index, target] of targets.entries()) {
      this.#pages.set(target.service, emptyPage());
      const first_at = monotonic_ms() + (index * every_ms) / targets.length;
      wheel.each(paced(every_ms, first_at, () => this.#begin(target)));
    }
    wheel.each((now) => {
      for (const talk of this.#open) if (now - talk.began > settings.timeout_ms) talk.expire('timeout');
    });
  }

  #begin(target: TrafficTarget): void {
    const page = this.#pages.get(target.service)!;
    const lasts = Math.random() * this.#settings.lasting_of < 1;
    page.made++;
    if (this.#open.size >= OPEN_MAX) {
      this.#note(page, { ...nothing(target), kind: 'other' });
      return;
    }
    let done = false;
    const talk = new Talk(target, {
      named: (one) => one.say(MESSAGE_BYTES),
      answered: (one) => {
        if (done) {
          this.#lasting.answered(one);
          return;
        }
        done = true;
        this.#open.delete(one);
        this.#succeeded(page, monotonic_ms() - one.began);
        if (lasts) this.#lasting.adopt(one, monotonic_ms() + this.#settings.lasting_ms);
        else one.close();
      },
      lost: (one, lost) => {
        if (done) {
          this.#lasting.lost(one, lost);
          return;
        }
        this.#open.delete(one);
        this.#note(page, lost);
      },
    });
    this.#open.add(talk);
  }

  #succeeded(page: Page, latency_ms: number): void {
    this.successes++;
    if (latency_ms > SLOW_MS) page.slow++;
    if (page.times.length >= TIMES_MAX) return;
    page.times.push(monotonic_ms());
    page.latencies.push(latency_ms);
  }

  #note(page: Page, lost: Lost): void {
    this.failures++;
    page.failed[lost.kind] = (page.failed[lost.kind] ?? 0) + 1;
    if (this.#examples.length < EXAMPLES_MAX) this.#examples.push(lost);
  }

  begin(): void {
    for (const service of this.#pages.keys()) this.#pages.set(service, emptyPage());
    this.#examples = [];
    this.#successesSeen();
  }

  /** The first success of a period counts from its beginning. */
  #successesSeen(): void {
    for (const page of this.#pages.values()) page.times.push(monotonic_ms());
  }

  end(fault_at: number): Omit<FreshResult, 'lasting' | 'udp'> {
    const lists = [...this.#pages.values()].map((page) => page.times);
    const services = [...this.#pages].map(
      ([service, page]): FreshService => ({
        service,
        made: page.made,
        failed: page.failed,
        slow: page.slow,
        p50_ms: quantile(page.latencies, 0.5),
        p99_ms: quantile(page.latencies, 0.99),
        ...gapsAround([...page.times, monotonic_ms()], fault_at),
      }),
    );
    return { services, ...gapsAround([...merge(lists), monotonic_ms()], fault_at), examples: this.#examples };
  }
}

function emptyPage(): Page {
  return { times: [], latencies: [], failed: {}, slow: 0, made: 0 };
}

function nothing(target: TrafficTarget): Omit<Lost, 'kind'> {
  const now = monotonic_ms();
  return { service: target.service, began: now, at: now, echoed_bytes: 0, local_port: 0 };
}
