import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  address,
  addressBytes,
  addressFromBytes,
  familyOf,
  formatEndpoint,
  maskAddress,
  parseAddress,
  parseEndpoint,
} from './address.ts';

describe('parseAddress', () => {
  it('gives one canonical text per address', () => {
    expect(parseAddress('FD00:0:0::1')).toBe('fd00::1');
    expect(parseAddress('::ffff:10.0.0.1')).toBe('10.0.0.1');
    expect(parseAddress('10.0.0.1')).toBe('10.0.0.1');
  });

  it.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '0x7f.1',
    '127',
    'fe80::1%eth0',
    '1::2::3',
    'host',
    '10.0.0.1/24',
    ' 10.0.0.1',
  ])('refuses %j', (text) => expect(parseAddress(text)).toBeUndefined());
});

const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe('wire form', () => {
  it('comes back as it went, for every address', () => {
    fc.assert(
      fc.property(bytes16, (bytes) => {
        expect(addressBytes(addressFromBytes(bytes))).toEqual(bytes);
      }),
    );
  });

  it('refuses to read past the end', () => {
    expect(() => addressFromBytes(new Uint8Array(15))).toThrow(RangeError);
  });
});

describe('maskAddress', () => {
  it('clears host bits within the family', () => {
    expect(maskAddress(address('10.1.2.3'), 24)).toBe('10.1.2.0');
    expect(maskAddress(address('10.1.2.3'), 0)).toBe('0.0.0.0');
    expect(maskAddress(address('fd00:1:2:3::4'), 56)).toBe('fd00:1:2::');
    expect(maskAddress(address('fd00::4'), 128)).toBe('fd00::4');
  });
});

describe('endpoints', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(bytes16, fc.integer({ min: 0, max: 65535 }), (bytes, port) => {
        const value = addressFromBytes(bytes);
        expect(parseEndpoint(formatEndpoint(value, port))).toEqual({ address: value, port });
        expect([4, 6]).toContain(familyOf(value));
      }),
    );
  });

  it.each(['10.0.0.1', '10.0.0.1:', '10.0.0.1:65536', 'fd00::1:80', '[10.0.0.1]:80', '[fd00::1]', ':80'])(
    'refuses %j',
    (text) => expect(parseEndpoint(text)).toBeUndefined(),
  );
});
