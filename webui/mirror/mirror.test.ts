import { describe, expect, it } from 'vitest';
import type { Live } from '../../director/control/live-schema.ts';
import { FairleadError } from '../../director/model/error.ts';
import { turnedClock } from '../../monitor/support/turned-clock.ts';
import { pictureOf, serviceOf } from '../../test/console/support/picture.ts';
import { openMirror } from './mirror.ts';

const full = (): Live => {
  const { at, status, services } = pictureOf([serviceOf({})]);
  return { kind: 'full', at, status, services: [...services] };
};
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A director that says what it is told to, one stream after another. */
function director() {
  const streams: { say(live: unknown): void; end(error?: Error): void }[] = [];
  return {
    streams,
    client: {
      async *live(signal: AbortSignal) {
        const said: unknown[] = [];
        let over: { error?: Error } | undefined;
        let wake = (): void => {};
        signal.addEventListener('abort', () => {
          over = {};
          wake();
        });
        streams.push({
          say(live) {
            said.push(live);
            wake();
          },
          end(error) {
            over = error === undefined ? {} : { error };
            wake();
          },
        });
        for (;;) {
          while (said.length > 0) yield said.shift() as Live;
          if (over?.error !== undefined) throw over.error;
          if (over !== undefined) return;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      },
    },
  };
}

async function open() {
  const clock = turnedClock();
  const { client, streams } = director();
  const mirror = openMirror({ client, clock });
  await settle();
  return { clock, mirror, streams };
}

describe('the mirror', () => {
  it('knows nothing at first, and says so; then what it is told, and tells it on', async () => {
    const { mirror, streams } = await open();
    await using _ = mirror;
    expect(mirror.picture()).toBeUndefined();
    expect(mirror.trouble()).toMatchObject({ since: undefined, code: 'no-answer' });
    const told: string[] = [];
    using _follower = mirror.follow(({ kind }) => told.push(kind));
    streams[0]!.say(full());
    await settle();
    expect(mirror.picture()?.services).toHaveLength(1);
    expect([mirror.trouble(), told]).toEqual([undefined, ['full']]);
  });

  it('says within two seconds that nothing was said, and keeps the last picture', async () => {
    const { mirror, streams, clock } = await open();
    await using _ = mirror;
    streams[0]!.say(full());
    await settle();
    const heard = clock.now();
    clock.turn(1_400);
    expect(mirror.trouble()).toBeUndefined();
    clock.turn(600);
    expect(mirror.trouble()).toMatchObject({ since: heard });
    expect(mirror.picture()).toBeDefined();
  });

  it.each([
    ['ends', (stream: { end(error?: Error): void }) => stream.end()],
    [
      'fails',
      (stream: { end(error?: Error): void }) =>
        stream.end(new FairleadError('not-running', 'It does not run.')),
    ],
  ])('begins anew when the stream %s, with back-off', async (_, spoil) => {
    const { mirror, streams, clock } = await open();
    await using _mirror = mirror;
    streams[0]!.say(full());
    await settle();
    spoil(streams[0]!);
    await settle();
    expect(mirror.trouble()).toBeDefined();
    for (const wait_ms of [250, 500, 1_000, 2_000, 2_000]) {
      const before = streams.length;
      clock.turn(wait_ms - 1);
      await settle();
      expect(streams).toHaveLength(before);
      clock.turn(1);
      await settle();
      expect(streams).toHaveLength(before + 1);
      spoil(streams.at(-1)!);
      await settle();
    }
    clock.turn(2_000);
    await settle();
    streams.at(-1)!.say(full());
    await settle();
    expect(mirror.trouble()).toBeUndefined();
  });

  it.each([
    ['garbage', 17],
    ['a tick that does not fit', { kind: 'tick', at: 1 }],
    ['another version', { kind: 'full', at: 'now' }],
  ])('does not believe %s, says so, and asks for all of it', async (_, said) => {
    const { mirror, streams, clock } = await open();
    await using _mirror = mirror;
    streams[0]!.say(full());
    streams[0]!.say(said);
    await settle();
    expect(mirror.trouble()?.detail).toContain('not understood');
    expect(mirror.picture()?.services).toHaveLength(1);
    clock.turn(250);
    await settle();
    expect(streams).toHaveLength(2);
  });
});
