import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairleadError } from '../model/error.ts';
import {
  attribute,
  attributeMap,
  attributeNested,
  attributeString,
  attributes,
  attributeU16Network,
  attributeU32,
  encodeMessage,
  HEADER_BYTES,
  messages,
  NLM_F_ACK,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  readI32,
  readString,
  readU16Network,
  readU32,
  readVerdict,
} from './netlink-codec.ts';

const anyBytes = fc.uint8Array({ maxLength: 200 });

/** Runs a reader to its end; anything but a clean end or our own error is a failure. */
function isHandled(read: () => unknown): boolean {
  try {
    read();
  } catch (error) {
    return error instanceof FairleadError && error.code === 'netlink-malformed';
  }
  return true;
}

function code(read: () => unknown): string | undefined {
  try {
    read();
  } catch (error) {
    return error instanceof FairleadError ? error.code : String(error);
  }
  return undefined;
}

const withLength = (bytes: Uint8Array, length: number): Uint8Array => {
  const changed = bytes.slice();
  new DataView(changed.buffer).setUint32(0, length, true);
  return changed;
};

describe('messages', () => {
  it('come back as they were written, several to a datagram', () => {
    const one = encodeMessage({ type: 20, fixed: Uint8Array.of(2, 24, 0, 0) }, NLM_F_ACK, 7);
    const two = encodeMessage({ type: 21, attributes: [attributeString(3, 'eth0')] }, 0, 8);
    const read = [...messages(Buffer.concat([one, two]))];
    expect(read.map(({ type, flags, sequence }) => ({ type, flags, sequence }))).toEqual([
      { type: 20, flags: NLM_F_REQUEST | NLM_F_ACK, sequence: 7 },
      { type: 21, flags: NLM_F_REQUEST, sequence: 8 },
    ]);
    expect([...read[0]!.payload]).toEqual([2, 24, 0, 0]);
    expect(readString(attributeMap(read[1]!.payload).get(3)!)).toBe('eth0');
  });

  const good = encodeMessage({ type: 20, fixed: new Uint8Array(8) }, 0, 1);
  it.each([
    ['that say they are shorter than a header', withLength(good, HEADER_BYTES - 1)],
    ['that say they have no length', withLength(good, 0)],
    ['that say they are longer than the datagram', withLength(good, good.length + 1)],
    ['with the greatest length', withLength(good, 0xffff_ffff)],
    ['cut off in the header', good.subarray(0, HEADER_BYTES - 1)],
    ['cut off in the payload', good.subarray(0, good.length - 1)],
  ])('are refused: %s', (_name, bytes) => {
    expect(code(() => [...messages(bytes)])).toBe('netlink-malformed');
  });

  it('end, and never read outside, for any bytes', () => {
    fc.assert(fc.property(anyBytes, (bytes) => isHandled(() => [...messages(bytes)])));
  });

  it('end for a good message of which any bytes were changed or cut', () => {
    const nested = attributeNested(1, attributeU32(2, 3), attributeString(4, 'five'));
    const bytes = encodeMessage({ type: 16, fixed: new Uint8Array(16), attributes: [nested] }, 0, 1);
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), fc.nat(bytes.length), (changes, end) => {
        const hostile = bytes.slice(0, end);
        for (const [at, value] of changes) if (at < end) hostile[at] = value;
        return isHandled(() => {
          for (const message of messages(hostile))
            for (const { payload } of attributes(message.payload, 16)) [...attributes(payload)];
        });
      }),
    );
  });
});

describe('attributes', () => {
  it('carry values of any length and come back in order, whatever the padding', () => {
    const some = fc.array(fc.tuple(fc.integer({ min: 1, max: 0x3fff }), anyBytes), { maxLength: 10 });
    fc.assert(
      fc.property(some, (values) => {
        const bytes = Buffer.concat(values.map(([type, payload]) => attribute(type, payload)));
        const read = [...attributes(bytes)].map(({ type, payload }) => [type, Uint8Array.from(payload)]);
        expect(read).toEqual(values);
      }),
    );
  });

  it('are found without the flags of their type', () => {
    expect(attributeMap(attributeNested(7, attributeU32(1, 2))).has(7)).toBe(true);
  });

  it('tolerate the padding that is left over at the end', () => {
    expect([...attributes(Buffer.concat([attributeU32(1, 2), Uint8Array.of(0, 0, 0)]))]).toHaveLength(1);
  });

  it.each([
    ['shorter than its header', [3, 0, 1, 0]],
    ['without length', [0, 0, 1, 0]],
    ['longer than what is there', [9, 0, 1, 0, 1, 2, 3, 4]],
    ['of the greatest length', [0xff, 0xff, 1, 0, 1, 2, 3, 4]],
  ])('refuse an attribute %s', (_name, bytes) => {
    expect(code(() => [...attributes(Uint8Array.from(bytes))])).toBe('netlink-malformed');
  });

  it('refuse a fixed part that is cut off', () => {
    expect(code(() => [...attributes(new Uint8Array(11), 12)])).toBe('netlink-malformed');
  });

  it('refuse to read a number from too few bytes', () => {
    expect(code(() => readU32(Uint8Array.of(1, 2, 3)))).toBe('netlink-malformed');
    expect(code(() => readU32(Uint8Array.of(1, 2, 3, 4), -1))).toBe('netlink-malformed');
  });

  it('cannot be made longer than their length field can say', () => {
    expect(() => attribute(1, new Uint8Array(0xffff))).toThrow(RangeError);
  });

  it('keep ports in network byte order', () => {
    const [port] = [...attributes(attributeU16Network(1, 0x1234))];
    expect([...port!.payload]).toEqual([0x12, 0x34]);
    expect(readU16Network(port!.payload)).toBe(0x1234);
  });
});

describe('readVerdict', () => {
  const verdict = (type: number, payload: Uint8Array, flags = 0) =>
    readVerdict({ type, flags, sequence: 1, port: 1, payload });
  const int32 = (value: number) => new Uint8Array(Int32Array.of(value).buffer);
  const text = attributeString(1, 'Invalid prefix length');

  it('knows success and refusal', () => {
    expect(verdict(NLMSG_ERROR, int32(0))).toEqual({ errno: 0, detail: undefined });
    expect(verdict(NLMSG_ERROR, Buffer.concat([int32(-17), new Uint8Array(16)])).errno).toBe(17);
    expect(verdict(NLMSG_DONE, int32(-16)).errno).toBe(16);
    expect(verdict(NLMSG_DONE, new Uint8Array())).toEqual({ errno: 0, detail: undefined });
  });

  it('finds the explanation after the quoted request, whole or capped', () => {
    const whole = encodeMessage({ type: 20, fixed: new Uint8Array(6) }, 0, 1);
    const padded = Buffer.concat([int32(-22), whole, new Uint8Array(2), text]);
    expect(verdict(NLMSG_ERROR, padded, 0x200)).toEqual({ errno: 22, detail: 'Invalid prefix length' });
    const capped = Buffer.concat([int32(-22), whole.subarray(0, 16), text]);
    expect(verdict(NLMSG_ERROR, capped, 0x300)).toEqual({ errno: 22, detail: 'Invalid prefix length' });
  });

  it('ends for any bytes', () => {
    const flags = fc.constantFrom(0, 0x100, 0x200, 0x300);
    fc.assert(
      fc.property(anyBytes, flags, fc.constantFrom(NLMSG_ERROR, NLMSG_DONE), (payload, bits, type) =>
        isHandled(() => verdict(type, payload, bits)),
      ),
    );
  });

  it('needs an errno', () => {
    expect(code(() => verdict(NLMSG_ERROR, new Uint8Array(3)))).toBe('netlink-malformed');
    expect(readI32(int32(-5))).toBe(-5);
  });
});
