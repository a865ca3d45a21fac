// docs/packet-path.md 3 and 8: packets that belong to an entry, both ways.
import { describe, expect, it } from 'vitest';
import { tcp, udp } from '../../support/packet/build.ts';
import { hex } from '../../support/packet/bytes.ts';
import { Bench, type EngineFactory } from './bench.ts';

const client = '192.0.2.1:4000';
const vip = '10.0.0.100:80';
const real = '10.1.0.21:8000';
const inbound = (flags: string, more = {}) => tcp({ from: client, to: vip, flags, ...more });
const outbound = (flags: string, more = {}) => tcp({ from: real, to: client, flags, ...more });

function bench(create: EngineFactory, server = `a ${real}`): Bench {
  const made = new Bench(create);
  made.service('www tcp://10.0.0.100:80', server);
  return made;
}

/** Takes a connection of a nat server into a state. */
const INTO_STATE: Readonly<Record<string, Uint8Array[]>> = {
  SYN_RECV: [inbound('S')],
  ESTABLISHED: [inbound('S'), inbound('A')],
  FIN_WAIT: [inbound('S'), inbound('A'), outbound('FA')],
  CLOSE_WAIT: [inbound('S'), inbound('A'), inbound('FA')],
  TIME_WAIT: [inbound('S'), inbound('A'), inbound('FA'), outbound('FA')],
  CLOSE: [inbound('S'), inbound('A'), inbound('R')],
};

export function findingRules(create: EngineFactory): void {
  describe('a nat connection', () => {
    it('is rewritten as in the worked example, there and back', () => {
      using at = new Bench(create);
      at.service('web tcp://202.103.106.5:80 wlc', 'rs1 172.16.0.2:80 nat 1', 'rs2 172.16.0.3:8000 nat 2');
      at.send(tcp({ from: '202.100.1.1:3455', to: '202.103.106.5:80', flags: 'S' }));
      const request = { from: '202.100.1.2:3456', to: '202.103.106.5:80', seq: 77, id: 0x1234, ttl: 60 };
      expect(hex(at.outputIp(tcp({ ...request, flags: 'S' })))).toBe(
        hex(tcp({ ...request, to: '172.16.0.3:8000', flags: 'S', ttl: 59 }).subarray(14)),
      );
      const answer = { from: '172.16.0.3:8000', to: '202.100.1.2:3456', seq: 500, ack: 78, flags: 'SA' };
      expect(hex(at.outputIp(tcp(answer)))).toBe(
        hex(tcp({ ...answer, from: '202.103.106.5:80', ttl: 63 }).subarray(14)),
      );
      expect(at.lines('connection')[1]).toBe(
        'connection tcp 202.100.1.2:3456 202.103.106.5:80 172.16.0.3:8000 web/rs2 nat SYN_RECV expires=60000 packets=1/1 bytes=40/40',
      );
    });

    it('goes through the states of both halves and counts packets and bytes each way', () => {
      using at = bench(create);
      const seen = [
        inbound('S'),
        outbound('SA'),
        inbound('A'),
        inbound('PA', { payload: 100 }),
        outbound('PA', { payload: 1000 }),
        inbound('FA'),
        outbound('FA'),
      ].map((frame) => {
        at.send(frame);
        return `${at.states()} ${at.load('www', 'a')}`;
      });
      expect(seen).toEqual([
        'SYN_RECV 0/1/0',
        'SYN_RECV 0/1/0',
        'ESTABLISHED 1/0/0',
        'ESTABLISHED 1/0/0',
        'ESTABLISHED 1/0/0',
        'CLOSE_WAIT 0/1/0',
        'TIME_WAIT 0/1/0',
      ]);
      expect(at.lines('server')).toEqual([
        'server a 10.1.0.21:8000 nat weight=1 active=0 inactive=1 templates=0 conns=1 packets=4/3 bytes=260/1120',
      ]);
      expect(at.lines('totals')).toEqual(['totals in=7 forwarded=7 local=0']);
    });

    it('is closed by a packet without any flag', () => {
      using at = bench(create);
      for (const frame of [inbound('S'), inbound('A'), inbound('P')]) at.send(frame);
      expect(at.states()).toEqual(['CLOSE']);
    });

    it('is not met by a server’s packet to another client or from another port', () => {
      using at = bench(create);
      at.send(inbound('S'));
      expect(at.send(tcp({ from: real, to: '192.0.2.1:4001' }))).toBe('local');
      expect(at.send(tcp({ from: '10.1.0.21:8001', to: client }))).toBe('local');
      expect(at.send(udp({ from: real, to: client }))).toBe('local');
    });
  });

  describe('a connection whose answers go past the director', () => {
    it.each(['route', 'tunnel', 'local'])('follows the client’s half alone (%s)', (method) => {
      using at = bench(create, `a 10.1.0.21:80 ${method}`);
      const seen = ['S', 'A', 'FA'].map((flags) => {
        at.send(inbound(flags));
        return at.states()[0];
      });
      expect(seen).toEqual(['SYN_RECV', 'ESTABLISHED', 'FIN_WAIT']);
      expect(at.send(tcp({ from: '10.1.0.21:80', to: client }))).toBe('local');
    });
  });

  describe('lifetimes', () => {
    it('begin anew with every packet and end to the millisecond', () => {
      using at = bench(create);
      at.send(inbound('S'));
      at.wait(59_999);
      expect(at.send(outbound('SA'))).toMatch(/^forward/);
      at.wait(60_000);
      expect(at.send(outbound('SA'))).toBe('local');
      expect(at.load('www', 'a')).toBe('0/0/0');
    });

    it('may be changed under living entries', () => {
      using at = bench(create);
      at.send(inbound('S'));
      at.engine.setTimeouts({ SYN_RECV: 5 });
      expect(at.lines('connection')[0]).toContain('expires=5');
      at.wait(5);
      expect(at.lines('connection')).toEqual([]);
      expect(at.send(inbound('A'))).toBe('local');
    });

    it('free what has expired at the sweep, and count it until then', () => {
      using at = bench(create);
      at.send(inbound('S'));
      at.wait(60_000);
      expect(at.lines('connection')).toEqual([]);
      expect(at.load('www', 'a')).toBe('0/1/0');
      at.engine.sweep();
      expect(at.load('www', 'a')).toBe('0/0/0');
    });
  });

  describe('a client that uses its port again', () => {
    it.each(['TIME_WAIT', 'CLOSE'])('is scheduled anew when the old connection is in %s', (state) => {
      using at = bench(create);
      for (const frame of INTO_STATE[state] ?? []) at.send(frame);
      expect(at.states()).toEqual([state]);
      at.addServer('www', 'b 10.1.0.22:8000');
      expect(at.target(inbound('S'))).toBe('10.1.0.22:8000');
      expect(at.states()).toEqual(['SYN_RECV']);
      expect(at.load('www', 'a')).toBe('0/0/0');
    });

    it.each(['SYN_RECV', 'ESTABLISHED', 'FIN_WAIT', 'CLOSE_WAIT'])('stays when it is in %s', (state) => {
      using at = bench(create);
      for (const frame of INTO_STATE[state] ?? []) at.send(frame);
      at.addServer('www', 'b 10.1.0.22:8000');
      expect(at.target(inbound('S'))).toBe(real);
    });

    it('is scheduled anew in FIN_WAIT where only the client’s half is seen', () => {
      using at = bench(create, 'a 10.1.0.21:80 tunnel');
      for (const flags of ['S', 'A', 'FA']) at.send(inbound(flags));
      expect(at.send(inbound('S'))).toMatch(/^forward 10.1.0.11 > 10.1.0.21/);
      expect(at.states()).toEqual(['SYN_RECV']);
      expect(at.lines('service')[0]).toContain('conns=2');
    });

    it('stays whatever the state when the SYN carries ACK, RST or FIN', () => {
      using at = bench(create);
      for (const frame of INTO_STATE.TIME_WAIT ?? []) at.send(frame);
      for (const flags of ['SA', 'SF', 'SR']) at.send(inbound(flags));
      expect(at.lines('service')[0]).toContain('conns=1');
    });

    it.each(['ESTABLISHED', 'CLOSE_WAIT'])('leaves a server of weight 0 even in %s', (state) => {
      using at = bench(create);
      for (const frame of INTO_STATE[state] ?? []) at.send(frame);
      at.editServer('www', `a ${real} nat 0`);
      expect(at.target(inbound('A'))).toBe(real);
      at.addServer('www', 'b 10.1.0.22:8000');
      expect(at.target(inbound('S'))).toBe('10.1.0.22:8000');
    });

    it('repeats its SYN to a server of weight 0 that has not answered yet', () => {
      using at = bench(create);
      at.send(inbound('S'));
      at.editServer('www', `a ${real} nat 0`);
      expect(at.target(inbound('S'))).toBe(real);
    });
  });

  describe('checks on the way', () => {
    it('end a packet whose time to live is up, and leave the entry untouched', () => {
      using at = bench(create);
      at.send(inbound('S'));
      at.wait(1000);
      const before = at.lines('connection');
      expect(at.send(inbound('A', { ttl: 1 }))).toMatch(/^reply ttl-expired .* icmp 11\/0/);
      expect(at.send(inbound('A', { ttl: 0 }))).toMatch(/^reply ttl-expired/);
      expect(at.send(outbound('SA', { ttl: 1 }))).toMatch(/^reply ttl-expired/);
      expect(at.lines('connection')).toEqual(before);
      expect(at.send(inbound('A', { ttl: 2 }))).toMatch(/^forward .* ttl=1 /);
    });

    it('do not concern what stays on this host', () => {
      using at = bench(create, 'a 10.1.0.21:80 local');
      expect(at.send(inbound('S', { ttl: 1 }))).toBe('local');
      expect(at.lines('connection')[0]).toContain('local SYN_RECV expires=60000 packets=1/0 bytes=40/0');
      expect(at.lines('totals')).toEqual(['totals in=1 forwarded=0 local=1']);
    });

    it('end a packet that does not fit into the tunnel unless it may be cut', () => {
      using at = bench(create, 'a 10.1.0.21:80 tunnel');
      at.send(inbound('S'));
      expect(at.send(inbound('A', { payload: 1440, df: true }))).toMatch(/^forward/);
      expect(at.send(inbound('A', { payload: 1441, df: true }))).toMatch(
        /^reply too-big .* icmp 3\/4 rest=1480/,
      );
      expect(at.send(inbound('A', { payload: 1441 }))).toMatch(/^forward/);
      expect(at.states()).toEqual(['ESTABLISHED']);
    });
  });
}
