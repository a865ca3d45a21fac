// docs/packet-path.md 3 (nothing found) and 4: which service, which server, and what a new entry needs.
import { describe, expect, it } from 'vitest';
import type { SchedulerName } from '../../../director/model/service.ts';
import { tcp, udp } from '../../support/packet/build.ts';
import { Bench, type EngineFactory } from './bench.ts';

const vip = '10.0.0.100:80';
/** The first packet of the client with this port. */
const syn = (port: number, to = vip, client = '192.0.2.1') =>
  tcp({ from: `${client}:${port}`, to, flags: 'S' });

export function admissionRules(create: EngineFactory): void {
  describe('a packet that belongs to no entry', () => {
    it('is left to the host when nobody listens, or its protocol or port is another', () => {
      using at = new Bench(create);
      at.service('www tcp://10.0.0.100:80', 'a 10.1.0.21:80');
      expect(at.send(syn(1, '10.0.0.200:80'))).toBe('local');
      expect(at.send(syn(1, '10.0.0.100:81'))).toBe('local');
      expect(at.send(udp({ from: '192.0.2.1:1', to: vip }))).toBe('local');
    });

    it.each(['A', 'SA', 'FA', 'R', 'SF', 'SR', '', 'PU'])(
      'is left to the host when it is TCP with %j',
      (flags) => {
        using at = new Bench(create);
        at.service('www tcp://10.0.0.100:80', 'a 10.1.0.21:80');
        expect(at.send(tcp({ from: '192.0.2.1:1', to: vip, flags }))).toBe('local');
      },
    );

    it('opens a connection with SYN even beside PSH and URG', () => {
      using at = new Bench(create);
      at.service('www tcp://10.0.0.100:80', 'a 10.1.0.21:80');
      expect(at.target(tcp({ from: '192.0.2.1:1', to: vip, flags: 'SPU' }))).toBe('10.1.0.21:80');
    });

    it('goes to the service of its port before that of all ports', () => {
      using at = new Bench(create);
      at.service('all tcp://10.0.0.100:0', 'a 10.1.0.21:0');
      at.service('www tcp://10.0.0.100:80', 'b 10.1.0.22:8080');
      expect(at.target(syn(1))).toBe('10.1.0.22:8080');
      expect(at.target(syn(1, '10.0.0.100:21'))).toBe('10.1.0.21:21');
      at.removeService('www');
      expect(at.send(syn(2))).toBe('local');
      at.engine.flush({ what: 'connections' });
      at.engine.sweep();
      expect(at.target(syn(2))).toBe('10.1.0.21:80');
    });

    it('keeps its port towards a server on all ports, and gets the server’s where it has one', () => {
      using at = new Bench(create);
      at.service('all tcp://10.0.0.100:0 rr', 'a 10.1.0.21:0', 'b 10.1.0.22:2121', 'c 10.1.0.23:0 route');
      for (const port of [1, 2, 3]) at.send(syn(port, '10.0.0.100:21'));
      expect(at.lines('connection').map((line) => line.split(' ').slice(3, 5).join(' '))).toEqual([
        '10.0.0.100:21 10.1.0.21:21',
        '10.0.0.100:21 10.1.0.22:2121',
        '10.0.0.100:21 10.1.0.23:21',
      ]);
      expect(at.send(tcp({ from: '10.1.0.21:21', to: '192.0.2.1:1', flags: 'SA' }))).toMatch(
        /^forward 10.0.0.100:21 > /,
      );
    });

    it('is dropped when no server can take it, and changes nothing', () => {
      using at = new Bench(create);
      at.service('www tcp://10.0.0.100:80 rr 60s/32');
      expect(at.send(syn(1))).toBe('drop no-server');
      at.addServer('www', 'a 10.1.0.21:80 nat 0');
      expect(at.send(syn(1))).toBe('drop no-server');
      expect([...at.lines('connection'), ...at.lines('template')]).toEqual([]);
      expect(at.lines('service')[0]).toContain('conns=0');
    });

    it('makes no entry when it cannot make its way', () => {
      using at = new Bench(create);
      at.service('dns udp://10.0.0.100:53 rr 60s/32', 'a 10.1.0.21:53 tunnel');
      const question = { from: '192.0.2.1:1', to: '10.0.0.100:53' };
      expect(at.send(udp({ ...question, ttl: 1 }))).toMatch(/^reply ttl-expired/);
      expect(at.send(udp({ ...question, df: true, payload: 1453 }))).toMatch(/^reply too-big/);
      expect([...at.lines('connection'), ...at.lines('template')]).toEqual([]);
      expect(at.send(udp({ ...question, df: true, payload: 1452 }))).toMatch(/^forward/);
    });

    it('is active at once when it is UDP', () => {
      using at = new Bench(create);
      at.service('dns udp://10.0.0.100:53', 'a 10.1.0.21:53');
      at.send(udp({ from: '192.0.2.1:1', to: '10.0.0.100:53', payload: 10 }));
      expect(at.load('dns', 'a')).toBe('1/0/0');
      expect(at.lines('connection')).toEqual([
        'connection udp 192.0.2.1:1 10.0.0.100:53 10.1.0.21:53 dns/a nat UDP expires=300000 packets=1/0 bytes=38/0',
      ]);
    });
  });

  describe('two services with one nat server', () => {
    function pair(): Bench {
      const at = new Bench(create);
      at.service('www tcp://10.0.0.100:80', 'a 10.1.0.21:80');
      at.service('shop tcp://10.0.0.102:80', 'a 10.1.0.21:80');
      at.send(syn(1));
      return at;
    }

    it('refuse a client port that the server already sees from the other one', () => {
      using at = pair();
      expect(at.send(syn(1, '10.0.0.102:80'))).toBe('drop tuple-conflict');
      expect(at.target(syn(2, '10.0.0.102:80'))).toBe('10.1.0.21:80');
      expect(at.load('shop', 'a')).toBe('0/1/0');
    });

    it.each([
      ['CLOSE', ['A', 'R']],
      ['TIME_WAIT', ['A', 'FA', 'answer FA']],
      ['FIN_WAIT', ['A', 'answer FA']],
    ])('free the other one’s connection when it is in %s', (state, packets) => {
      using at = pair();
      for (const packet of packets) {
        const [side, flags] = packet.startsWith('answer') ? ['server', packet.slice(7)] : ['client', packet];
        at.send(
          side === 'client'
            ? tcp({ from: '192.0.2.1:1', to: vip, flags })
            : tcp({ from: '10.1.0.21:80', to: '192.0.2.1:1', flags }),
        );
      }
      expect(at.states()).toEqual([state]);
      expect(at.target(syn(1, '10.0.0.102:80'))).toBe('10.1.0.21:80');
      expect(at.load('www', 'a')).toBe('0/0/0');
    });

    it('do not mind one that has expired, nor other methods', () => {
      using at = pair();
      at.editServer('shop', 'a 10.1.0.21:80 route');
      expect(at.send(syn(1, '10.0.0.102:80'))).toMatch(/^forward/);
      at.editServer('shop', 'a 10.1.0.21:80 nat');
      at.engine.flush({ what: 'connections', service: 'shop' });
      at.wait(60_000);
      expect(at.target(syn(1, '10.0.0.102:80'))).toBe('10.1.0.21:80');
    });
  });

  describe('a client that is virtual itself', () => {
    it('is refused while its server’s answers would be taken for packets of another connection', () => {
      using at = new Bench(create);
      at.service('www tcp://10.0.0.100:80', 'a 10.1.0.21:80');
      at.service('shop tcp://10.0.0.102:80', 'b 10.1.0.22:80');
      // The server is a client of shop; then whoever sends as shop's address would be a client of that very server.
      at.send(tcp({ from: '10.1.0.21:80', to: '10.0.0.102:80', flags: 'S' }));
      const asShop = tcp({ from: '10.0.0.102:80', to: vip, flags: 'S' });
      expect(at.send(asShop)).toBe('drop tuple-conflict');
      expect(at.target(tcp({ from: '10.1.0.21:80', to: '10.0.0.102:80' }))).toBe('10.1.0.22:80');
      at.engine.flush({ what: 'connections' });
      expect(at.target(asShop)).toBe('10.1.0.21:80');
      expect(at.send(tcp({ from: '10.1.0.21:80', to: '10.0.0.102:80', flags: 'S' }))).toMatch(
        /^forward 10.0.0.100:80 > 10.0.0.102:80/,
      );
    });
  });

  describe('a full table', () => {
    it('refuses new connections and keeps the ones it has', () => {
      using at = new Bench(create, { capacity: 2 });
      at.service('www tcp://10.0.0.100:80 wrr', 'a 10.1.0.21:80', 'b 10.1.0.22:80');
      for (const port of [1, 2]) expect(at.send(syn(port))).toMatch(/^forward/);
      expect(at.send(syn(3))).toBe('drop table-full');
      expect(at.send(tcp({ from: '192.0.2.1:1', to: vip }))).toMatch(/^forward/);
      expect(at.lines('service')[0]).toContain('conns=2');
      at.engine.flush({ what: 'connections', server: 'a' });
      // The scheduler had moved on to a when the table was full.
      expect(at.target(syn(3))).toBe('10.1.0.22:80');
    });

    it('needs a second slot for a new template, and makes neither without', () => {
      using at = new Bench(create, { capacity: 3 });
      at.service('www tcp://10.0.0.100:80 rr 60s/32', 'a 10.1.0.21:80');
      expect(at.send(syn(1))).toMatch(/^forward/);
      expect(at.send(syn(1, vip, '192.0.2.2'))).toBe('drop table-full');
      expect(at.load('www', 'a')).toBe('0/1/1');
      expect(at.send(syn(2))).toMatch(/^forward/);
    });
  });

  describe('schedulers over real connections', () => {
    const sequence = (at: Bench, count: number, first = 1) =>
      Array.from({ length: count }, (_, index) =>
        at.target(syn(first + index)).replace(/^10\.1\.0\.2(\d):80$/, '$1'),
      ).join('');

    it.each<[SchedulerName, string]>([
      ['rr', '123123123'],
      ['wrr', '112123123'],
      ['lc', '123123123'],
      ['wlc', '123121321'],
    ])('choose in a known order (%s)', (scheduler, expected) => {
      using at = new Bench(create);
      at.service(
        `www tcp://10.0.0.100:80 ${scheduler}`,
        'a 10.1.0.21:80 nat 4',
        'b 10.1.0.22:80 nat 3',
        'c 10.1.0.23:80 nat 2',
      );
      expect(sequence(at, 9)).toBe(expected);
    });

    it('count an established connection as 256 others', () => {
      using at = new Bench(create);
      at.service('www tcp://10.0.0.100:80 lc', 'a 10.1.0.21:80', 'b 10.1.0.22:80');
      at.send(syn(1));
      at.send(tcp({ from: '192.0.2.1:1', to: vip }));
      expect(sequence(at, 300, 2)).toBe(`${'2'.repeat(256)}${'12'.repeat(22)}`);
    });

    it('go on where they stood when servers come and go, and begin anew when they are changed', () => {
      using at = new Bench(create);
      at.service('www tcp://10.0.0.100:80 rr', 'a 10.1.0.21:80', 'b 10.1.0.22:80', 'c 10.1.0.23:80');
      expect(sequence(at, 3)).toBe('123');
      at.removeServer('www', 'a');
      expect(sequence(at, 1, 4)).toBe('2');
      at.addServer('www', 'a 10.1.0.21:80');
      expect(sequence(at, 3, 5)).toBe('312');
      at.steps({
        kind: 'edit-service',
        service: { ...at.engine.snapshot().services[0]!.spec, scheduler: 'wrr' },
      });
      expect(sequence(at, 3, 8)).toBe('231');
    });

    it('lower their bar when the greatest weight falls', () => {
      using at = new Bench(create);
      at.service('www tcp://10.0.0.100:80 wrr', 'a 10.1.0.21:80 nat 9', 'b 10.1.0.22:80 nat 2');
      expect(sequence(at, 3)).toBe('111');
      at.editServer('www', 'a 10.1.0.21:80 nat 3');
      expect(sequence(at, 5, 4)).toBe('12121');
    });
  });
}
