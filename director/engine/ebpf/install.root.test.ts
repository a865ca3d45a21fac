// What is told of one engine's connections is put into another's, each with tables and a clock of its own; packets go
// through the real program, and the target's books are recounted after each case.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Bench, type EngineFactory } from '../../../test/contract/rules/bench.ts';
import { tcp, udp } from '../../../test/support/packet/build.ts';
import { auditTables } from '../../../test/support/packet-books.ts';
import { PacketEngines } from '../../../test/support/packet-engine.ts';
import { passEvents, passTable, type Side } from '../../../test/support/sync-relay.ts';
import { EbpfEngine } from './ebpf-engine.ts';
import { EVENT_FLAG, INSTALL, INSTALL_FLAG } from './install-layout.ts';
import { CONTROL, EVENTS, SLOT } from './layout.ts';
import { syncPortOn } from './sync-port.ts';

const { authoritative } = INSTALL_FLAG;

class Director extends Bench {
  readonly side: Side;
  constructor(create: EngineFactory, capacity: number) {
    super(create, { capacity });
    if (!(this.engine instanceof EbpfEngine)) throw new TypeError('not the ebpf engine');
    const { tables } = this.engine;
    tables.array('control').setU32(0, CONTROL.events_on, EVENTS.own);
    const port = syncPortOn(tables, { testClock: true });
    this.side = { port, tables };
    port.drain(Number.POSITIVE_INFINITY, () => {});
  }

  /** Connections and templates, without what a packet counts up. */
  entries(): string[] {
    return [...this.lines('connection'), ...this.lines('template')];
  }
}

let engines: PacketEngines | undefined;
let ours: Director;
let peer: Director;
beforeAll(() => {
  engines = new PacketEngines('tc');
});
afterAll(() => engines?.[Symbol.dispose]());
beforeEach(() => {
  ours = new Director(engines!.create, 64);
  peer = new Director(engines!.create, 48);
});
afterEach(() => {
  expect(auditTables(ours.side.tables)).toEqual([]);
  expect(auditTables(peer.side.tables)).toEqual([]);
});

const both = (act: (director: Director) => void) => {
  act(ours);
  act(peer);
};
const pass = (flags: number = authoritative) =>
  passEvents(ours.side, peer.side, flags).map(({ change, result }) => `${change} ${result}`);
const tell = (flags: number = authoritative) => passTable(ours.side, peer.side, flags);

const FAMILIES = [
  {
    client: '192.0.2.1:4000',
    second: '192.0.2.2:4000',
    vip: '10.0.0.100',
    servers: ['10.1.0.21', '10.1.0.22'],
  },
  {
    client: '[2001:db8::1]:4000',
    second: '[2001:db8::2]:4000',
    vip: '[fd00::100]',
    servers: ['[fd00:1::21]', '[fd00:1::22]'],
  },
] as const;

describe.each(FAMILIES)(
  'an entry that is put in, with clients like $client',
  ({ client, second, vip, servers }) => {
    const www = (method: string, lasting = '') =>
      both((director) =>
        director.service(
          `www tcp://${vip}:80 rr${lasting}`,
          `a ${servers[0]}:${method === 'nat' ? 8080 : 80} ${method} 1`,
          `b ${servers[1]}:${method === 'nat' ? 8080 : 80} ${method} 1`,
        ),
      );
    const packet = (flags: string, from: string = client) => tcp({ from, to: `${vip}:80`, flags });
    const open = () => {
      ours.send(packet('S'));
      ours.send(packet('A'));
    };

    it.each(['nat', 'route', 'tunnel', 'local'])('carries a connection on by method %s', (method) => {
      www(method);
      open();
      expect(peer.send(packet('A'))).toBe('local');
      // half open, then more
      expect(new Set(pass())).toEqual(new Set(['created created', 'state updated']));
      const entry = (director: Director) => director.entries().map((line) => line.replace(/ packets.*/, ''));
      expect(entry(peer)).toEqual(entry(ours));
      expect(peer.load('www', 'a')).toBe(ours.load('www', 'a'));
      expect(peer.send(packet('A'))).toBe(ours.send(packet('A')));
      if (method === 'nat') {
        const back = tcp({ from: `${servers[0]}:8080`, to: client, flags: 'A' });
        expect(peer.send(back)).toBe(ours.send(back));
      }
    });

    it('carries UDP on', () => {
      both((director) => director.service(`dns udp://${vip}:53 rr`, `a ${servers[0]}:53 nat 1`));
      const query = udp({ from: client, to: `${vip}:53`, payload: 4 });
      ours.send(query);
      expect(pass()).toEqual(['created created']);
      expect(peer.load('dns', 'a')).toBe('1/0/0');
      expect(peer.send(query)).toBe(ours.send(query));
    });

    it('keeps persistence, with what a template controls', () => {
      www('nat', vip.startsWith('[') ? ' 60s/64' : ' 60s/24');
      ours.send(packet('S'));
      expect(pass()).toEqual(['created created', 'created created', 'state updated']);
      expect(peer.lines('template')).toEqual(ours.lines('template'));
      expect(peer.lines('template')[0]).toContain('controls=1');
      // the scheduler would have chosen another one
      expect(peer.target(packet('S', second))).toBe(ours.target(packet('S', second)));
      both((director) => director.wait(5_000));
      ours.send(packet('S', second.replace(':4000', ':4001')));
      peer.side.port.drain(100, () => {});
      expect(pass()).toContain('refreshed updated');
      expect(peer.lines('template')[0]).toContain('expires=60000');
    });

    it('leads a template elsewhere', () => {
      www('nat', vip.startsWith('[') ? ' 60s/128' : ' 60s/32');
      open();
      pass();
      both((director) => director.editServer('www', `a ${servers[0]}:8080 nat 0`));
      ours.send(packet('S', client.replace(':4000', ':4001')));
      expect(pass()[0]).toBe('state replaced');
      expect(peer.lines('template')).toEqual(ours.lines('template'));
      expect([peer.load('www', 'a'), peer.load('www', 'b')]).toEqual([
        ours.load('www', 'a'),
        ours.load('www', 'b'),
      ]);
    });

    it('lives as long as is left, and no word that is not the active’s makes it shorter', () => {
      www('nat');
      open();
      both((director) => director.wait(100_000));
      pass();
      tell();
      const expires = () => peer.lines('connection')[0]?.match(/expires=(\d+)/)?.[1];
      expect(expires()).toBe('800000');
      peer.send(packet('A'));
      expect(expires()).toBe('900000');
      expect(tell(0)).toEqual(['unchanged']);
      expect(expires()).toBe('900000');
      expect(tell()).toEqual(['updated']);
      expect(expires()).toBe('800000');
      both((director) => director.wait(800_000));
      expect(peer.send(packet('A'))).toBe('local');
    });

    it('may have been seen before the clock began', () => {
      www('nat');
      open();
      ours.wait(899_000);
      expect(tell()).toEqual(['created']);
      expect(peer.lines('connection')[0]).toContain('expires=1000 ');
      expect(peer.target(packet('A'))).toBe(`${servers[0]}:8080`);
    });

    it('ends with its original, but not before time because a copy did', () => {
      www('route');
      ours.send(packet('S'));
      pass();
      ours.engine.flush({ what: 'connections' });
      expect(pass(0)).toEqual(['closed closed']);
      expect(peer.entries()).toEqual([]);
      ours.send(packet('S'));
      pass();
      peer.send(packet('A'));
      ours.wait(600_000);
      ours.engine.sweep();
      expect(pass(0)).toEqual(['closed unchanged']);
      expect(peer.entries()).toHaveLength(1);
    });

    it('is led elsewhere by the active only', () => {
      www('nat');
      peer.send(packet('S', second)); // the other server is next
      open();
      peer.send(packet('S'));
      expect(peer.target(packet('A'))).toBe(`${servers[1]}:8080`);
      expect(pass(0)).toContain('created conflict');
      expect(tell()).toEqual(['replaced']);
      expect(peer.target(packet('A'))).toBe(`${servers[0]}:8080`);
      expect([peer.load('www', 'a'), peer.load('www', 'b')]).toEqual(['1/1/0', '0/0/0']);
      expect(tell()).toEqual(['unchanged']);
    });

    it('is led elsewhere by anybody once it is over, as its client has begun anew', () => {
      www('nat');
      peer.send(packet('S', second));
      peer.send(packet('S'));
      expect(peer.target(packet('A'))).toBe(`${servers[1]}:8080`);
      peer.send(packet('R'));
      open();
      expect(pass(0)).toContain('created replaced');
      expect(peer.target(packet('A'))).toBe(`${servers[0]}:8080`);
    });

    it('takes the way back of a connection that is over, and of no other', () => {
      www('nat');
      both((director) => director.service(`shop tcp://${vip}:81 rr`, `a ${servers[0]}:8080 nat 1`));
      const shop = (flags: string) => tcp({ from: client, to: `${vip}:81`, flags });
      peer.send(shop('S'));
      peer.send(shop('A'));
      open();
      expect(pass()).toEqual(['created conflict', 'state conflict', 'state conflict']);
      peer.send(shop('R'));
      expect(tell()).toEqual(['created']);
      expect(peer.target(packet('A'))).toBe(`${servers[0]}:8080`);
    });

    it('is refused when its server is not known, or was another one', () => {
      www('nat');
      open();
      peer.removeServer('www', 'a');
      peer.engine.sweep();
      expect(tell()).toEqual(['unknown_server']);
      peer.addServer('www', `a ${servers[0]}:8081 nat 1`);
      expect(tell()).toEqual(['unknown_server']);
      peer.addServer('www', `c ${servers[0]}:8080 nat 1`);
      expect(tell()).toEqual(['created']);
      expect(peer.load('www', 'c')).toBe('1/0/0');
    });

    it('finds no room in a full table', () => {
      www('route');
      for (let port = 1; port <= 50; port++) ours.send(packet('S', client.replace(':4000', `:${port}`)));
      const results = tell();
      expect(results.filter((result) => result === 'created')).toHaveLength(48);
      expect(results.filter((result) => result === 'table_full')).toHaveLength(2);
    });

    it('is told once, with where it came from only to those who ask', () => {
      www('nat');
      open();
      pass();
      expect(peer.side.port.drain(100, () => {})).toBe(0);
      peer.side.port.setEvents(true, true);
      ours.send(packet('R'));
      pass();
      const flags: number[] = [];
      peer.side.port.drain(100, (event) => flags.push(event[1]!));
      expect(flags).toEqual([EVENT_FLAG.from_peer]);
    });

    it('brings its counters, never fewer than there are', () => {
      www('nat');
      open();
      for (let turn = 0; turn < 5; turn++) ours.send(packet('A'));
      tell();
      expect(peer.lines('connection')).toEqual(ours.lines('connection'));
      peer.send(packet('A'));
      tell();
      expect(peer.lines('connection')[0]).toContain('packets=8/0');
    });

    it('brings ftp’s deltas', () => {
      www('nat');
      open();
      const slots = ours.side.tables.array('slots');
      slots.setU32(0, SLOT.sequence_base, 77);
      slots.setU32(0, SLOT.sequence_delta, 0x0003_fffe);
      tell();
      const index = peer.side.port.inbox.getU32(0, INSTALL.slot_index);
      expect(peer.side.port.slots.getU32(index, SLOT.sequence_base)).toBe(77);
      expect(peer.side.port.slots.getU32(index, SLOT.sequence_delta)).toBe(0x0003_fffe);
    });
  },
);
