// docs/packet-path.md 3 and 9: servers and services that leave, and come back.
import { describe, expect, it } from 'vitest';
import { tcp, udp } from '../../support/packet/build.ts';
import { Bench, type EngineFactory } from './bench.ts';

const client = '192.0.2.1:4000';
const vip = '10.0.0.100:80';
const packet = (flags: string, from = client) => tcp({ from, to: vip, flags });

function bench(create: EngineFactory): Bench {
  const at = new Bench(create);
  at.service('www tcp://10.0.0.100:80', 'a 10.1.0.21:80', 'b 10.1.0.22:80');
  at.send(packet('S'));
  at.send(packet('A'));
  return at;
}

export function removalRules(create: EngineFactory): void {
  describe('a removed server', () => {
    it('takes no new connection', () => {
      using at = bench(create);
      at.removeServer('www', 'b');
      expect(at.target(packet('S', '192.0.2.1:1'))).toBe('10.1.0.21:80');
      expect(at.target(packet('S', '192.0.2.1:2'))).toBe('10.1.0.21:80');
    });

    it('is forgotten at the next sweep when nothing leads to it, and its traffic stays with the service', () => {
      using at = bench(create);
      at.removeServer('www', 'b');
      expect(at.lines('server')).toHaveLength(2);
      at.engine.sweep();
      at.removeServer('www', 'a');
      at.engine.sweep();
      expect(at.lines('server')).toEqual([
        'server a 10.1.0.21:80 nat weight=1 active=1 inactive=0 templates=0 conns=1 packets=2/0 bytes=80/0 leaving=silent',
      ]);
      at.engine.flush({ what: 'connections' });
      at.engine.sweep();
      expect(at.lines('server')).toEqual([]);
      expect(at.lines('service')).toEqual([
        'service www tcp://10.0.0.100:80 rr conns=1 packets=2/0 bytes=80/0',
      ]);
    });

    it('stays as long as a template leads to it', () => {
      using at = new Bench(create);
      at.service('www tcp://10.0.0.100:80 rr 60s/32', 'a 10.1.0.21:80');
      at.send(packet('S'));
      at.removeServer('www', 'a');
      at.engine.flush({ what: 'connections' });
      at.engine.sweep();
      expect(at.load('www', 'a')).toBe('0/0/1');
      at.wait(60_000);
      at.engine.sweep();
      expect(at.load('www', 'a')).toBe('gone');
    });

    it('silently swallows packets both ways, so that its connections go on when it comes back', () => {
      using at = bench(create);
      at.removeServer('www', 'a', 'silent');
      at.wait(10);
      expect(at.send(packet('PA'))).toBe('drop server-removed');
      expect(at.send(tcp({ from: '10.1.0.21:80', to: client }))).toBe('drop server-removed');
      expect(at.lines('connection')[0]).toContain('ESTABLISHED expires=899990 packets=2/0');
      at.addServer('www', 'again 10.1.0.21:80 nat 3');
      expect(at.target(packet('PA'))).toBe('10.1.0.21:80');
      expect(at.lines('connection')[0]).toContain('www/again');
      expect(at.lines('server')[0]).toBe(
        'server again 10.1.0.21:80 nat weight=3 active=1 inactive=0 templates=0 conns=1 packets=3/0 bytes=120/0',
      );
    });

    it('comes back as the last one, with the method that its connections began with', () => {
      using at = bench(create);
      at.removeServer('www', 'a');
      at.addServer('www', 'a 10.1.0.21:80 route');
      expect(at.target(packet('PA'))).toBe('10.1.0.21:80');
      const targets = ['192.0.2.1:1', '192.0.2.1:2', '192.0.2.1:3'].map((from) =>
        at.target(packet('S', from)),
      );
      // The rotation stood on the first place, which is now b's.
      expect(targets).toEqual([vip, '10.1.0.22:80', vip]);
    });

    it('is another one at another address or port, under the same name even', () => {
      using at = bench(create);
      at.removeServer('www', 'a');
      at.addServer('www', 'a 10.1.0.21:8080');
      expect(at.lines('server').map((line) => line.split(' ').slice(1, 3).join(' '))).toEqual([
        'a 10.1.0.21:80',
        'a 10.1.0.21:8080',
        'b 10.1.0.22:80',
      ]);
      expect(at.send(packet('PA'))).toBe('drop server-removed');
    });

    it('resets connections at the client’s next packet, and only swallows the server’s', () => {
      using at = bench(create);
      at.removeServer('www', 'a', 'reset');
      expect(at.send(tcp({ from: '10.1.0.21:80', to: client }))).toBe('drop server-removed');
      expect(at.states()).toEqual(['ESTABLISHED']);
      expect(at.send(packet('PA'))).toMatch(
        /^reply server-reset 10.0.0.100:80 > 192.0.2.1:4000 tcp R seq=0 ack=0/,
      );
      expect(at.states()).toEqual([]);
      expect(at.send(packet('PA'))).toBe('local');
    });

    it.each(['silent', 'reset', 'reassign'] as const)(
      'does not stand in the way of a client that begins anew (%s)',
      (policy) => {
        using at = bench(create);
        at.removeServer('www', 'a', policy);
        expect(at.target(packet('S'))).toBe('10.1.0.22:80');
        expect([at.load('www', 'a'), at.load('www', 'b')]).toEqual(['0/0/0', '0/1/0']);
      },
    );

    it('hands TCP connections on at a SYN only', () => {
      using at = bench(create);
      at.removeServer('www', 'a', 'reassign');
      expect(at.send(packet('PA'))).toBe('local');
      expect(at.states()).toEqual([]);
      expect(at.target(packet('S'))).toBe('10.1.0.22:80');
    });

    it('hands UDP flows on at once', () => {
      using at = new Bench(create);
      at.service('dns udp://10.0.0.100:53', 'a 10.1.0.21:53', 'b 10.1.0.22:53');
      const question = udp({ from: client, to: '10.0.0.100:53' });
      at.send(question);
      at.removeServer('dns', 'a', 'reassign');
      expect(at.target(question)).toBe('10.1.0.22:53');
      expect([at.load('dns', 'a'), at.load('dns', 'b')]).toEqual(['0/0/0', '1/0/0']);
    });
  });

  describe('a removed service', () => {
    it('takes no packet of its own, while its connections follow the policy', () => {
      using at = bench(create);
      at.removeService('www', 'silent');
      expect(at.send(packet('S', '192.0.2.1:1'))).toBe('local');
      expect(at.send(packet('PA'))).toBe('drop server-removed');
      expect(at.lines('service')[0]).toMatch(/ leaving$/);
      at.engine.sweep();
      expect(at.lines('server')).toHaveLength(1);
      at.engine.flush({ what: 'connections', service: 'www' });
      at.engine.sweep();
      expect(at.lines('service')).toEqual([]);
    });

    it('is taken back with its traffic and connections under another name', () => {
      using at = bench(create);
      at.removeService('www', 'reset');
      at.service('web tcp://10.0.0.100:80 wlc', 'a 10.1.0.21:80');
      expect(at.lines('service')).toEqual([
        'service web tcp://10.0.0.100:80 wlc conns=1 packets=2/0 bytes=80/0',
      ]);
      expect(at.target(packet('PA'))).toBe('10.1.0.21:80');
      expect(at.lines('connection')[0]).toContain(' web/a ');
      at.engine.sweep();
      expect(at.lines('server').map((line) => line.split(' ')[1])).toEqual(['a']);
    });

    it('does not disturb servers that were leaving before, nor other services', () => {
      using at = bench(create);
      at.service('shop tcp://10.0.0.102:80', 'a 10.1.0.21:80');
      at.removeServer('www', 'a', 'reassign');
      at.removeService('www', 'silent');
      expect(at.lines('server').map((line) => /leaving=(\w+)/.exec(line)?.[1])).toEqual([
        undefined,
        'reassign',
        'silent',
      ]);
      expect(at.send(tcp({ from: client, to: '10.0.0.102:80', flags: 'S' }))).toBe('drop tuple-conflict');
      expect(at.target(tcp({ from: '192.0.2.1:1', to: '10.0.0.102:80', flags: 'S' }))).toBe('10.1.0.21:80');
    });

    it('leaves later fragments of its datagrams to nobody until it is forgotten', () => {
      using at = bench(create);
      const piece = udp({ from: client, to: vip, fragment: { offset: 64, more: false } });
      at.removeService('www');
      expect(at.send(piece)).toBe('drop fragment-unknown');
      at.engine.flush({ what: 'connections' });
      at.engine.sweep();
      expect(at.send(piece)).toBe('local');
    });
  });
}
