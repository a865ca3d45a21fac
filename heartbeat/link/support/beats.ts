// Beats and keys for the tests of the wires.
import fc from 'fast-check';
import { type Beat, HEALTHS, ROLES } from '../../core/types.ts';
import { keyringsFrom } from '../keys.ts';

export const KEY = 'a'.repeat(64);
export const OTHER_KEY = 'b'.repeat(64);

export function ring(...keys: string[]) {
  return keyringsFrom(keys.length === 0 ? [KEY] : keys).forPurpose('beat');
}

export function beat(changes: Partial<Beat> = {}): Beat {
  return {
    director: 'lb1',
    bootId: 1,
    sequence: 1,
    epoch: 7,
    role: 'standby',
    health: 'good',
    hold: false,
    complete: true,
    handover: false,
    asks: false,
    priority: 100,
    revision: 3,
    revisionHash: 0xdead_beef,
    syncPosition: 12,
    heard: [undefined, undefined, undefined],
    ...changes,
  };
}

const u32 = fc.nat({ max: 0xffff_ffff });
const heard = fc.option(fc.record({ sequence: u32, age_ms: fc.nat({ max: 0xfffe }) }), { nil: undefined });

export const anyBeat: fc.Arbitrary<Beat> = fc.record({
  director: fc.constant('lb1'),
  bootId: fc.integer({ min: 1, max: 0xffff_ffff }),
  sequence: u32,
  epoch: u32,
  role: fc.constantFrom(...ROLES),
  health: fc.constantFrom(...HEALTHS),
  hold: fc.boolean(),
  complete: fc.boolean(),
  handover: fc.boolean(),
  asks: fc.boolean(),
  priority: fc.integer({ min: 1, max: 255 }),
  revision: u32,
  revisionHash: u32,
  syncPosition: u32,
  heard: fc.array(heard, { maxLength: 8 }),
});
