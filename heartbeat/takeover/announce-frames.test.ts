import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address, addressFromBytes } from '../../director/model/address.ts';
import { gratuitousArp, icmpv6Checksum, unsolicitedAdvertisement } from './announce-frames.ts';

const mac = Uint8Array.of(0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xee);
const neighbour = Uint8Array.of(0x02, 0, 0, 0, 0, 0x07);
const vip = address('10.0.0.100');
const vip6 = address('fd00::100');
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const field = (...parts: string[]) => parts.join('').replaceAll(' ', '');

describe('gratuitous ARP', () => {
  it('as a request is a broadcast question for its own address (RFC 5227)', () => {
    expect(hex(gratuitousArp(vip, mac, 'request'))).toBe(
      field(
        'ffffffffffff 02aabbccddee 0806',
        '0001 0800 06 04 0001',
        '02aabbccddee 0a000064',
        '000000000000 0a000064',
        '00'.repeat(18),
      ),
    );
  });

  it('as a reply names itself as target, which Linux demands', () => {
    expect(hex(gratuitousArp(vip, mac, 'reply'))).toBe(
      field(
        'ffffffffffff 02aabbccddee 0806',
        '0001 0800 06 04 0002',
        '02aabbccddee 0a000064',
        '02aabbccddee 0a000064',
        '00'.repeat(18),
      ),
    );
  });

  it('can go to one neighbour', () => {
    expect(hex(gratuitousArp(vip, mac, 'request', neighbour)).slice(0, 12)).toBe('020000000007');
  });

  it('is refused for IPv6 and for link addresses that are none', () => {
    expect(() => gratuitousArp(vip6, mac, 'request')).toThrow(RangeError);
    expect(() => gratuitousArp(vip, mac.subarray(1), 'request')).toThrow(RangeError);
    expect(() => gratuitousArp(vip, mac, 'request', new Uint8Array(8))).toThrow(RangeError);
  });
});

describe('unsolicited neighbour advertisement', () => {
  it('goes to all nodes, overrides what they know, and is not an answer', () => {
    expect(hex(unsolicitedAdvertisement(vip6, mac, { router: false }))).toBe(
      field(
        '333300000001 02aabbccddee 86dd',
        '60000000 0020 3a ff',
        'fd000000000000000000000000000100',
        'ff020000000000000000000000000001',
        '88 00 be38 20000000',
        'fd000000000000000000000000000100',
        '02 01 02aabbccddee',
      ),
    );
  });

  it('says that it is a router when it is one', () => {
    expect(unsolicitedAdvertisement(vip6, mac, { router: true })[58]).toBe(0xa0);
  });

  it('can go to one neighbour’s link address', () => {
    const frame = unsolicitedAdvertisement(vip6, mac, { router: false, to: neighbour });
    expect(hex(frame).slice(0, 12)).toBe('020000000007');
  });

  it('is refused for IPv4', () => {
    expect(() => unsolicitedAdvertisement(vip, mac, { router: false })).toThrow(RangeError);
  });

  it('has a checksum that proves right, whatever the addresses', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    fc.assert(
      fc.property(bytes(16), bytes(6), fc.boolean(), (raw, from, router) => {
        raw[0] = 0xfd; // no mapped IPv4
        const frame = unsolicitedAdvertisement(addressFromBytes(raw), from, { router });
        // A message that contains its right checksum sums up to zero (RFC 1071).
        expect(icmpv6Checksum(frame.subarray(22, 38), frame.subarray(38, 54), frame.subarray(54))).toBe(0);
      }),
    );
  });
});
