// A director that is not sure of its peer: just after a takeover, while entries are on their way, and while nobody
// takes down what begins here.
import { describe, expect, it } from 'vitest';
import { tcp, udp } from '../../support/packet/build.ts';
import { Bench, type EngineFactory } from './bench.ts';

const CLIENT = '192.0.2.1:4000';
const packet = (flags: string, to = '10.0.0.100:80') => tcp({ from: CLIENT, to, flags });
const question = udp({ from: CLIENT, to: '10.0.0.100:53', payload: 4 });

export function guardingRules(create: EngineFactory): void {
  const open = (): Bench => {
    const at = new Bench(create);
    at.service('www tcp://10.0.0.100:80 rr 60s/32', 'a 10.1.0.21:80 nat 1');
    at.service('dns udp://10.0.0.100:53 rr', 'a 10.1.0.21:53 nat 1');
    return at;
  };

  describe('packets in mid-stream without an entry', () => {
    it('are dropped without an answer in the grace after a takeover, and left to the host from then on', () => {
      using at = open();
      at.engine.setGrace(1_500);
      for (const flags of ['A', 'PA', 'FA', 'R', 'SA']) expect(at.send(packet(flags))).toBe('drop unsynced');
      at.wait(499);
      expect(at.send(packet('A'))).toBe('drop unsynced');
      at.wait(1);
      expect(at.send(packet('A'))).toBe('local');
    });

    it('do not go the way of a connection that is over and had the same ports', () => {
      using at = open();
      for (const flags of ['S', 'A', 'R']) at.send(packet(flags));
      at.engine.setGrace(1_500);
      const before = at.lines('connection');
      for (const flags of ['A', 'PA', 'FA', 'R']) expect(at.send(packet(flags))).toBe('drop unsynced');
      expect(at.lines('connection')).toEqual(before);
      expect(at.target(packet('S'))).toBe('10.1.0.21:80');
      expect(at.target(packet('A'))).toBe('10.1.0.21:80');
    });

    it('are left to the host where no service listens', () => {
      using at = open();
      at.engine.setGrace(1_500);
      expect(at.send(packet('A', '10.0.0.100:81'))).toBe('local');
      at.removeService('www');
      expect(at.send(packet('A'))).toBe('local');
    });

    it('do not keep new connections from beginning, nor known ones from going on', () => {
      using at = open();
      at.engine.setGrace(1_500);
      for (const flags of ['S', 'A']) expect(at.target(packet(flags))).toBe('10.1.0.21:80');
      expect(at.target(question)).toBe('10.1.0.21:53');
    });
  });

  describe('new connections', () => {
    it('begin until nobody guards them any more, and again from when somebody does', () => {
      using at = open();
      at.engine.setAdmitUntil(1_500);
      at.wait(499);
      expect(at.target(packet('S'))).toBe('10.1.0.21:80');
      at.wait(1);
      expect(at.send(tcp({ from: '192.0.2.1:4001', to: '10.0.0.100:80', flags: 'S' }))).toBe(
        'drop unguarded',
      );
      expect(at.send(question)).toBe('drop unguarded');
      expect(at.lines('template')).toHaveLength(1);
      at.engine.setAdmitUntil(1_501);
      expect(at.target(question)).toBe('10.1.0.21:53');
      at.wait(1);
      expect(at.target(question)).toBe('10.1.0.21:53');
      at.engine.flush({ what: 'connections' });
      expect(at.send(question)).toBe('drop unguarded');
      at.engine.setAdmitUntil(0);
      expect(at.target(question)).toBe('10.1.0.21:53');
    });

    it('are all that is kept back: what has begun goes on, and a host’s own traffic is not touched', () => {
      using at = open();
      at.send(packet('S'));
      at.engine.setAdmitUntil(1_000);
      expect(at.target(packet('A'))).toBe('10.1.0.21:80');
      expect(at.send(packet('S', '10.0.0.100:81'))).toBe('local');
      expect(at.send(tcp({ from: '192.0.2.1:4001', to: '10.0.0.100:80', flags: 'A' }))).toBe('local');
    });
  });
}
