import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wayBack } from './door.ts';

describe('the way back after a login', () => {
  it.each([
    ['/?q=a', '/?q=a'],
    ['/services/www?span=1h#x', '/services/www?span=1h#x'],
    ['//evil.example/', '/'],
    ['/\\evil.example/', '/'],
    ['https://evil.example/', '/'],
    ['javascript:alert(1)', '/'],
    ['/a\r\nset-cookie: x=y', '/'],
    ['/login?to=/', '/'],
    ['/logout', '/'],
    ['', '/'],
    [undefined, '/'],
    [['/a', '/b'], '/'],
    [`/${'a'.repeat(3_000)}`, '/'],
  ])('%j leads to %s', (given, to) => expect(wayBack(given)).toBe(to));

  it('never leaves the console, whatever is asked for', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', '/', '//', '/\\', '/\t/'), (text, before) => {
        const url = new URL(wayBack(before + text), 'https://console.example');
        expect(url.origin).toBe('https://console.example');
      }),
    );
  });
});
