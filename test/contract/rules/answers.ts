// docs/packet-path.md 7: what the director itself answers, byte for byte.
import { describe, expect, it } from 'vitest';
import { icmpError, LINK_HEADER_BYTES, tcp, udp } from '../../support/packet/build.ts';
import { hex } from '../../support/packet/bytes.ts';
import { Bench, type EngineFactory } from './bench.ts';

const families = [
  ['IPv4', { from: '192.0.2.1:4000', to: '10.0.0.100:80' }, '10.1.0.21:80'],
  ['IPv6', { from: '[2001:db8::1]:4000', to: '[fd00::100]:80' }, '[fd00:1::21]:80'],
] as const;
type Ends = (typeof families)[number][1];

function bench(create: EngineFactory, ends: Ends, server: string): Bench {
  const at = new Bench(create);
  at.service(`www tcp://${ends.to} rr`, `a ${server}`);
  at.service(`dns udp://${ends.to} rr`, `a ${server}`);
  return at;
}

const plain = (end: string) => end.slice(0, end.lastIndexOf(':')).replace(/[[\]]/g, '');
const ipOf = (frame: Uint8Array) => hex(frame.subarray(LINK_HEADER_BYTES));

/** The TCP reset that answers from the virtual end. */
function reset({ from, to }: Ends, fields: { flags: string; seq: number; ack: number }): string {
  return ipOf(tcp({ from: to, to: from, window: 0, id: 0, df: true, ...fields }));
}

export function answerRules(create: EngineFactory): void {
  describe.each(families)('answers over %s', (_, ends, server) => {
    const complain = (
      kind: 'time-exceeded' | 'too-big' | 'port-unreachable',
      about: Uint8Array,
      quote: number,
      mtu = 0,
    ) => ipOf(icmpError({ kind, from: plain(ends.to), to: plain(ends.from), about, quote, mtu, id: 0 }));
    const header = ends.from.startsWith('[') ? 40 : 20;

    it.each([
      [
        'its ack where the client sent one',
        { flags: 'PA', seq: 10, ack: 4000 },
        { flags: 'R', seq: 4000, ack: 0 },
      ],
      [
        'all that the client sent otherwise',
        { flags: 'F', seq: 10, ack: 5 },
        { flags: 'RA', seq: 0, ack: 10 + 7 + 1 },
      ],
      ['the FIN too', { flags: 'SF', seq: 0xffffffff, ack: 5 }, { flags: 'RA', seq: 0, ack: 8 }],
      ['nothing but the payload', { flags: '', seq: 1, ack: 5 }, { flags: 'RA', seq: 0, ack: 8 }],
    ])('reset a connection of a removed server, acknowledging %s', (_, sent, expected) => {
      using at = bench(create, ends, server);
      at.send(tcp({ ...ends, flags: 'S' }));
      at.removeServer('www', 'a', 'reset');
      const frame = tcp({
        ...ends,
        ...sent,
        payload: 7,
        tcpOptions: [1, 1, 1, 1],
        tos: 9,
        ttl: 7,
        padding: 3,
      });
      expect(ipOf(at.output(frame))).toBe(reset(ends, expected));
      expect(at.lines('totals')[0]).toContain('server-reset=1');
    });

    it('do not answer a reset', () => {
      using at = bench(create, ends, server);
      at.send(tcp({ ...ends, flags: 'S' }));
      at.removeServer('www', 'a', 'reset');
      expect(at.send(tcp({ ...ends, flags: 'RA' }))).toBe('drop server-reset');
      expect(at.load('www', 'a')).toBe('0/0/0');
    });

    it('say port unreachable to UDP, quoting 20 bytes behind the header', () => {
      using at = bench(create, ends, server);
      at.send(udp(ends));
      at.removeServer('dns', 'a', 'reset');
      const frame = udp({ ...ends, payload: 100 });
      expect(ipOf(at.output(frame))).toBe(complain('port-unreachable', frame, header + 20));
    });

    it('quote no more than there is, and never link padding', () => {
      using at = bench(create, ends, server);
      const frame = udp({ ...ends, payload: 3, ttl: 1, padding: 20 });
      expect(ipOf(at.output(frame))).toBe(complain('time-exceeded', frame, header + 11));
    });

    it('quote IPv4 options and IPv6 extension headers as they came', () => {
      using at = bench(create, ends, server);
      const frame = udp({
        ...ends,
        payload: 90,
        ttl: 1,
        options: [1, 1, 1, 0],
        extensions: [{ kind: 'destination' }],
      });
      expect(ipOf(at.output(frame))).toBe(complain('time-exceeded', frame, header === 20 ? 44 : 60));
    });

    it('tell the size that fits into the tunnel', () => {
      using at = bench(create, ends, `${server} tunnel`);
      const frame = udp({ ...ends, payload: 1453, df: true });
      expect(ipOf(at.output(frame))).toBe(complain('too-big', frame, header + 20, 1500 - header));
    });

    it('go back to where the frame came from', () => {
      using at = bench(create, ends, server);
      const link = { from: [2, 0, 0, 0, 0, 7], to: [0, 0, 0, 0, 0, 0] };
      const out = at.output(udp({ ...ends, ttl: 1, link }));
      expect([...out.subarray(0, 12)]).toEqual([...link.from, ...link.to]);
    });

    it('go to the server when it is the server’s packet whose time is up', () => {
      using at = bench(create, ends, server);
      at.send(tcp({ ...ends, flags: 'S' }));
      const frame = tcp({ from: server, to: ends.from, flags: 'SA', ttl: 1 });
      const expected = icmpError({
        kind: 'time-exceeded',
        from: plain(ends.from),
        to: plain(server),
        about: frame,
        quote: header + 20,
        id: 0,
      });
      expect(ipOf(at.output(frame))).toBe(ipOf(expected));
    });
  });
}
