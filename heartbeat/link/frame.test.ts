import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeBeat,
  decodeHead,
  encodeFrame,
  FRAME_MAX_BYTES,
  FRAME_MIN_BYTES,
  LINKS_MAX,
  nameHash,
} from './frame.ts';
import { ahead } from './serial-number.ts';
import { anyBeat, beat } from './support/beats.ts';

const u32 = fc.nat({ max: 0xffff_ffff });
const anyEnvelope = fc.record({
  cluster: u32,
  sender: u32,
  keyId: fc.nat({ max: 255 }),
  link: fc.nat({ max: LINKS_MAX - 1 }),
  echo: u32,
});
const envelope = { cluster: 1, sender: 2, keyId: 3, link: 0, echo: 0 };

describe('a frame', () => {
  it('says again what it was told', () => {
    fc.assert(
      fc.property(anyEnvelope, anyBeat, (outer, inner) => {
        const frame = encodeFrame(outer, inner);
        const { bootId, sequence } = inner;
        expect(decodeHead(frame)).toEqual({ ...outer, bootId, sequence });
        expect(decodeBeat(frame, 'lb1')).toEqual(inner);
      }),
    );
  });

  it('has 77 bytes with three links, and 107 with eight', () => {
    const lengths = [0, 3, 8].map((links) => {
      const heard = Array.from({ length: links }, () => undefined);
      return encodeFrame(envelope, beat({ heard })).length;
    });
    expect(lengths).toEqual([FRAME_MIN_BYTES, 77, FRAME_MAX_BYTES]);
    expect(FRAME_MAX_BYTES).toBe(107);
  });

  it('is as it always was: directors of different versions meet', () => {
    const heard = [{ sequence: 0x01020304, age_ms: 5 }, undefined];
    const frame = encodeFrame(
      { cluster: nameHash('web'), sender: nameHash('lb1'), keyId: 9, link: 1, echo: 0x0a0b0c0d },
      beat({ bootId: 0x11121314, sequence: 0x21222324, role: 'active', handover: true, heard }),
    );
    expect(Buffer.from(frame).toString('hex')).toBe(
      [
        'f101',
        '4b5e57f6', // of "web"
        '948e9224', // of "lb1"
        '09',
        '12',
        '11121314',
        '0a0b0c0d',
        '21222324',
        '00000007',
        '0062', // active, good, complete, handover
        '64',
        '00000003',
        'deadbeef',
        '0000000c',
        '010203040005',
        '00000000ffff',
        '00'.repeat(16),
      ].join(''),
    );
  });

  it('tells ages beyond its range as the greatest, and never takes them for “never”', () => {
    const ages = [0.4, -3, 65_534, 65_535, 1e12].map((age_ms) => ({ sequence: 1, age_ms }));
    const decoded = decodeBeat(encodeFrame(envelope, beat({ heard: ages })), 'lb1');
    expect(decoded?.heard.map((one) => one?.age_ms)).toEqual([0, 0, 65_534, 65_534, 65_534]);
  });

  it('counts on when its counters wrap', () => {
    expect(decodeBeat(encodeFrame(envelope, beat({ sequence: 2 ** 32 + 5 })), 'lb1')?.sequence).toBe(5);
  });

  it('is refused at every length that is not its own', () => {
    fc.assert(
      fc.property(anyBeat, fc.nat({ max: 200 }), (inner, length) => {
        const whole = encodeFrame(envelope, inner);
        fc.pre(length !== whole.length);
        const cut = new Uint8Array(length);
        cut.set(whole.subarray(0, length));
        expect(decodeHead(cut)).toBe(length < whole.length ? 'truncated' : 'oversized');
      }),
    );
  });

  it.each([
    ['bad-magic', 0, 0],
    ['other-version', 1, 2],
    ['malformed', 11, 0x80], // link 8
    ['malformed', 11, 0x09], // nine entries
  ])('is %s with byte %d of %d', (reason, at, value) => {
    const frame = encodeFrame(envelope, beat());
    frame[at] = value;
    expect(decodeHead(frame)).toBe(reason);
  });

  it.each([
    ['a role that there is not', 29, 0x03],
    ['a health that there is not', 29, 0x0c],
    ['priority 0', 30, 0],
  ])('is no beat with %s', (_what, at, value) => {
    const frame = encodeFrame(envelope, beat());
    frame[at] = value;
    expect(decodeBeat(frame, 'lb1')).toBeUndefined();
  });

  it('may carry flags that mean nothing yet', () => {
    const frame = encodeFrame(envelope, beat());
    frame[28] = 0xff;
    expect(decodeBeat(frame, 'lb1')).toEqual(beat());
  });

  it('takes any bytes at all without a fault', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, dressed) => {
        if (dressed) bytes.set(Uint8Array.of(0xf1, 1).subarray(0, bytes.length));
        const head = decodeHead(bytes);
        if (typeof head !== 'string') decodeBeat(bytes, 'lb1');
      }),
    );
  });

  it('refuses to speak of more links than it can', () => {
    const nine = Array.from({ length: 9 }, () => undefined);
    expect(() => encodeFrame(envelope, beat({ heard: nine }))).toThrow(RangeError);
    expect(() => encodeFrame({ ...envelope, link: 8 }, beat())).toThrow(RangeError);
  });
});

describe('serial numbers', () => {
  it.each([
    [1, 0, 1],
    [0, 1, -1],
    [0, 0xffff_ffff, 1],
    [0xffff_ffff, 0, -1],
    [5, 0xffff_fff0, 21],
    [0x8000_0000, 0, -0x8000_0000],
    [7, 7, 0],
  ])('%d is ahead of %d by %d', (a, b, distance) => {
    expect(ahead(a, b)).toBe(distance);
  });
});
