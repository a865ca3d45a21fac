import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CobsReader, decodeCobs, encodeCobs } from './cobs.ts';
import { encodeFrame, FRAME_MAX_BYTES } from './frame.ts';
import { anyBeat, beat } from './support/beats.ts';

function read(...pieces: Uint8Array[]): { frames: string[]; garbled: number } {
  const frames: string[] = [];
  const reader = new CobsReader((frame) => frames.push(Buffer.from(frame).toString('hex')));
  for (const piece of pieces) reader.take(piece);
  return { frames, garbled: reader.garbled };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => Buffer.from(text, 'hex');
const frame = fc.uint8Array({ minLength: 1, maxLength: FRAME_MAX_BYTES });

describe('frames on a line', () => {
  it.each([
    ['00', '000101' + '00'],
    ['0000', '00010101' + '00'],
    ['11220033', '00031122' + '0233' + '00'],
    ['11000000', '000211010101' + '00'],
  ])('%s is sent as %s', (plain, line) => {
    expect(hex(encodeCobs(bytes(plain)))).toBe(line);
  });

  it.each([253, 254, 255, 508, 509, 1_000])('of %d bytes without a 0 come back', (length) => {
    for (const tail of [[], [0], [7]]) {
      const plain = Uint8Array.of(...new Uint8Array(length).fill(1), ...tail);
      const line = encodeCobs(plain);
      expect(line.subarray(1, -1)).not.toContain(0);
      expect([line[0], line.at(-1)]).toEqual([0, 0]);
      expect(decodeCobs(line.subarray(1, -1))).toEqual(plain);
    }
  });

  it('come back whole, however the line cuts them up', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 5 }), fc.integer({ min: 1, max: 50 }), (frames, size) => {
        const line = Buffer.concat(frames.map(encodeCobs));
        const pieces = Array.from({ length: Math.ceil(line.length / size) }, (_, index) =>
          line.subarray(index * size, (index + 1) * size),
        );
        expect(read(...pieces)).toEqual({ frames: frames.map(hex), garbled: 0 });
      }),
    );
  });

  it('are spoiled one by one: noise costs the frame that it hits', () => {
    fc.assert(
      fc.property(
        frame,
        frame,
        frame,
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        (one, two, three, at, byte) => {
          const hit = encodeCobs(two);
          hit[1 + (at % (hit.length - 2))] = byte;
          const { frames } = read(encodeCobs(one), hit, encodeCobs(three));
          expect([frames[0], frames.at(-1)]).toEqual([hex(one), hex(three)]);
        },
      ),
    );
  });

  it('begin anew after a line that was joined in the middle', () => {
    const line = encodeCobs(bytes('1122330044'));
    expect(read(line.subarray(3), line)).toEqual({ frames: ['1122330044'], garbled: 1 });
  });

  it('leave out and count what is longer than any frame, however long', () => {
    const endless = new Uint8Array(100_000).fill(7);
    expect(read(endless, endless, encodeCobs(bytes('11')))).toEqual({ frames: ['11'], garbled: 1 });
  });

  it('are read from any bytes at all without a fault', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), (pieces) => {
        for (const one of read(...pieces).frames)
          expect(one.length / 2).toBeLessThanOrEqual(FRAME_MAX_BYTES + 1);
      }),
    );
  });

  it('of three links need less than half of 100 ms at 19 200 baud, whatever they say', () => {
    const envelope = { cluster: 1, sender: 2, keyId: 3, link: 2, echo: 4 };
    fc.assert(
      fc.property(anyBeat, (one) => {
        const said = beat({ ...one, heard: [undefined, { sequence: 1, age_ms: 2 }, undefined] });
        const line = encodeCobs(encodeFrame(envelope, said));
        expect(line.length).toBe(80);
        expect((line.length * 10 * 1_000) / 19_200).toBeLessThan(50);
      }),
    );
  });
});
