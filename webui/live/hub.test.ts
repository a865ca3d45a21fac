import type { Response } from 'express';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceStatus } from '../../director/control/schema.ts';
import { systemClock } from '../../director/native/system-clock.ts';
import { manyServices, pictureOf, serverOf, serviceOf } from '../../test/console/support/picture.ts';
import type { Mirror, Picture, Trouble } from '../mirror/mirror.ts';
import { createLiveHub, type LiveHub } from './hub.ts';

let picture: Picture;
let trouble: Trouble | undefined;
let say: Parameters<Mirror['follow']>[0] = () => {};
let hub: LiveHub;

const mirror: Mirror = {
  picture: () => picture,
  trouble: () => trouble,
  learn: () => {},
  follow(onChange) {
    say = onChange;
    return { [Symbol.dispose]() {} };
  },
  [Symbol.asyncDispose]: async () => {},
};

beforeEach(() => {
  trouble = undefined;
  hub = createLiveHub({ mirror, clock: systemClock });
});
afterEach(() => hub[Symbol.dispose]());

function show(services: readonly ServiceStatus[]): void {
  picture = pictureOf(services);
  say({ kind: 'full', at: picture.at, status: picture.status, services: [...services] });
}

type Heard = Record<string, unknown> | string;

/** A browser's end of the stream, which takes what it is sent or lets it pile up. */
class Browser {
  #text = '';
  #closed = (): void => {};
  writableLength = 0;
  destroyed = false;

  constructor(...services: string[]) {
    hub.open(this as unknown as Response, services, async () => true);
  }
  writeHead(): this {
    return this;
  }
  write(text: string): boolean {
    this.#text += text;
    return true;
  }
  end(): void {}
  once(_close: 'close', run: () => void): void {
    this.#closed = run;
  }
  destroy(): void {
    this.destroyed = true;
    this.#closed();
  }

  /** Messages since the last call: names of events, or cells. */
  heard(): Heard[] {
    const messages = this.#text.split('\n\n');
    this.#text = '';
    return messages.flatMap((message): Heard[] => {
      const event = /^event: (\w+)/.exec(message)?.[1];
      if (event !== undefined) return [event];
      const data = /^data: (.*)/.exec(message)?.[1];
      return data === undefined ? [] : [(JSON.parse(data) as { cells: Record<string, unknown> }).cells];
    });
  }
}

describe('live pages', () => {
  it('get all cells of what they show at first, then what has changed', () => {
    show([serviceOf(), serviceOf({ name: 'mail' })]);
    const shown = new Browser('www');
    const [first] = shown.heard() as [Record<string, unknown>];
    expect(first).toMatchObject({
      'www/rs1.health': ['▲ up', 'good', expect.any(String)],
      'www.row': ['service'],
    });
    expect(Object.keys(first).filter((key) => key.startsWith('mail'))).toEqual([]);
    show([
      serviceOf({ servers: [serverOf({ active: 13 }), serverOf({ name: 'rs2' })] }),
      serviceOf({ name: 'mail' }),
    ]);
    expect(shown.heard()).toEqual([{ 'www.active': ['25'], 'www/rs1.active': ['13'] }]);
  });

  it('get the state of a row as its classes, and a time where one belongs to it', () => {
    show([serviceOf()]);
    const shown = new Browser('www');
    shown.heard();
    const down = serverOf({ health: 'down', health_since: 1_000, health_reason: 'refused' });
    show([serviceOf({ servers: [down, serverOf({ name: 'rs2' })] })]);
    expect(shown.heard()[0]).toMatchObject({
      'www/rs1.row': ['server is-enabled is-down'],
      'www/rs1.health': ['▼ down', 'bad', 'refused', 1_000],
      'www/rs1.reason': ['refused'],
    });
  });

  it('may show everything', () => {
    show(manyServices(30, 2));
    const shown = new Browser('*');
    expect(Object.keys(shown.heard()[0]!).filter((key) => key.endsWith('.row'))).toHaveLength(90);
    show(manyServices(30, 2, 1));
    expect(Object.keys(shown.heard()[0]!)).toContain('group1-service9/rs2.active');
  });

  it('hear the same, whoever opened a page in between', () => {
    show([serviceOf()]);
    const one = new Browser('www');
    one.heard();
    // An order's answer is in the picture before the next message is.
    picture = pictureOf([
      serviceOf({ servers: [serverOf({ admin: 'disabled' }), serverOf({ name: 'rs2' })] }),
    ]);
    const other = new Browser('www');
    expect(one.heard()[0]).toMatchObject({ 'www/rs1.row': ['server is-disabled'] });
    expect(other.heard()[0]).toMatchObject({ 'www/rs1.row': ['server is-disabled'] });
    show([serviceOf()]);
    for (const shown of [one, other])
      expect(shown.heard()[0]).toMatchObject({ 'www/rs1.row': ['server is-enabled'] });
  });

  it('are told at once when what they are shown is old', () => {
    picture = pictureOf([serviceOf()]);
    trouble = { since: 1, code: 'no-answer', detail: 'gone', remedy: undefined };
    expect(new Browser('www').heard()).toEqual([expect.any(Object), 'trouble']);
  });

  it('are told when rows come or go, and let go when they do not keep up', () => {
    show([serviceOf()]);
    const shown = new Browser('www');
    shown.heard();
    show([serviceOf(), serviceOf({ name: 'mail' })]);
    expect(shown.heard()).toContain('shape');
    shown.writableLength = 1 << 20;
    show([serviceOf()]);
    expect([shown.destroyed, hub.count()]).toEqual([true, 0]);
  });
});
