// Text for tests that nobody would type: any 16-bit units, halves of surrogate pairs and control characters among them.
import fc from 'fast-check';

export const anyText = (length_max: number): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.integer({ min: 0, max: 0xff }), fc.integer({ min: 0, max: 0xffff })), {
      maxLength: length_max,
    })
    .map((units) => String.fromCharCode(...units));
