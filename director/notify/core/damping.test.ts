// Against too many messages, and for the few that matter: flapping, the hourly limit, reminders, attempts that fail.
import { describe, expect, it } from 'vitest';
import { play, target } from './support/play.ts';

describe('damping', () => {
  const flaps = Array.from(
    { length: 20 },
    (_, index) => `${10 + index * 10}s server-${index % 2 === 0 ? 'down' : 'up'} www/rs1: it`,
  ).join('\n');

  it('flapping is told once, then silence, then how it has settled', () =>
    expect(play(`0s role active\n${flaps}\n3h end`)).toEqual([
      '15s warning real server www/rs1 is down: it',
      '25s recovery real server www/rs1 is up again: it',
      '35s warning real server www/rs1 is down: it',
      '45s recovery real server www/rs1 is up again: it',
      '55s warning real server www/rs1 is down: it',
      '65s warning www/rs1 is flapping: 6 changes within 50 s, now up',
      '505s recovery www/rs1 has settled: up since 12:03:20 UTC',
    ]));

  it('a service that goes down and comes back in steps does not flap', () => {
    const outage = (at: number) =>
      ['degraded', 'down', 'degraded', 'up'].map((word, step) => `${at + step}s service-${word} www: so`);
    const sent = play(`0s role active\n${[...outage(10), ...outage(60)].join('\n')}\n1h end`);
    expect(sent.filter((line) => line.includes('flapping'))).toEqual([]);
    expect(sent).toHaveLength(2);
  });

  it('more than thirty messages an hour become one digest', () => {
    const events = Array.from({ length: 50 }, (_, index) => `${index * 10}s applied revision ${index}: x`);
    const sent = play(`0s role active\n${events.join('\n')}\n3h end`);
    expect(sent).toHaveLength(31);
    expect(sent.at(-1)).toBe(
      '3605s notice 20 more messages since 12:05:05 UTC, held back as more than 30 an hour',
    );
  });

  it('what stays critical is told again, all of it together', () =>
    expect(
      play(
        `
        0s role active
        1s service-down www: none
        100s service-down dns: none
        2.5h end`,
        { targets: [target({ remind_ms: 3_600_000 })] },
      ),
    ).toEqual([
      '6s critical www is down: none',
      '105s critical dns is down: none',
      '3606s critical still, for 60 min: www is down: none (and 1 more)',
      '7206s critical still, for 2 h: www is down: none (and 1 more)',
    ]));
});

describe('delivery', () => {
  it('is tried again with back-off, and the message comes late rather than never', () =>
    expect(
      play(`
        0s role active
        0s failing
        1s service-down www: none
        30s working
        10m end`),
    ).toEqual(['36s critical www is down: none']));

  it('ends when a message is too old; the next one says that some were lost', () =>
    expect(
      play(`
        0s role active
        0s failing
        1s service-down www: none
        2h working
        2.1h service-up www: every
        3h end`),
    ).toEqual(['7565s recovery www is up again: every [1 lost]']));

  it('is not tried again when the other end will not have it', () =>
    expect(
      play(`
        0s role active
        0s refusing
        1s service-down www: none
        10s working
        20s service-up www: every
        1m end`),
    ).toEqual(['25s recovery www is up again: every [1 lost]']));
});
