// What an engine accepts and refuses, and what it tells about itself (director/engine/engine.ts, packet-path.md 9, 10).
import { describe, expect, it } from 'vitest';
import { address } from '../../../director/model/address.ts';
import type { ServerSpec } from '../../../director/model/service.ts';
import type { Step } from '../../../director/model/step.ts';
import { tcp, udp } from '../../support/packet/build.ts';
import { Bench, type EngineFactory, readServer, readService } from './bench.ts';

const addService = (text: string): Step => ({ kind: 'add-service', service: readService(text) });
const editService = (text: string): Step => ({ kind: 'edit-service', service: readService(text) });
const addServer = (service: string, text: string): Step => ({
  kind: 'add-server',
  service,
  server: readServer(text),
});
const editServer = (service: string, text: string): Step => ({
  kind: 'edit-server',
  service,
  server: readServer(text),
});
const removeServer = (service: string, server: string): Step => ({
  kind: 'remove-server',
  service,
  server,
  policy: 'silent',
});
const removeService = (service: string): Step => ({ kind: 'remove-service', service, policy: 'silent' });

const www = 'www tcp://10.0.0.100:80';

export function stepRules(create: EngineFactory): void {
  describe('steps', () => {
    it.each<[string, string, Step[]]>([
      ['exists', 'a service under a name that is taken', [addService('www tcp://10.0.0.100:81')]],
      ['listen-taken', 'a service where another one listens', [addService('web tcp://10.0.0.100:80')]],
      ['listen-changed', 'a service that is to listen elsewhere', [editService('www udp://10.0.0.100:80')]],
      ['missing', 'an edit of a service that is not there', [editService('web tcp://10.0.0.100:80')]],
      ['missing', 'the removal of a service that is not there', [removeService('web')]],
      ['missing', 'a server for a service that is not there', [addServer('web', 'a 10.1.0.21:80')]],
      ['missing', 'an edit of a server that is not there', [editServer('www', 'c 10.1.0.23:80')]],
      ['missing', 'the removal of a server that is not there', [removeServer('www', 'c')]],
      ['exists', 'a server under a name that is taken', [addServer('www', 'a 10.1.0.23:80')]],
      ['exists', 'a server at an address and port that are taken', [addServer('www', 'c 10.1.0.21:80')]],
      ['bad-spec', 'a server that moves', [editServer('www', 'a 10.1.0.23:80')]],
      ['bad-spec', 'a server that changes its port', [editServer('www', 'a 10.1.0.21:81')]],
      [
        'bad-spec',
        'an edit to a method that cannot change the port',
        [editServer('www', 'b 10.1.0.22:8000 route')],
      ],
      ['bad-spec', 'nat to another family', [addServer('www', 'c [fd00:1::23]:80 nat')]],
      ['bad-spec', 'route to another port', [addServer('www', 'c 10.1.0.23:81 route')]],
      ['bad-spec', 'tunnel to another port', [addServer('www', 'c 10.1.0.23:81 tunnel')]],
      ['bad-spec', 'local on another port', [addServer('www', 'c 10.1.0.23:81 local')]],
      ['bad-spec', 'nat to port 0', [addServer('www', 'c 10.1.0.23:0 nat')]],
      ['bad-spec', 'a weight below 0', [addServer('www', 'c 10.1.0.23:80 nat -1')]],
      ['bad-spec', 'a weight of a half', [addServer('www', 'c 10.1.0.23:80 nat 0.5')]],
      ['bad-spec', 'a weight beyond the limit', [addServer('www', 'c 10.1.0.23:80 nat 6553501')]],
      ['bad-spec', 'a netmask beyond IPv4', [editService(`${www} rr 60s/33`)]],
      ['bad-spec', 'a netmask beyond IPv6', [addService('www6 tcp://[fd00::100]:80 rr 60s/129')]],
      ['bad-spec', 'a persistence of no time', [editService(`${www} rr 0s/32`)]],
      ['bad-spec', 'a name of 64 bytes', [addService(`${'n'.repeat(64)} tcp://10.0.0.100:81`)]],
      ['bad-spec', 'a server without a name', [{ kind: 'add-server', service: 'www', server: nameless }]],
    ])('are refused with %s for %s, and change nothing', (code, _, steps) => {
      using at = new Bench(create);
      at.service(www, 'a 10.1.0.21:80', 'b 10.1.0.22:8000');
      const before = at.engine.dump();
      expect(at.try(...steps)).toEqual([code]);
      expect(at.engine.dump()).toBe(before);
    });

    it.each([
      'c 10.1.0.23:80 route',
      'c [fd00:1::23]:80 tunnel',
      'c 10.1.0.21:8000 nat',
      'c 10.1.0.23:80 local 6553500',
      `${'n'.repeat(63)} 10.1.0.23:80`,
    ])('may add %s', (server) => {
      using at = new Bench(create);
      at.service(www, 'a 10.1.0.21:80');
      expect(at.try(addServer('www', server))).toEqual(['ok']);
    });

    it('of one service are carried out all or none, those of others all the same', () => {
      using at = new Bench(create);
      at.service(www, 'a 10.1.0.21:80');
      const outcomes = at.engine.apply([
        editServer('www', 'a 10.1.0.21:80 nat 7'),
        addService('dns udp://10.0.0.100:53'),
        removeServer('www', 'z'),
        addServer('dns', 'a 10.1.0.21:53'),
      ]);
      expect(outcomes).toEqual([
        { service: 'www', ok: false, code: 'missing', detail: expect.stringContaining('z') },
        { service: 'dns', ok: true },
      ]);
      expect(at.lines('server').map((line) => line.split(' ').slice(1, 5).join(' '))).toEqual([
        'a 10.1.0.21:53 nat weight=1',
        'a 10.1.0.21:80 nat weight=1',
      ]);
    });

    it('may build on each other', () => {
      using at = new Bench(create);
      const steps = [
        addService(www),
        addServer('www', 'a 10.1.0.21:80'),
        editServer('www', 'a 10.1.0.21:80 route 3'),
        removeServer('www', 'a'),
        addServer('www', 'b 10.1.0.21:80'),
        removeService('www'),
        addService('www tcp://10.0.0.100:8080'),
        addServer('www', 'b 10.1.0.21:80'),
      ];
      expect(at.try(...steps)).toEqual(['ok']);
      expect(at.lines('service')).toEqual([
        'service www tcp://10.0.0.100:80 rr conns=0 packets=0/0 bytes=0/0 leaving',
        'service www tcp://10.0.0.100:8080 rr conns=0 packets=0/0 bytes=0/0',
      ]);
    });

    it('rename a service when the old name goes before the new one comes', () => {
      using at = new Bench(create);
      at.service(www, 'a 10.1.0.21:80');
      expect(at.try(addService('web tcp://10.0.0.100:80'), removeService('www'))).toEqual([
        'listen-taken',
        'ok',
      ]);
      expect(at.try(addService('www tcp://10.0.0.100:80'))).toEqual(['ok']);
      expect(at.try(removeService('www'), addService('web tcp://10.0.0.100:80'))).toEqual(['ok', 'ok']);
      expect(at.lines('service')).toHaveLength(1);
    });

    it('do not name what is leaving', () => {
      using at = new Bench(create);
      at.service(www, 'a 10.1.0.21:80');
      at.removeServer('www', 'a');
      expect(at.try(editServer('www', 'a 10.1.0.21:80'))).toEqual(['missing']);
      at.removeService('www');
      expect(at.try(addServer('www', 'b 10.1.0.22:80'))).toEqual(['missing']);
    });

    it('find no more than 256 servers in a service', () => {
      using at = new Bench(create);
      at.service(www);
      const servers = Array.from({ length: 257 }, (_, index) =>
        addServer('www', `s${index} 10.2.${index >> 8}.${index & 255}:80`),
      );
      expect(at.try(...servers)).toEqual(['too-many-servers']);
      expect(at.try(...servers.slice(1))).toEqual(['ok']);
      expect(at.try(servers[0]!)).toEqual(['too-many-servers']);
    });
  });

  describe('lists', () => {
    function busy(): Bench {
      const at = new Bench(create);
      at.service('www tcp://10.0.0.100:80 rr 60s/32', 'a 10.1.0.21:80', 'b 10.1.0.22:80');
      at.service('dns udp://10.0.0.100:53 rr', 'a 10.1.0.21:53');
      for (const from of ['192.0.2.1:1', '192.0.2.1:2', '192.0.2.2:1'])
        at.send(tcp({ from, to: '10.0.0.100:80', flags: 'S' }));
      at.send(udp({ from: '192.0.2.1:1', to: '10.0.0.100:53' }));
      return at;
    }

    it('are filtered by every field given, and no longer than asked for', () => {
      using at = busy();
      const count = (filter: Parameters<Bench['engine']['connections']>[0], limit = 100) =>
        at.engine.connections(filter, limit).length;
      expect(count({})).toBe(6);
      expect(count({}, 4)).toBe(4);
      expect(count({ kind: 'template' })).toBe(2);
      expect(count({ kind: 'connection', service: 'www' })).toBe(3);
      expect(count({ kind: 'connection', serverName: 'a' })).toBe(3);
      expect(count({ client: address('192.0.2.1') })).toBe(4);
      expect(count({ state: 'UDP' })).toBe(1);
      expect(count({ service: 'dns', state: 'SYN_RECV' })).toBe(0);
    });

    it('are emptied by a flush of what is named', () => {
      using at = busy();
      expect(at.engine.flush({ what: 'connections', service: 'www', server: 'a' })).toBe(2);
      expect(at.engine.flush({ what: 'connections', server: 'a' })).toBe(1);
      expect(at.engine.flush({ what: 'templates' })).toBe(2);
      expect(at.engine.flush({ what: 'connections', service: 'nobody' })).toBe(0);
      expect([at.load('www', 'a'), at.load('www', 'b'), at.load('dns', 'a')]).toEqual([
        '0/0/0',
        '0/1/0',
        '0/0/0',
      ]);
    });

    it('say how full the tables are', () => {
      using at = busy();
      const connections = at.engine.snapshot().tables.find(({ name }) => name === 'connections');
      expect(connections).toEqual({ name: 'connections', used: 6, limit: 1000 });
      expect(at.engine.capabilities().limits.connections).toBe(1000);
    });

    it('explain a choice without making it', () => {
      using at = busy();
      const before = at.engine.dump();
      const ask = (service: string, from: string, port: number) =>
        at.engine.explain({ service, client: { address: address(from), port } });
      expect(ask('www', '192.0.2.1', 2)).toMatchObject({ outcome: 'forward', server: 'a', method: 'nat' });
      expect(ask('www', '192.0.2.2', 99)).toMatchObject({ outcome: 'forward', server: 'b' });
      const fresh = ask('www', '192.0.2.3', 1);
      expect(fresh.because.join('\n')).toMatch(/Candidate a: .*\n.*Candidate b: .*\n/);
      expect(ask('www', '192.0.2.3', 1)).toEqual(fresh);
      expect(at.engine.dump()).toBe(before);
      const target = at.target(tcp({ from: '192.0.2.3:1', to: '10.0.0.100:80', flags: 'S' }));
      expect(target).toBe(fresh.server === 'a' ? '10.1.0.21:80' : '10.1.0.22:80');
    });
  });
}

const nameless: ServerSpec = { ...readServer('c 10.1.0.23:80'), name: '' };
