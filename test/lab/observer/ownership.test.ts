import { describe, expect, it } from 'vitest';
import { address } from '../../../director/model/address.ts';
import { longestSilence_ms, OwnershipBook, overlapsOf, ownerOf, twoOwners_ms } from './ownership.ts';

const VIP = address('10.0.0.100');
const [A, B] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b'];

function seen(...answers: readonly (readonly [at: number, mac: string])[]) {
  const book = new OwnershipBook();
  for (const [at, mac] of answers) book.saw({ vip: VIP, mac, kind: 'answer' }, at);
  return book.since(0);
}

describe('who had an address', () => {
  it('is one reign as long as answers go on', () => {
    expect(seen([0, A], [5, A], [10, A]).reigns).toEqual([{ vip: VIP, mac: A, from: 0, to: 10, answers: 3 }]);
  });

  it('changes hands without two owners when one is silent before the other begins', () => {
    const { reigns } = seen([0, A], [5, A], [255, B], [260, B]);
    expect(overlapsOf(reigns)).toEqual([]);
    expect(ownerOf(reigns, VIP)).toBe(B);
    expect(longestSilence_ms(reigns, VIP)).toBe(250);
  });

  it('had two owners from the second one’s first answer to the first one’s last', () => {
    const { reigns } = seen([0, A], [5, B], [6, A], [10, B], [11, A], [15, B]);
    expect(overlapsOf(reigns)).toEqual([{ vip: VIP, macs: [A, B], from: 5, to: 11 }]);
    expect(twoOwners_ms(overlapsOf(reigns))).toBe(6);
  });

  it('is told from a moment on, and forgets what ended before', () => {
    const book = new OwnershipBook();
    book.saw({ vip: VIP, mac: A, kind: 'answer' }, 0);
    book.saw({ vip: VIP, mac: B, kind: 'answer' }, 500);
    book.saw({ vip: VIP, mac: B, kind: 'announcement' }, 501);
    book.trim(400);
    expect(book.since(0)).toEqual({
      reigns: [{ vip: VIP, mac: B, from: 500, to: 500, answers: 1 }],
      announcements: [{ vip: VIP, mac: B, at: 501 }],
      forgotten: 0,
    });
  });
});

it('counts a time in which several addresses had two owners once', () => {
  const macs = [A, B] as const;
  expect(
    twoOwners_ms([
      { vip: '10.0.0.100', macs, from: 0, to: 10 },
      { vip: '10.0.0.101', macs, from: 5, to: 12 },
      { vip: '10.0.0.102', macs, from: 20, to: 21 },
    ]),
  ).toBe(13);
});
