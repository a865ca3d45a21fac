// docs/packet-path.md 6: errors about balanced connections reach the one who has to know.
import { describe, expect, it } from 'vitest';
import {
  type IcmpErrorKind,
  icmp,
  icmpError,
  LINK_HEADER_BYTES,
  tcp,
  udp,
} from '../../support/packet/build.ts';
import { hex } from '../../support/packet/bytes.ts';
import { fragments } from '../../support/packet/fragments.ts';
import { Bench, type EngineFactory } from './bench.ts';

interface World {
  readonly service: string;
  readonly real: string;
  readonly client: string;
  readonly vip: string;
  readonly router: string;
}

/** One nat connection per family. */
const WORLDS: readonly (readonly [string, World])[] = [
  [
    'IPv4',
    {
      service: 'tcp://10.0.0.100:80',
      real: '10.1.0.21:8000',
      client: '192.0.2.1:4000',
      vip: '10.0.0.100:80',
      router: '198.51.100.9',
    },
  ],
  [
    'IPv6',
    {
      service: 'tcp://[fd00::100]:80',
      real: '[fd00:1::21]:8000',
      client: '[2001:db8::1]:4000',
      vip: '[fd00::100]:80',
      router: '2001:db8:9::9',
    },
  ],
];

const host = (end: string) => end.slice(0, end.lastIndexOf(':')).replace(/[[\]]/g, '');
const [, four] = WORLDS[0]!;

function bench(create: EngineFactory, { service, real, client, vip }: World): Bench {
  const at = new Bench(create);
  at.service(`www ${service} rr`, `a ${real}`);
  at.send(tcp({ from: client, to: vip, flags: 'S' }));
  return at;
}

/** An error about the server's answer, as it left the director. */
function fromClientSide({ client, vip, router }: World, kind: IcmpErrorKind, more = {}): Uint8Array {
  const about = tcp({ from: vip, to: client, flags: 'SA', ttl: 50 });
  return icmpError({ kind, from: router, to: host(vip), about, ...more });
}

export function icmpRules(create: EngineFactory): void {
  describe('an ICMP error from the client’s side', () => {
    it.each(WORLDS)('goes to the real server as if about what that had sent (%s)', (_, world) => {
      using at = bench(create, world);
      const mtu = { mtu: 1280, ttl: 40 };
      const asServerKnows = tcp({ from: world.real, to: world.client, flags: 'SA', ttl: 50 });
      // The transport checksum stays as it was quoted: from what the client's side has seen.
      const asQuoted = tcp({ from: world.vip, to: world.client, flags: 'SA', ttl: 50 });
      asServerKnows.set(asQuoted.slice(-4, -2), asServerKnows.length - 4);
      const expected = icmpError({
        kind: 'too-big',
        from: world.router,
        to: host(world.real),
        about: asServerKnows,
        mtu: 1280,
        ttl: 39,
      });
      expect(hex(at.outputIp(fromClientSide(world, 'too-big', mtu)))).toBe(
        hex(expected.subarray(LINK_HEADER_BYTES)),
      );
    });

    it('counts for entry and server, and leaves state and lifetime alone', () => {
      using at = bench(create, four);
      at.wait(1000);
      expect(at.send(fromClientSide(four, 'unreachable'))).toMatch(
        /^forward 198.51.100.9 > 10.1.0.21 icmp 3\/1/,
      );
      expect(at.lines('connection')[0]).toContain('SYN_RECV expires=59000 packets=2/0 bytes=96/0');
      expect(at.lines('server')[0]).toContain('packets=2/0 bytes=96/0');
    });

    it.each([
      ['route', /^forward 198.51.100.9 > 10.0.0.100 icmp 3\/1 \{ 10.0.0.100:80 > /],
      ['tunnel', /^forward 10.1.0.11 > 10.1.0.21 ip4-in-ip4 \{ 198.51.100.9 > 10.0.0.100 icmp 3\/1/],
      ['local', /^local$/],
    ])('goes the way of its connection (%s)', (method, expected) => {
      using at = bench(create, { ...four, real: `10.1.0.21:80 ${method}` });
      expect(at.send(fromClientSide(four, 'unreachable'))).toMatch(expected);
      expect(at.lines('connection')[0]).toContain('packets=2/0');
    });

    it('is not answered when its own time is up or its tunnel is too narrow', () => {
      using at = bench(create, { ...four, real: '10.1.0.21:80 tunnel' });
      expect(at.send(fromClientSide(four, 'unreachable', { ttl: 1 }))).toBe('drop ttl-expired');
      const about = tcp({ from: four.vip, to: four.client, payload: 1460 });
      const long = icmpError({
        kind: 'unreachable',
        from: four.router,
        to: '10.0.0.100',
        about,
        quote: 1470,
        df: true,
      });
      expect(at.send(long)).toBe('drop too-big');
    });

    it('is dropped when the server is leaving, whatever the policy', () => {
      using at = bench(create, four);
      at.removeServer('www', 'a', 'reset');
      expect(at.send(fromClientSide(four, 'unreachable'))).toBe('drop server-removed');
      expect(at.load('www', 'a')).toBe('0/1/0');
    });

    it('is dropped when it quotes no connection of the service, and frees one that has expired', () => {
      using at = bench(create, four);
      expect(at.send(fromClientSide({ ...four, client: '192.0.2.1:4001' }, 'unreachable'))).toBe(
        'drop icmp-unmatched',
      );
      at.wait(60_000);
      expect(at.send(fromClientSide(four, 'unreachable'))).toBe('drop icmp-unmatched');
      expect(at.load('www', 'a')).toBe('0/0/0');
    });

    it('is left to the host when no present service listens on what it quotes', () => {
      using at = bench(create, four);
      expect(at.send(fromClientSide({ ...four, vip: '10.0.0.100:81' }, 'unreachable'))).toBe('local');
      at.removeService('www');
      expect(at.send(fromClientSide({ ...four, client: '192.0.2.1:4001' }, 'unreachable'))).toBe('local');
    });

    it.each<[string, Uint8Array]>([
      ['an echo request', icmp({ from: four.router, to: '10.0.0.100', type: 8, payload: 40 })],
      [
        'a redirect',
        icmp({
          from: four.router,
          to: '10.0.0.100',
          type: 5,
          payload: tcp({ from: four.vip, to: four.client }).slice(14),
        }),
      ],
      ['an error whose quotation is cut off', fromClientSide(four, 'unreachable', { quote: 27 })],
      ['an error about a later fragment', aboutFragment(1)],
      [
        'an error about another protocol',
        icmpError({
          kind: 'unreachable',
          from: four.router,
          to: '10.0.0.100',
          about: icmp({ from: '10.0.0.100', to: '192.0.2.1', type: 0 }),
        }),
      ],
    ])('is left to the host when it is %s', (_, frame) => {
      using at = bench(create, four);
      expect(at.send(frame)).toBe('local');
    });

    it('is known by a first fragment that it quotes', () => {
      using at = bench(create, four);
      expect(at.send(aboutFragment(0))).toMatch(/^forward/);
    });

    it.each<IcmpErrorKind>([
      'unreachable',
      'port-unreachable',
      'too-big',
      'time-exceeded',
      'parameter-problem',
    ])('is passed on whatever it complains about (%s)', (kind) => {
      for (const [, world] of WORLDS) {
        using at = bench(create, world);
        expect(at.send(fromClientSide(world, kind))).toMatch(/^forward/);
      }
    });

    it('finds the service of all ports', () => {
      using at = new Bench(create);
      at.service('all udp://10.0.0.101:0', 'a 10.1.0.21:0');
      at.send(udp({ from: four.client, to: '10.0.0.101:777' }));
      const error = (port: number) => {
        const about = udp({ from: `10.0.0.101:${port}`, to: four.client, payload: 5 });
        return icmpError({ kind: 'port-unreachable', from: four.router, to: '10.0.0.101', about });
      };
      expect(at.send(error(777))).toMatch(/^forward .* \{ 10.1.0.21:777 > 192.0.2.1:4000 udp/);
      expect(at.send(error(778))).toBe('drop icmp-unmatched');
    });
  });

  describe('an ICMP error from the server’s side', () => {
    const fromServerSide = ({ client, real }: World, more = {}) => {
      const about = tcp({ from: client, to: real, flags: 'S', ttl: 63 });
      return icmpError({ kind: 'port-unreachable', from: host(real), to: host(client), about, ...more });
    };

    it.each(WORLDS)('goes to the client in the name of the virtual service (%s)', (_, world) => {
      using at = bench(create, world);
      const asClientKnows = tcp({ from: world.client, to: world.vip, flags: 'S', ttl: 63 });
      const asQuoted = tcp({ from: world.client, to: world.real, flags: 'S', ttl: 63 });
      asClientKnows.set(asQuoted.slice(-4, -2), asClientKnows.length - 4);
      const expected = icmpError({
        kind: 'port-unreachable',
        from: host(world.vip),
        to: host(world.client),
        about: asClientKnows,
        ttl: 63,
      });
      expect(hex(at.outputIp(fromServerSide(world)))).toBe(hex(expected.subarray(LINK_HEADER_BYTES)));
      expect(at.lines('connection')[0]).toContain('packets=1/1');
    });

    it('is left to the host when it goes to somebody else than the client', () => {
      using at = bench(create, four);
      expect(at.send(fromServerSide(four, { to: '192.0.2.99' }))).toBe('local');
    });

    it('is dropped when its time is up or its server is leaving', () => {
      using at = bench(create, four);
      expect(at.send(fromServerSide(four, { ttl: 1 }))).toBe('drop ttl-expired');
      at.removeServer('www', 'a', 'reassign');
      expect(at.send(fromServerSide(four))).toBe('drop server-removed');
    });
  });
}

/** About one of the fragments of a server's answer. */
function aboutFragment(index: number): Uint8Array {
  const about = fragments(tcp({ from: four.vip, to: four.client, payload: 600 }), 400)[index]!;
  return icmpError({ kind: 'time-exceeded', from: four.router, to: '10.0.0.100', about });
}
