import fc from 'fast-check';
import { expect, it } from 'vitest';
import { address } from '../../model/address.ts';
import { readStrangerReply, strangerPing } from './stranger-frames.ts';

const SERVER = address('10.1.0.22');
const OWN = Uint8Array.of(2, 0, 0, 0, 0, 1);
const THEIRS = Uint8Array.of(2, 0, 0, 0, 0, 2);
const ping = (): Uint8Array =>
  strangerPing({ server: SERVER, serverMac: THEIRS, ownMac: OWN, identifier: 77 });

/** As a server answers: ends exchanged, type 0. */
function reply(): Uint8Array {
  const frame = ping();
  frame.set(OWN, 0);
  frame.set(THEIRS, 6);
  const [from, to] = [frame.slice(26, 30), frame.slice(30, 34)];
  frame.set(to, 26);
  frame.set(from, 30);
  frame[34] = 0;
  return frame;
}

it('is understood when the answer comes to this host, and else not', () => {
  expect(readStrangerReply(reply(), OWN, 77)).toBe(SERVER);
  expect(readStrangerReply(reply(), THEIRS, 77)).toBeUndefined();
  expect(readStrangerReply(reply(), OWN, 78)).toBeUndefined();
  expect(readStrangerReply(ping(), THEIRS, 77)).toBeUndefined();
});

it('has headers whose checksums fit', () => {
  const sum = (bytes: Uint8Array): number => {
    let total = 0;
    for (let at = 0; at < bytes.length; at += 2) total += (bytes[at]! << 8) | bytes[at + 1]!;
    while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
    return total;
  };
  expect([sum(ping().subarray(14, 34)), sum(ping().subarray(34))]).toEqual([0xffff, 0xffff]);
});

it('reads whatever comes, cut off or changed', () => {
  fc.assert(
    fc.property(fc.nat(80), fc.nat(79), fc.nat(255), (length, at, value) => {
      const frame = reply().slice(0, length);
      if (at < frame.length) frame[at] = value;
      const read = readStrangerReply(frame, OWN, 77);
      expect(read === undefined || typeof read === 'string').toBe(true);
    }),
  );
});
