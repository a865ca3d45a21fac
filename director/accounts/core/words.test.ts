import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../support/text.ts';
import { agentOf, nameForRecords, placeKey, placeOf } from './words.ts';

describe('where somebody asks from', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7', '192.0.2.7'],
    ['2001:DB8:0:1::9', '2001:db8:0:1::9', '2001:db8:0:1::/64'],
    ['2001:db8:0:1:ffff::1', '2001:db8:0:1:ffff::1', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80::1', 'fe80::/64'],
    ['unix', 'unix', 'elsewhere'],
    ['evil\r\nset-cookie: a=b\x1b[2J', 'evilset-cookie: a=b[2J', 'elsewhere'],
    ['', '', 'elsewhere'],
  ])('%j is shown as %j and counted as %j', (from, shown, counted) => {
    expect(placeOf(from)).toBe(shown);
    expect(placeKey(from)).toBe(counted);
  });

  it('whatever was sent, what is kept is short and printable', () => {
    fc.assert(
      fc.property(anyText(2_000), (text) => {
        expect(placeOf(text)).toMatch(/^[\x20-\x7e]{0,64}$/);
        expect(agentOf(text)).toMatch(/^[\x20-\x7e]{0,160}$/);
        expect(placeKey(text).length).toBeLessThan(64);
      }),
    );
  });
});

it('a password in the field for the name does not get into records', () => {
  expect(nameForRecords('ann')).toBe('ann');
  for (const name of ['Correct Horse!', '', 'x'.repeat(33), '../../etc', 'ann\n', '__proto__'])
    expect(nameForRecords(name)).toBe('(no account name)');
});
