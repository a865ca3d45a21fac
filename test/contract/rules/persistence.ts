// docs/packet-path.md 1, 3 and 9: clients that stay with their server, for as long as it can take them.
import { describe, expect, it } from 'vitest';
import { tcp } from '../../support/packet/build.ts';
import { Bench, type EngineFactory } from './bench.ts';

const vip = '10.0.0.100:80';
const syn = (client: string) => tcp({ from: client, to: vip, flags: 'S' });
/** The server refuses a connection: it is over, and forgotten within 10 s. */
const refusal = (client: string) => tcp({ from: '10.1.0.21:80', to: client, flags: 'RA' });

function bench(create: EngineFactory, lasting = '60s/24'): Bench {
  const at = new Bench(create);
  at.service(`www tcp://10.0.0.100:80 rr ${lasting}`, 'a 10.1.0.21:80', 'b 10.1.0.22:8080');
  return at;
}

export function persistenceRules(create: EngineFactory): void {
  describe('a persistent service', () => {
    it('keeps the clients of one prefix on one server', () => {
      using at = bench(create);
      expect(at.target(syn('192.0.2.1:1'))).toBe('10.1.0.21:80');
      expect(at.target(syn('192.0.2.200:1'))).toBe('10.1.0.21:80');
      expect(at.target(syn('192.0.3.1:1'))).toBe('10.1.0.22:8080');
      expect(at.lines('template')).toEqual([
        'template tcp 192.0.2.0:0 10.0.0.100:80 10.1.0.21:80 www/a nat TEMPLATE expires=60000 controls=2',
        'template tcp 192.0.3.0:0 10.0.0.100:80 10.1.0.22:8080 www/b nat TEMPLATE expires=60000 controls=1',
      ]);
      expect(at.load('www', 'a')).toBe('0/2/1');
    });

    it('masks IPv6 clients by their own prefix', () => {
      using at = new Bench(create);
      at.service('www tcp://[fd00::100]:80 rr 60s/57', 'a [fd00:1::21]:80', 'b [fd00:1::22]:80 tunnel');
      const client = (address: string) => tcp({ from: `[${address}]:1`, to: '[fd00::100]:80', flags: 'S' });
      at.send(client('2001:db8:0:7f::1'));
      at.send(client('2001:db8:0:80::1'));
      at.send(client('2001:db8:0:1::2'));
      expect(at.lines('template').map((line) => line.split(' ').slice(2, 7).join(' '))).toEqual([
        '[2001:db8:0:80::]:0 [fd00::100]:80 [fd00:1::22]:80 www/b tunnel',
        '[2001:db8::]:0 [fd00::100]:80 [fd00:1::21]:80 www/a nat',
      ]);
      expect(at.load('www', 'a')).toBe('0/2/1');
    });

    it('forgets a client after the timeout, which every new connection begins anew', () => {
      using at = bench(create, '60s/32');
      at.send(syn('192.0.2.1:1'));
      at.send(refusal('192.0.2.1:1'));
      at.wait(59_999);
      expect(at.target(syn('192.0.2.1:2'))).toBe('10.1.0.21:80');
      at.send(refusal('192.0.2.1:2'));
      at.wait(59_999);
      at.engine.sweep();
      expect(at.lines('template')[0]).toContain('expires=1 controls=0');
      at.wait(1);
      expect(at.target(syn('192.0.2.1:3'))).toBe('10.1.0.22:8080');
      expect(at.load('www', 'a')).toBe('0/0/0');
    });

    it('remembers a client as long as a connection of it is left', () => {
      using at = bench(create, '10s/32');
      at.send(syn('192.0.2.1:1'));
      at.send(tcp({ from: '192.0.2.1:1', to: vip }));
      at.wait(600_000);
      at.engine.sweep();
      expect(at.lines('template')[0]).toContain('expires=0 controls=1');
      expect(at.target(syn('192.0.2.1:2'))).toBe('10.1.0.21:80');
      expect(at.lines('template')[0]).toContain('expires=10000 controls=2');
    });

    it.each([
      ['is removed', (at: Bench) => at.removeServer('www', 'a')],
      ['has weight 0', (at: Bench) => at.editServer('www', 'a 10.1.0.21:80 nat 0')],
    ])('leads a client elsewhere when its server %s', (_, change) => {
      using at = bench(create);
      at.send(syn('192.0.2.1:1'));
      change(at);
      expect(at.target(syn('192.0.2.1:2'))).toBe('10.1.0.22:8080');
      expect(at.lines('template')).toEqual([
        'template tcp 192.0.2.0:0 10.0.0.100:80 10.1.0.22:8080 www/b nat TEMPLATE expires=60000 controls=2',
      ]);
      expect([at.load('www', 'a'), at.load('www', 'b')]).toEqual(['0/1/0', '0/1/1']);
    });

    it('leaves a template as it was when no other server can be chosen', () => {
      using at = bench(create);
      at.send(syn('192.0.2.1:1'));
      at.removeServer('www', 'b');
      at.editServer('www', 'a 10.1.0.21:80 nat 0');
      at.wait(1000);
      expect(at.send(syn('192.0.2.1:2'))).toBe('drop no-server');
      expect(at.lines('template')[0]).toContain('www/a nat TEMPLATE expires=59000 controls=1');
    });

    it('keeps what a template has until it is pointed elsewhere, though the server is edited', () => {
      using at = bench(create);
      at.send(syn('192.0.2.1:1'));
      at.editServer('www', 'a 10.1.0.21:80 route 1');
      expect(at.send(syn('192.0.2.1:2'))).toMatch(/^forward 192.0.2.1:2 > 10.0.0.100:80/);
      expect(at.lines('template')[0]).toContain('10.1.0.21:80 www/a nat');
      expect(at.lines('connection').map((line) => line.split(' ')[6])).toEqual(['nat', 'route']);
    });

    it('is persistent no longer once it is edited so, and the other way round', () => {
      using at = bench(create);
      at.send(syn('192.0.2.1:1'));
      const { persistence, ...spec } = at.engine.snapshot().services[0]!.spec;
      at.steps({ kind: 'edit-service', service: spec });
      expect(at.target(syn('192.0.2.1:2'))).toBe('10.1.0.22:8080');
      expect(at.lines('template')[0]).toContain('controls=1');
      at.steps({
        kind: 'edit-service',
        service: { ...spec, persistence: { ...persistence!, timeout_s: 5 } },
      });
      expect(at.target(syn('192.0.2.1:3'))).toBe('10.1.0.21:80');
      expect(at.lines('template')[0]).toContain('expires=5000 controls=2');
    });

    it('goes on without templates that were flushed', () => {
      using at = bench(create);
      at.send(syn('192.0.2.1:1'));
      expect(at.engine.flush({ what: 'templates', service: 'www' })).toBe(1);
      expect(at.load('www', 'a')).toBe('0/1/0');
      expect(at.target(syn('192.0.2.1:2'))).toBe('10.1.0.22:8080');
      expect(at.lines('template')[0]).toContain('www/b nat TEMPLATE expires=60000 controls=1');
      at.engine.flush({ what: 'connections' });
      expect(at.lines('template')[0]).toContain('controls=0');
    });
  });
}
