import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address } from '../../../director/model/address.ts';
import { gratuitousArp, unsolicitedAdvertisement } from '../../../heartbeat/takeover/announce-frames.ts';
import { macBytes, macText, question, readSighting } from './frames.ts';

const OWN = { 4: address('10.0.0.250'), 6: address('fd00::250') } as const;
const VIP = { 4: address('10.0.0.100'), 6: address('fd00::100') } as const;
const MAC = '02:00:00:00:00:0a';
const asker = (family: 4 | 6) => ({ mac: macBytes('02:00:00:00:00:fa'), address: OWN[family] });

describe('what the observer reads', () => {
  it('takes announcements of every form for what they are', () => {
    const announced = { mac: MAC, kind: 'announcement' };
    for (const form of ['request', 'reply'] as const)
      expect(readSighting(gratuitousArp(VIP[4], macBytes(MAC), form), OWN[4])).toEqual({
        vip: VIP[4],
        ...announced,
      });
    expect(readSighting(unsolicitedAdvertisement(VIP[6], macBytes(MAC), { router: true }), OWN[6])).toEqual({
      vip: VIP[6],
      ...announced,
    });
  });

  it('learns nothing from questions', () => {
    for (const family of [4, 6] as const)
      expect(readSighting(question(VIP[family], asker(family)), OWN[family])).toBeUndefined();
  });

  it('takes a reply to its own question for an answer, one to others for an announcement', () => {
    const reply = gratuitousArp(VIP[4], macBytes(MAC), 'reply');
    reply.set([10, 0, 0, 250], 38);
    expect(readSighting(reply, OWN[4])).toEqual({ vip: VIP[4], mac: MAC, kind: 'answer' });
    expect(readSighting(reply, address('10.0.0.249'))).toMatchObject({ kind: 'announcement' });
  });

  it('survives whatever is on the wire', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 128 }), fc.constantFrom(0x0806, 0x86dd), (bytes, type) => {
        const frame = bytes.slice();
        if (frame.length >= 14) new DataView(frame.buffer).setUint16(12, type);
        const sighting = readSighting(frame, OWN[4]);
        if (sighting) expect(macText(macBytes(sighting.mac))).toBe(sighting.mac);
      }),
    );
  });
});
