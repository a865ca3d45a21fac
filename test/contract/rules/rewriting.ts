// docs/packet-path.md 5: what leaves, byte for byte.
import { describe, expect, it } from 'vitest';
import { ipPacket, tcp, udp } from '../../support/packet/build.ts';
import { hex, u16 } from '../../support/packet/bytes.ts';
import { decode } from '../../support/packet/decode.ts';
import { Bench, type EngineFactory } from './bench.ts';

const four = { from: '192.0.2.1:4000', to: '10.0.0.100:53' };
const six = { from: '[2001:db8::1]:4000', to: '[fd00::100]:53' };

function bench(create: EngineFactory, server4: string, server6: string): Bench {
  const at = new Bench(create);
  at.service('dns udp://10.0.0.100:53', `a ${server4}`);
  at.service('dns6 udp://[fd00::100]:53', `a ${server6}`);
  at.service('www tcp://10.0.0.100:53', `a ${server4}`);
  return at;
}

/** The UDP checksum of a frame. */
function udpChecksum(frame: Uint8Array): number {
  const packet = decode(frame);
  if (packet.kind !== 'ip') throw new TypeError('not IP');
  return u16(packet.payload, 6);
}

export function rewritingRules(create: EngineFactory): void {
  describe('nat', () => {
    it('changes addresses, ports, time to live and checksums, and nothing else', () => {
      using at = bench(create, '10.1.0.21:5300', '[fd00:1::21]:5300');
      const rest = { payload: 33, tos: 0xb8, id: 777, df: true, options: [7, 3, 4], flowLabel: 0xabcde };
      expect(hex(at.outputIp(udp({ ...four, ...rest, ttl: 9 })))).toBe(
        hex(udp({ ...four, ...rest, ttl: 8, to: '10.1.0.21:5300' }).subarray(14)),
      );
      expect(hex(at.outputIp(udp({ ...six, ...rest, ttl: 9 })))).toBe(
        hex(udp({ ...six, ...rest, ttl: 8, to: '[fd00:1::21]:5300' }).subarray(14)),
      );
      expect(hex(at.outputIp(udp({ ...rest, from: '[fd00:1::21]:5300', to: six.from })))).toBe(
        hex(udp({ ...rest, from: six.to, to: six.from, ttl: 63 }).subarray(14)),
      );
      const segment = { flags: 'S', window: 512, urgent: 9, tcpOptions: [2, 4, 5, 180, 1], ...rest };
      expect(hex(at.outputIp(tcp({ ...four, ...segment })))).toBe(
        hex(tcp({ ...four, ...segment, ttl: 63, to: '10.1.0.21:5300' }).subarray(14)),
      );
    });

    it.each([
      ['IPv4', four],
      ['IPv6', six],
    ])('leaves a UDP checksum of 0 alone (%s)', (_, ends) => {
      using at = bench(create, '10.1.0.21:5300', '[fd00:1::21]:5300');
      expect(udpChecksum(at.output(udp({ ...ends, checksum: 0 })))).toBe(0);
    });

    it('writes a UDP checksum that becomes 0 as 0xffff', () => {
      using at = bench(create, '10.1.0.21:5300', '[fd00:1::21]:5300');
      // Two payload bytes are chosen so that the datagram as the server gets it sums up to nothing.
      const bare = udpChecksum(udp({ ...four, to: '10.1.0.21:5300', payload: Uint8Array.of(0, 0) }));
      const frame = udp({ ...four, payload: Uint8Array.of(bare >> 8, bare & 255) });
      expect(udpChecksum(at.output(frame))).toBe(0xffff);
    });

    it('passes a wrong checksum on as wrong as it was', () => {
      using at = bench(create, '10.1.0.21:5300', '[fd00:1::21]:5300');
      expect(at.send(udp({ ...four, checksum: 0x1234, payload: 4 }))).toContain('bad-udp-checksum');
      expect(at.send(tcp({ ...four, flags: 'S', ipChecksum: 0x1234 }))).toContain('bad-ip-checksum');
    });

    it('keeps link padding out of the packet', () => {
      using at = bench(create, '10.1.0.21:5300', '[fd00:1::21]:5300');
      expect(at.outputIp(udp({ ...four, payload: 2, padding: 16 })).length).toBe(30);
    });
  });

  describe('route', () => {
    it('changes the time to live alone', () => {
      using at = bench(create, '10.1.0.21:53 route', '[fd00:1::21]:53 route');
      for (const ends of [four, six])
        expect(hex(at.outputIp(udp({ ...ends, payload: 9, tos: 3 })))).toBe(
          hex(udp({ ...ends, payload: 9, tos: 3, ttl: 63 }).subarray(14)),
        );
    });
  });

  describe('tunnel', () => {
    const rest = { payload: 50, tos: 0x2e, flowLabel: 0x12345, id: 4711 };
    const inner = (ends: typeof four, df: boolean) => udp({ ...ends, ...rest, df, ttl: 63 }).subarray(14);

    it.each([true, false])('carries IPv4 in IPv4 with its TOS, identification and DF (%s)', (df) => {
      using at = bench(create, '10.1.0.21:53 tunnel', '[fd00:1::21]:53');
      const outer = { from: '10.1.0.11', to: '10.1.0.21', protocol: 4, ttl: 64, tos: 0x2e, id: 4711, df };
      expect(hex(at.outputIp(udp({ ...four, ...rest, df })))).toBe(
        hex(ipPacket({ ...outer, payload: inner(four, df) }).subarray(14)),
      );
    });

    it('carries IPv6 in IPv4 with DF and no identification', () => {
      using at = bench(create, '10.1.0.21:53', '10.1.0.21:53 tunnel');
      const outer = { from: '10.1.0.11', to: '10.1.0.21', protocol: 41, tos: 0x2e, id: 0, df: true };
      expect(hex(at.outputIp(udp({ ...six, ...rest })))).toBe(
        hex(ipPacket({ ...outer, payload: inner(six, true) }).subarray(14)),
      );
    });

    it.each([
      ['IPv4', four, '[fd00:1::21]:53 tunnel', '[fd00:1::21]:53', 4],
      ['IPv6', six, '10.1.0.21:53', '[fd00:1::21]:53 tunnel', 41],
    ])(
      'carries %s in IPv6 with its traffic class and no flow label',
      (_, ends, server4, server6, protocol) => {
        using at = bench(create, server4, server6);
        const outer = { from: 'fd00:1::11', to: 'fd00:1::21', protocol, tos: 0x2e };
        expect(hex(at.outputIp(udp({ ...ends, ...rest })))).toBe(
          hex(ipPacket({ ...outer, payload: inner(ends, false) }).subarray(14)),
        );
      },
    );

    it('counts the packet’s own bytes, not those of the outer header', () => {
      using at = bench(create, '10.1.0.21:53 tunnel', '[fd00:1::21]:53');
      at.send(udp({ ...four, payload: 50 }));
      expect(at.lines('connection')[0]).toContain('bytes=78/0');
    });
  });
}
