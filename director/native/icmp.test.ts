import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEchoReply, writeEchoRequest } from './icmp.ts';

const echo = { identifier: 0x1234, sequence: 7, payload: Uint8Array.of(1, 2, 3) };
const ipHeader = (length: number): number[] => [0x40 | (length / 4), ...Array(length - 1).fill(0)];

describe('an ICMP echo', () => {
  it('is written with a checksum on IPv4, and without on IPv6, where the kernel knows the addresses', () => {
    expect([...writeEchoRequest(4, echo)]).toEqual([8, 0, 0xe1, 0xc2, 0x12, 0x34, 0, 7, 1, 2, 3]);
    expect([...writeEchoRequest(6, echo)]).toEqual([128, 0, 0, 0, 0x12, 0x34, 0, 7, 1, 2, 3]);
  });

  it('is read from behind the IP header on IPv4, options included, and as it is on IPv6', () => {
    const icmp = [0, 0, 9, 9, 0x12, 0x34, 0, 7, 1, 2, 3];
    expect(readEchoReply(4, Uint8Array.from([...ipHeader(20), ...icmp]))).toEqual(echo);
    expect(readEchoReply(4, Uint8Array.from([...ipHeader(60), ...icmp]))).toEqual(echo);
    expect(readEchoReply(6, Uint8Array.from([129, ...icmp.slice(1)]))).toEqual(echo);
  });

  it('is not taken from a request, another type or a packet that is cut off', () => {
    const request = [8, 0, 0, 0, 0x12, 0x34, 0, 7];
    expect(readEchoReply(4, Uint8Array.from([...ipHeader(20), ...request]))).toBeUndefined();
    expect(readEchoReply(4, Uint8Array.from([...ipHeader(20), 0, 0, 0, 0, 0, 0, 0]))).toBeUndefined();
    expect(readEchoReply(4, Uint8Array.from([0x42, ...Array(40).fill(0)]))).toBeUndefined();
    expect(readEchoReply(6, new Uint8Array(0))).toBeUndefined();
  });

  it('is read without failing, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        fc.constantFrom(4 as const, 6 as const),
        (bytes, family) => {
          readEchoReply(family, bytes);
        },
      ),
    );
  });
});
