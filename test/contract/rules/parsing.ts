// docs/packet-path.md 1 and 2: what is counted, what is read, what is refused.
import { describe, expect, it } from 'vitest';
import { ethernet, icmp, ipPacket, LINK_HEADER_BYTES, tcp, udp } from '../../support/packet/build.ts';
import { hex, put16 } from '../../support/packet/bytes.ts';
import { checksumsOk } from '../../support/packet/describe.ts';
import { fragments, reassemble } from '../../support/packet/fragments.ts';
import { Bench, type EngineFactory } from './bench.ts';

const v4 = { from: '192.0.2.1:4000', to: '10.0.0.100:53' };
const v6 = { from: '[2001:db8::1]:4000', to: '[fd00::100]:53' };

function bench(create: EngineFactory): Bench {
  const made = new Bench(create);
  made.service('dns udp://10.0.0.100:53', 'a 10.1.0.21:5300');
  made.service('dns6 udp://[fd00::100]:53', 'a [fd00:1::21]:5300');
  made.service('www tcp://10.0.0.100:80', 'a 10.1.0.21:8000');
  return made;
}

/** The frame with one change in its IP header or behind it. */
function changed(frame: Uint8Array, change: (ip: Uint8Array) => void): Uint8Array {
  const copy = frame.slice();
  change(copy.subarray(LINK_HEADER_BYTES));
  return copy;
}

export function parsingRules(create: EngineFactory): void {
  describe('reading a frame', () => {
    it('leaves what is not IP to the host', () => {
      using at = bench(create);
      expect(at.send(ethernet(0x0806, new Uint8Array(28)))).toBe('local');
      expect(at.send(ethernet(0x8100, udp(v4).subarray(12)))).toBe('local');
      expect(at.lines('totals')).toEqual(['totals in=2 forwarded=0 local=2']);
    });

    it.each<[string, Uint8Array]>([
      ['an IPv4 header that is cut off', udp(v4).subarray(0, LINK_HEADER_BYTES + 19)],
      ['another version than the ethertype says', changed(udp(v4), (ip) => ip.fill(0x65, 0, 1))],
      ['an IPv4 header length below 20', changed(udp(v4), (ip) => ip.fill(0x44, 0, 1))],
      ['an IPv4 header beyond its total length', udp({ ...v4, ipLength: 19 })],
      ['an IPv4 total length beyond the frame', udp({ ...v4, ipLength: 29 })],
      ['an IPv6 header that is cut off', udp(v6).subarray(0, LINK_HEADER_BYTES + 39)],
      ['an IPv6 payload length beyond the frame', udp({ ...v6, ipLength: 49 })],
      ['IPv6 with version 4', changed(udp(v6), (ip) => ip.fill(0x40, 0, 1))],
      [
        'a seventh extension header',
        udp({ ...v6, extensions: Array.from({ length: 7 }, () => ({ kind: 'destination' as const })) }),
      ],
      [
        'an extension header that is cut off',
        ipPacket({ ...plain(v6), protocol: 60, payload: Uint8Array.of(17, 1, 0, 0, 0, 0, 0, 0) }),
      ],
      ['an extension header of less than 8 bytes', ipPacket({ ...plain(v6), protocol: 0, payload: 7 })],
      ['an IPv4-mapped source in IPv6', changed(udp(v6), (ip) => ip.set(MAPPED, 8))],
      ['an IPv4-mapped destination in IPv6', changed(udp(v6), (ip) => ip.set(MAPPED, 24))],
    ])('refuses %s', (_, frame) => {
      using at = bench(create);
      expect(at.send(frame)).toBe('drop malformed');
    });

    it.each<[string, Uint8Array]>([
      ['a TCP header that is cut off', ipPacket({ ...plain(v4), protocol: 6, payload: 19 })],
      ['a TCP data offset below 5', tcp({ ...v4, dataOffset: 4 })],
      ['a TCP data offset beyond the packet', tcp({ ...v4, dataOffset: 6 })],
      ['a UDP header that is cut off', ipPacket({ ...plain(v4), protocol: 17, payload: 7 })],
      ['a UDP length below 8', udp({ ...v6, length: 7, checksum: 1 })],
      ['a UDP length beyond the packet', udp({ ...v4, length: 9, checksum: 1 })],
      [
        'a TCP header that is cut off in a first fragment',
        ipPacket({ ...plain(v4), protocol: 6, payload: 16, fragment: { offset: 0, more: true } }),
      ],
    ])('refuses %s', (_, frame) => {
      using at = bench(create);
      expect(at.send(frame)).toBe('drop malformed-transport');
    });

    it('takes a UDP length beyond a first fragment for that of the whole datagram', () => {
      using at = bench(create);
      const frame = udp({
        ...v4,
        length: 900,
        checksum: 0,
        payload: 16,
        fragment: { offset: 0, more: true },
      });
      expect(at.target(frame)).toBe('10.1.0.21:5300');
    });

    it('leaves other protocols and ICMP of less than 8 bytes to the host', () => {
      using at = bench(create);
      expect(at.send(ipPacket({ ...plain(v4), protocol: 47, payload: 20 }))).toBe('local');
      expect(at.send(ipPacket({ ...plain(v4), protocol: 1, payload: 7 }))).toBe('local');
      expect(at.send(ipPacket({ ...plain(v4), protocol: 58, payload: 40 }))).toBe('local');
      expect(at.send(ipPacket({ ...plain(v6), protocol: 59 }))).toBe('local');
      expect(at.send(icmp({ from: '192.0.2.1', to: '10.0.0.100', type: 8 }))).toBe('local');
    });

    it('carries IPv4 options and counts IP bytes without link padding', () => {
      using at = bench(create);
      const options = [7, 4, 1, 0];
      expect(at.send(udp({ ...v4, options, payload: 5, padding: 9 }))).toBe(
        'forward 192.0.2.1:4000 > 10.1.0.21:5300 udp len=5 ttl=63 id=1 header=24',
      );
      expect(at.lines('connection')[0]).toContain('packets=1/0 bytes=37/0');
    });

    it('finds the transport behind six extension headers', () => {
      using at = bench(create);
      const kinds = [
        'hop-by-hop',
        'routing',
        'destination',
        'destination',
        'fragment',
        'destination',
      ] as const;
      const frame = udp({
        ...v6,
        extensions: kinds.map((kind) => (kind === 'fragment' ? { kind } : { kind, bytes: 16 })),
      });
      expect(at.target(frame)).toBe('[fd00:1::21]:5300');
    });
  });

  describe('fragments', () => {
    it.each([
      ['IPv4', v4],
      ['IPv6', v6],
    ])('follow the first one to its server, so that a whole datagram arrives (%s)', (_, ends) => {
      using at = bench(create);
      const whole = udp({ ...ends, payload: 3000, id: 9 });
      const arrived = fragments(whole, 1280, 9).map((piece) => at.output(piece));
      const datagram = reassemble(arrived);
      expect(checksumsOk(datagram)).toBe(true);
      expect(hex(datagram.subarray(-3000))).toBe(hex(whole.subarray(-3000)));
      const bytes = arrived.reduce((sum, frame) => sum + frame.length - LINK_HEADER_BYTES, 0);
      expect(at.lines('connection')[0]).toContain(`packets=${arrived.length}/0 bytes=${bytes}/0`);
    });

    it('follow it on the way back as well', () => {
      using at = bench(create);
      at.send(udp(v4));
      const answer = fragments(udp({ from: '10.1.0.21:5300', to: v4.from, payload: 2000, id: 5 }), 1280, 5);
      const datagram = reassemble(answer.map((piece) => at.output(piece)));
      expect(checksumsOk(datagram)).toBe(true);
      expect(at.lines('connection')[0]).toContain('packets=1/2');
    });

    const [first, second] = fragments(udp({ ...v4, payload: 600, id: 4 }), 400, 4) as [
      Uint8Array,
      Uint8Array,
    ];

    it('are dropped when the first one was never seen, or longer ago than 30 s', () => {
      using at = bench(create);
      expect(at.send(second)).toBe('drop fragment-unknown');
      at.send(first);
      at.wait(29_999);
      expect(at.send(second)).toMatch(/^forward 192.0.2.1 > 10.1.0.21 proto 17/);
      at.wait(1);
      expect(at.send(second)).toBe('drop fragment-unknown');
    });

    it('are told apart by identification, source and protocol', () => {
      using at = bench(create);
      at.send(first);
      const [, other] = fragments(udp({ ...v4, payload: 600, id: 5 }), 400, 5);
      const [, stranger] = fragments(udp({ ...v4, from: '192.0.2.2:4000', payload: 600, id: 4 }), 400, 4);
      const [, stream] = fragments(tcp({ ...v4, payload: 600, id: 4 }), 400, 4);
      for (const frame of [other, stranger, stream]) expect(at.send(frame!)).toBe('drop fragment-unknown');
    });

    it('are left to the host when they go to no virtual address', () => {
      using at = bench(create);
      const [, elsewhere] = fragments(udp({ ...v4, to: '10.0.0.200:53', payload: 600 }), 400);
      expect(at.send(elsewhere!)).toBe('local');
    });

    it('do not keep an entry alive, and do not outlive it', () => {
      using at = bench(create);
      at.engine.setTimeouts({ UDP: 10_000 });
      at.send(first);
      at.wait(9_999);
      expect(at.send(second)).toMatch(/^forward/);
      at.wait(1);
      expect(at.send(second)).toBe('drop fragment-unknown');
      expect(at.load('dns', 'a')).toBe('0/0/0');
    });

    it('do not follow to an entry that took the place of theirs', () => {
      using at = bench(create);
      at.send(first);
      at.engine.flush({ what: 'connections' });
      at.send(udp(v4));
      expect(at.send(second)).toBe('drop fragment-unknown');
    });

    it('are dropped without an answer when their server is leaving or their time is up', () => {
      using at = bench(create);
      at.send(first);
      expect(at.send(changed(second, expire))).toBe('drop ttl-expired');
      at.removeServer('dns', 'a', 'reset');
      expect(at.send(second)).toBe('drop server-removed');
      expect(at.load('dns', 'a')).toBe('1/0/0');
    });
  });
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1];

function plain(ends: { from: string; to: string }): { from: string; to: string } {
  const cut = (end: string) => end.slice(0, end.lastIndexOf(':')).replace(/[[\]]/g, '');
  return { from: cut(ends.from), to: cut(ends.to) };
}

function expire(ip: Uint8Array): void {
  ip[8] = 1;
  put16(ip, 10, 0);
}
