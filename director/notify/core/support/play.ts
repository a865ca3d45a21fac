// A story of events as text, told to the pure decision with time that passes as the story says. Lines:
//   1s server-down www/rs1: connection refused
//   2s role active | 3s failing | 4s working | 5s refusing

import { createState } from '../state.ts';
import { step, wakeAt } from '../step.ts';
import type { Input, Message, NewsEvent, ReadonlyState, Settings, TargetSettings } from '../types.ts';

export const START = Date.UTC(2026, 0, 5, 12);

export const SETTINGS: Settings = {
  node: 'lb1',
  cluster: 'web',
  services: [
    {
      name: 'www',
      servers: [1, 2, 3].map((n) => ({ name: `rs${n}`, address: `10.1.0.${n}` })),
    },
    { name: 'dns', servers: [1, 4].map((n) => ({ name: `rs${n}`, address: `10.1.0.${n}` })) },
  ],
  targets: [target()],
};

export function target(more: Partial<TargetSettings> = {}): TargetSettings {
  return { key: 'a', on: ['critical', 'warning', 'notice', 'recovery'], group_ms: 5_000, ...more };
}

export interface Sent {
  readonly at_ms: number;
  readonly target: string;
  readonly message: Message;
  readonly lost: number;
}

/** The decision with a clock of its own and deliveries that succeed at once, unless told otherwise. */
export class Player {
  state: ReadonlyState = createState(0, START);
  readonly sent: Sent[] = [];
  delivery: 'working' | 'failing' | 'refusing' | 'hanging' = 'working';
  #id = 0;

  constructor(settings: Partial<Settings> = {}) {
    this.input({ kind: 'settings', settings: { ...SETTINGS, ...settings } });
  }

  get now(): number {
    return this.state.now;
  }

  input(input: Input, now = this.now): void {
    const done = step(this.state, input, now);
    this.state = done.state;
    for (const { target: key, message, lost } of done.effects) {
      if (this.delivery === 'hanging') continue;
      const ok = this.delivery === 'working';
      if (ok) this.sent.push({ at_ms: this.now - START, target: key, message, lost });
      this.input({
        ...{ kind: 'result', target: key, id: message.id, ok },
        ...{ retry: this.delivery === 'failing', detail: this.delivery },
      });
    }
  }

  /** Lets time pass, with a tick at each moment that the decision asks for. */
  until(time: number): void {
    for (let turns = 0; turns < 100_000; turns++) {
      const wake = Math.max(this.now, wakeAt(this.state));
      if (wake > time) break;
      const before = this.state;
      this.input({ kind: 'tick' }, wake);
      if (this.state === before) break;
    }
    if (time > this.now) this.state = { ...this.state, now: time };
  }

  event(kind: string, subject: string, reason: string, evidence?: unknown): void {
    const event: NewsEvent = {
      ...{ id: ++this.#id, at: this.now, kind, subject, reason },
      ...(evidence === undefined ? {} : { evidence }),
    };
    this.input({ kind: 'events', events: [event] });
  }
}

/** What was sent: `6s critical www is down`. */
export function play(story: string, settings: Partial<Settings> = {}): string[] {
  const player = new Player(settings);
  for (const line of story.trim().split('\n')) {
    const match = /^\s*(?<time>[\d.]+)(?<unit>ms|s|m|h) (?<word>\S+)(?: (?<rest>.*))?$/.exec(line);
    if (match?.groups === undefined) throw new Error(`not understood: ${line}`);
    const { time, unit, word, rest = '' } = match.groups;
    player.until(START + Number(time) * { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit as 'ms']);
    act(player, word ?? '', rest);
  }
  return player.sent.map(
    ({ at_ms, target: key, message, lost }) =>
      `${at_ms / 1_000}s ${key === 'a' ? '' : `${key} `}${message.severity} ${message.subject}${lost > 0 ? ` [${lost} lost]` : ''}`,
  );
}

export function act(player: Player, word: string, rest: string): void {
  if (word === 'end') return;
  if (word === 'failing' || word === 'working' || word === 'refusing') player.delivery = word;
  else if (word === 'role')
    player.input({
      kind: 'facts',
      facts: { at: player.now, role: rest as 'active', because: 'so it is', news: [], complete: [] },
    });
  else {
    const [subject = '', reason = ''] = rest.split(/: (.*)/);
    const link = /^link (\d)/.exec(reason)?.[1];
    player.event(word, subject, reason, link === undefined ? undefined : { link: Number(link) });
  }
}
