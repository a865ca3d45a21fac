import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ethernet, icmp, icmpError, ipPacket, LINK_HEADER_BYTES, tcp, udp } from './build.ts';
import { hex } from './bytes.ts';
import { checksumsOk, describeFrame } from './describe.ts';
import { fragments, reassemble } from './fragments.ts';

const v4 = { from: '10.0.0.1:4000', to: '10.0.0.100:80' };
const v6 = { from: '[fd00::1]:4000', to: '[fd00::100]:80' };

describe('the frame builder', () => {
  it('agrees with a packet from a textbook, byte for byte', () => {
    // RFC 1071's arithmetic on a header that many write about: 45 00 00 73 ... checksum b861.
    const frame = ipPacket({
      from: '192.168.0.1',
      to: '192.168.0.199',
      protocol: 17,
      payload: 95,
      id: 0,
      df: true,
    });
    expect(hex(frame.subarray(LINK_HEADER_BYTES, LINK_HEADER_BYTES + 20))).toBe(
      '4500007300004000' + '4011b861' + 'c0a80001c0a800c7',
    );
  });

  it('makes correct checksums for every payload, family and option', () => {
    const shape = fc.record({
      payload: fc.uint8Array({ maxLength: 90 }),
      ends: fc.constantFrom(v4, v6),
      options: fc.array(fc.nat(255), { maxLength: 40 }),
      seq: fc.nat(0xffffffff),
    });
    fc.assert(
      fc.property(shape, ({ ends, ...fields }) => {
        expect(describeFrame(tcp({ ...ends, ...fields }))).not.toContain('bad-');
        expect(describeFrame(udp({ ...ends, ...fields }))).not.toContain('bad-');
      }),
    );
  });

  it('leaves wrong what a test wants wrong', () => {
    expect(describeFrame(tcp({ ...v4, checksum: 1 }))).toContain('bad-tcp-checksum');
    expect(describeFrame(udp({ ...v4, ipChecksum: 1 }))).toContain('bad-ip-checksum');
    expect(checksumsOk(udp({ ...v4, checksum: 0 }))).toBe(true);
    expect(checksumsOk(udp({ ...v6, checksum: 0 }))).toBe(false);
  });
});

describe('describeFrame', () => {
  it('says in one line what a frame is', () => {
    expect(describeFrame(tcp({ ...v4, flags: 'SA', seq: 7, ack: 8, payload: 'hi', df: true }))).toBe(
      '10.0.0.1:4000 > 10.0.0.100:80 tcp SA seq=7 ack=8 len=2 ttl=64 id=1 df',
    );
    expect(describeFrame(udp({ ...v6, payload: 'hi', extensions: [{ kind: 'hop-by-hop' }] }))).toBe(
      '[fd00::1]:4000 > [fd00::100]:80 udp len=2 ttl=64 header=48',
    );
    expect(describeFrame(icmp({ from: '10.0.0.1', to: '10.0.0.2', type: 8, rest: 5 }))).toBe(
      '10.0.0.1 > 10.0.0.2 icmp 8/0 rest=5 ttl=64 id=1',
    );
    expect(describeFrame(ethernet(0x0806, new Uint8Array(28)))).toBe('ethertype 0x0806');
  });

  it('shows what an error quotes and what a tunnel carries', () => {
    const about = tcp({ ...v4, seq: 9, flags: 'S' });
    expect(
      describeFrame(icmpError({ kind: 'port-unreachable', from: '10.0.0.100', to: '10.0.0.1', about })),
    ).toBe(
      '10.0.0.100 > 10.0.0.1 icmp 3/3 { 10.0.0.1:4000 > 10.0.0.100:80 tcp seq=9 ttl=64 id=1 } ttl=64 id=1',
    );
    const inner = udp(v6).subarray(LINK_HEADER_BYTES);
    const outer = ipPacket({ from: '10.0.0.1', to: '10.0.0.2', protocol: 41, payload: inner });
    expect(describeFrame(outer)).toContain('ip6-in-ip4 { [fd00::1]:4000 > [fd00::100]:80 udp len=0 ttl=64 }');
    expect(checksumsOk(outer)).toBe(true);
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        fc.constantFrom(0x0800, 0x86dd, 0x0806),
        (bytes, ethertype) => {
          for (const frame of [bytes, ethernet(ethertype, bytes)]) {
            expect(typeof describeFrame(frame)).toBe('string');
            expect(typeof checksumsOk(frame)).toBe('boolean');
          }
        },
      ),
    );
  });
});

describe('fragments', () => {
  it.each([v4, v6])('come together to the packet they were cut from', (ends) => {
    const whole = udp({ ...ends, payload: 3000, df: false, id: 77 });
    const pieces = fragments(whole, 600, 77);
    expect(pieces.length).toBeGreaterThan(4);
    for (const piece of pieces) expect(checksumsOk(piece)).toBe(true);
    expect(hex(reassemble(pieces.toReversed()))).toBe(hex(whole));
  });

  it('cannot be put together when one is missing', () => {
    const pieces = fragments(udp({ ...v4, payload: 3000 }), 600);
    expect(() => reassemble(pieces.slice(0, -1))).toThrow(RangeError);
    expect(() => reassemble(pieces.slice(1))).toThrow(RangeError);
  });
});
