import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address, addressFromBytes } from '../../director/model/address.ts';
import { concat } from '../../test/support/packet/bytes.ts';
import {
  arpProbe,
  gratuitousArp,
  icmpv6Checksum,
  unsolicitedAdvertisement,
  unspecifiedSolicitation,
} from './announce-frames.ts';
import { claimFilter, readClaim } from './claim-frames.ts';

const mac = Uint8Array.of(2, 0, 0, 0, 0, 0x0a);
const text = '02:00:00:00:00:0a';
const vip = address('10.0.0.100');
const vip6 = address('fd00::100');
const advertisement = unsolicitedAdvertisement(vip6, mac, { router: false });

function changed(frame: Uint8Array, at: number, ...bytes: number[]): Uint8Array {
  const copy = frame.slice();
  copy.set(bytes, at);
  return copy;
}

describe('readClaim', () => {
  it.each([
    ['an ARP request from the address', vip, gratuitousArp(vip, mac, 'request')],
    ['an ARP reply', vip, gratuitousArp(vip, mac, 'reply')],
    ['an advertisement', vip6, advertisement],
    ['an advertisement without the option, by its Ethernet sender', vip6, changed(advertisement, 78, 99)],
    ['a claim of another address', '10.0.0.7', changed(gratuitousArp(vip, mac, 'reply'), 31, 7)],
  ])('reads %s', (_name, claimed, frame) => {
    expect(readClaim(frame)).toEqual({ address: claimed, mac: text });
  });

  it('takes the link address that caches will have, not the one on the envelope', () => {
    expect(readClaim(changed(advertisement, 80, 6, 6, 6, 6, 6, 6))?.mac).toBe('06:06:06:06:06:06');
    expect(readClaim(changed(gratuitousArp(vip, mac, 'reply'), 22, 6, 6, 6, 6, 6, 6))?.mac).toBe(
      '06:06:06:06:06:06',
    );
  });

  it('reads a solicitation that comes from the address', () => {
    const frame = unspecifiedSolicitation(vip6, mac);
    frame.set(frame.subarray(62, 78), 22);
    expect(readClaim(frame)).toEqual({ address: vip6, mac: text });
  });

  it.each([
    ['an ARP probe', arpProbe(vip, mac)],
    ['duplicate detection', unspecifiedSolicitation(vip6, mac)],
    ['an advertisement from beyond a router', changed(advertisement, 21, 254)],
    ['another message', changed(advertisement, 54, 128)],
    ['another protocol', changed(advertisement, 20, 17)],
    ['a packet', changed(gratuitousArp(vip, mac, 'reply'), 12, 8, 0)],
    ['ARP for something else', changed(gratuitousArp(vip, mac, 'reply'), 18, 8)],
    ['a length that ends in the message', changed(advertisement, 18, 0, 23)],
  ])('reads no claim from %s', (_name, frame) => {
    expect(readClaim(frame)).toBeUndefined();
  });

  it('survives options of length 0, and what is cut off at any byte', () => {
    expect(readClaim(changed(advertisement, 79, 0))?.mac).toBe(text);
    for (const frame of [advertisement, gratuitousArp(vip, mac, 'reply')])
      for (let length = 0; length < frame.length; length++) {
        const claim = readClaim(frame.slice(0, length));
        if (length < 42) expect(claim).toBeUndefined();
      }
  });

  it('ends with a claim or nothing, whatever the bytes', () => {
    const head = fc.constantFrom(...[advertisement, arpProbe(vip, mac)].map((frame) => frame.slice(0, 20)));
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 200 }), (start, rest) => {
        const claim = readClaim(concat(start, rest));
        if (claim !== undefined) expect(claim.mac).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
      }),
    );
  });
});

describe('questions', () => {
  it('carry a right checksum and go to the group that the holder listens to', () => {
    const frame = unspecifiedSolicitation(address('fd00::12:3456'), mac);
    expect(Buffer.from(frame.subarray(0, 6)).toString('hex')).toBe('3333ff123456');
    expect(addressFromBytes(frame, 38)).toBe('ff02::1:ff12:3456');
    const message = frame.slice(54);
    expect(icmpv6Checksum(frame.subarray(22, 38), frame.subarray(38, 54), message)).toBe(0);
  });

  it('are refused for the other family', () => {
    expect(() => arpProbe(vip6, mac)).toThrow(RangeError);
    expect(() => unspecifiedSolicitation(vip, mac)).toThrow(RangeError);
  });
});

describe('claimFilter', () => {
  it('stays within what a socket may take, however many addresses there are', () => {
    const many = Array.from({ length: 1_024 }, (_, index) => address(`fd00::1:${(index + 1).toString(16)}`));
    expect(claimFilter(6, many).length).toBeLessThan(200);
    expect(claimFilter(6, many.slice(0, 400)).length).toBeLessThan(8_192);
    expect(claimFilter(4, many).length).toBe(16);
  });
});
