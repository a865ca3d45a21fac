import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from './nearest.ts';

describe('nearest', () => {
  const keys = ['scheduler', 'listen', 'servers', 'sorry', 'virtual_ips', 'tcp'];

  it.each([
    ['sheduler', 'scheduler'],
    ['lsiten', 'listen'],
    ['server', 'servers'],
    ['virtual-ips', 'virtual_ips'],
    ['Listen', 'listen'],
    ['tpc', 'tcp'],
  ])('takes %s for %s', (word, known) => expect(nearest(word, keys)).toBe(known));

  it.each(['', 'x', 'backend', 'schedule_of_the_day'])('takes %j for nothing', (word) =>
    expect(nearest(word, keys)).toBeUndefined(),
  );
});

describe('editDistance', () => {
  const word = fc.string({ maxLength: 8 });

  it('is 0 for equal words only, the same both ways, and never more than the longer word', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });

  it('counts a swap of neighbours as one', () => expect(editDistance('listen', 'lsiten')).toBe(1));
});
