// The schedule's decisions, played: what is done in order, and what must hold whatever operators, clocks and directors do.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { World } from './support/world.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const NIGHT = {
  ...({ name: 'night', kind: 'maintenance', at: '0 2 * * *', servers: ['www/rs1'] } as const),
  ...{ for_ms: 2 * HOUR_MS, drainBefore_ms: 10 * MINUTE_MS },
};
const LATE = { ...NIGHT, name: 'late', at: '0 3 * * *' };
const MORNING = { name: 'morning', kind: 'weight', at: '0 8 * * *', server: 'www/rs2', weight: 4 } as const;
const EVENING = { name: 'evening', kind: 'weight', at: '0 18 * * *', server: 'www/rs2' } as const;
const DRILL = { name: 'drill', kind: 'drill', at: '30 3 * * *', drill: 'planned-switchover' } as const;
const NIGHTLY = { name: 'nightly', kind: 'backup', at: '15 3 * * *', keep: 3, history: false } as const;

const at = (time: string): number => Date.parse(`2026-05-0${time}Z`);

describe('a maintenance window', () => {
  it('drains, disables and enables', () => {
    const world = new World([NIGHT], at('1T00:00'));
    world.look();
    expect(world.goTo(at('1T01:49'))).toEqual([]);
    expect(world.goTo(at('1T01:50'))).toEqual(['schedule:night drain www/rs1']);
    expect(world.goTo(at('1T02:00'))).toEqual(['schedule:night disable www/rs1']);
    expect(world.goTo(at('1T03:59'))).toEqual([]);
    expect(world.goTo(at('1T04:00'))).toEqual(['schedule:night enable www/rs1']);
    expect(world.goTo(at('2T01:50'))).toEqual(['schedule:night drain www/rs1']);
  });

  it('is gone on with by whoever comes into its middle', () => {
    const world = new World([NIGHT], at('1T00:00'));
    world.look();
    world.standby();
    expect(world.goTo(at('1T02:30'))).toEqual([]);
    world.takeOver();
    expect(world.look()).toEqual(['schedule:night disable www/rs1']);
    expect(new World([NIGHT], at('1T02:30')).look()).toEqual(['schedule:night disable www/rs1']);
  });

  it('that nobody could begin is missed, and only said', () => {
    const world = new World([NIGHT], at('1T00:00'));
    world.look();
    world.standby();
    world.goTo(at('1T05:00'));
    world.takeOver();
    expect(world.look()).toEqual([]);
    expect(world.notes.at(-1)).toContain('schedule-missed night');
    expect(world.record('night').outcome).toBe('missed');
  });

  it('that ended while nobody was active gives its servers back', () => {
    const world = new World([NIGHT], at('1T02:10'));
    world.look();
    world.standby();
    world.goTo(at('1T05:00'));
    world.takeOver();
    expect(world.look()).toEqual(['schedule:night enable www/rs1']);
    expect(world.record('night').outcome).toBe('done');
  });

  it('leaves a server alone that an operator has enabled meanwhile, until the next one', () => {
    const world = new World([NIGHT], at('1T02:10'));
    world.look();
    world.operator('enable', 'www/rs1');
    expect(world.goTo(at('1T04:00'))).toEqual([]);
    expect(world.record('night')).toMatchObject({ outcome: 'left', detail: 'left to operators: www/rs1' });
    expect(world.goTo(at('2T01:55'))).toEqual(['schedule:night drain www/rs1']);
  });

  it('does not enable what an operator has taken out, before or meanwhile', () => {
    const before = new World([NIGHT], at('1T00:00'));
    before.look();
    before.operator('drain', 'www/rs1');
    expect(before.goTo(at('1T05:00'))).toEqual([]);
    const meanwhile = new World([NIGHT], at('1T01:55'));
    meanwhile.look();
    meanwhile.operator('disable', 'www/rs1');
    expect(meanwhile.goTo(at('1T05:00'))).toEqual([]);
    expect(meanwhile.orders.get('www/rs1')?.author).toBe('ann');
  });

  it('ends with the last of those that a server lies in', () => {
    const world = new World([NIGHT, LATE], at('1T00:00'));
    world.look();
    expect(world.goTo(at('1T02:05'))).toEqual([
      'schedule:night drain www/rs1',
      'schedule:night disable www/rs1',
    ]);
    expect(world.goTo(at('1T04:01'))).toEqual(['schedule:late disable www/rs1']);
    expect(world.goTo(at('1T05:00'))).toEqual(['schedule:late enable www/rs1']);
  });

  it('that is taken out of the configuration, or loses a server, gives back', () => {
    const world = new World([{ ...NIGHT, servers: ['www/rs1', 'www/rs2'] }], at('1T02:10'));
    world.look();
    world.configure([NIGHT]);
    expect(world.look()).toEqual(['schedule:night enable www/rs2']);
    world.configure([]);
    expect(world.look()).toEqual(['schedule:night enable www/rs1']);
    expect(world.records.size).toBe(0);
  });

  it('is not begun twice by a clock that is put back, and not kept open by one that was years ahead', () => {
    const world = new World([NIGHT], at('1T02:10'));
    world.look();
    world.setClock(at('1T01:00'));
    expect(world.goTo(at('1T03:59'))).toEqual([]);
    expect(world.goTo(at('1T04:00'))).toEqual(['schedule:night enable www/rs1']);
    world.setClock(at('1T02:10'));
    expect(world.goTo(at('1T03:00'))).toEqual([]);

    const wrong = new World([NIGHT], Date.parse('2040-01-01T02:10Z'));
    wrong.look();
    wrong.setClock(at('1T12:00'));
    expect(wrong.look()).toEqual(['schedule:night enable www/rs1']);
    expect(wrong.goTo(at('2T02:00')).at(-1)).toBe('schedule:night disable www/rs1');
  });
});

describe('weights', () => {
  it('come at their times, not before they were there, and the last one counts', () => {
    const world = new World([MORNING, EVENING], at('1T12:00'));
    expect(world.look()).toEqual([]);
    expect(world.goTo(at('1T18:00'))).toEqual([]);
    expect(world.goTo(at('2T08:00'))).toEqual(['schedule:morning weight www/rs2 4']);
    expect(world.goTo(at('2T18:00'))).toEqual(['schedule:evening weight www/rs2 configured']);
    world.standby();
    world.goTo(at('4T09:00'));
    world.takeOver();
    expect(world.look()).toEqual(['schedule:morning weight www/rs2 4']);
    expect(world.record('evening').detail).toBe('morning was due after it');
  });

  it('never take the place of an operator’s', () => {
    const world = new World([MORNING], at('1T00:00'));
    world.look();
    world.operator('weight', 'www/rs2', 9);
    expect(world.goTo(at('2T12:00'))).toEqual([]);
    expect(world.record('morning').outcome).toBe('left');
    world.operator('weight', 'www/rs2');
    expect(world.goTo(at('3T08:00'))).toEqual(['schedule:morning weight www/rs2 4']);
  });

  it('of an operator outlive a window, and are still the operator’s', () => {
    const world = new World([{ ...NIGHT, servers: ['www/rs2'] }, MORNING], at('1T00:00'));
    world.look();
    world.operator('weight', 'www/rs2', 9);
    world.goTo(at('1T12:00'));
    expect(world.orders.get('www/rs2')).toMatchObject({ admin: 'enabled', weight: 9, weightAuthor: 'ann' });
  });
});

describe('drills', () => {
  it('are done once, by whoever was active, and not long after their time', () => {
    const world = new World([DRILL], at('1T00:00'));
    world.look();
    expect(world.goTo(at('1T03:30'))).toEqual(['drill drill planned-switchover']);
    world.standby();
    world.takeOver(); // the peer, because of it
    expect(world.goTo(at('1T04:00'))).toEqual([]);
    world.standby();
    world.goTo(at('2T03:31'));
    world.takeOver();
    expect(world.look()).toEqual([]);
    expect(world.record('drill').outcome).toBe('missed');
  });

  it('wait for each other', () => {
    const world = new World([DRILL, { ...DRILL, name: 'other', drill: 'failback' }], at('1T03:29'));
    world.look();
    expect(world.goTo(at('1T03:30'))).toEqual(['drill drill planned-switchover']);
    world.finish('drill');
    expect(world.look()).toEqual(['drill other failback']);
  });

  it('that nobody tells the end of have failed', () => {
    const world = new World([DRILL], at('1T03:29'));
    world.look();
    world.goTo(at('1T03:30'));
    world.running.clear();
    world.goTo(at('1T03:40'));
    expect(world.record('drill').outcome).toBe('failed');
  });
});

describe('backups', () => {
  it('are made on a standby too, once for all that were missed, and a cut off one has failed', () => {
    const world = new World([NIGHTLY], at('1T00:00'));
    world.standby();
    world.look();
    expect(world.goTo(at('1T03:15'))).toEqual(['backup nightly']);
    world.finish('nightly');
    world.setClock(at('5T12:00'));
    expect(world.look()).toEqual(['backup nightly']);
    expect(world.look()).toEqual([]);
    world.running.clear(); // a restart
    world.look();
    expect(world.record('nightly').outcome).toBe('failed');
  });
});

describe('whatever happens', () => {
  const servers = fc.constantFrom('www/rs1', 'www/rs2');
  const windows = fc
    .array(
      fc.record({
        hour: fc.integer({ min: 0, max: 23 }),
        minute: fc.integer({ min: 0, max: 59 }),
        for_min: fc.integer({ min: 1, max: 600 }),
        drain_min: fc.integer({ min: 0, max: 120 }),
        servers: fc.uniqueArray(servers, { minLength: 1 }),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((all) =>
      all.map((each, index) => ({
        ...{ name: `w${index}`, kind: 'maintenance' as const, at: `${each.minute} ${each.hour} * * *` },
        ...{ for_ms: each.for_min * MINUTE_MS, drainBefore_ms: each.drain_min * MINUTE_MS },
        servers: each.servers,
      })),
    );
  const steps = fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('wait' as const), min: fc.integer({ min: 1, max: 500 }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('step' as const),
          min: fc.integer({ min: -200, max: 200 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('takeover' as const, 'down' as const) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('operator' as const),
          word: fc.constantFrom('enable' as const, 'drain' as const, 'disable' as const, 'weight' as const),
          server: servers,
        }),
      },
    ),
    { maxLength: 40 },
  );

  it('an operator’s word stands, nothing is done twice, and in the end all is as it was', () => {
    fc.assert(
      fc.property(windows, steps, (entries, story) => {
        // Whatever an operator says is checked by the world at every action.
        const world = new World([...entries, MORNING, EVENING, DRILL, NIGHTLY], at('1T00:00'));
        world.look();
        for (const step of story) {
          if (step.kind === 'wait') world.goTo(world.now + step.min * MINUTE_MS);
          else if (step.kind === 'step') world.setClock(world.now + step.min * MINUTE_MS);
          else if (step.kind === 'operator')
            world.operator(step.word, step.server, step.word === 'weight' ? 7 : undefined);
          else if (step.kind === 'takeover') world.takeOver();
          else world.standby();
          world.look();
          expect(world.look()).toEqual([]);
        }
        expect(world.twice).toEqual([]);
        expect(world.overridden).toEqual([]);
        world.takeOver();
        world.look();
        const words = world.operatorsWords();
        world.configure([]);
        world.look();
        expect(world.operatorsWords()).toEqual(words);
        expect(
          [...world.orders.values()].filter(({ admin, author }) => admin !== 'enabled' && author !== 'ann'),
        ).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
