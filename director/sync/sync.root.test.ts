// Connection sync whole: packets make entries on one director, its sync process tells them by UDP, the other holds them.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { tcp, udp } from '../../test/support/packet/build.ts';
import { CONTROL } from '../engine/ebpf/layout.ts';
import { address } from '../model/address.ts';
import type { Method } from '../model/service.ts';
import type { Step } from '../model/step.ts';
import { DirectorPair } from './support/director-pair.ts';

const VIP = { 4: '10.0.0.100', 6: 'fd00::100' } as const;

function service(
  name: string,
  protocol: 'tcp' | 'udp',
  listen: string,
  port: number,
  method: Method,
  servers: readonly string[],
  persistent = false,
): Step[] {
  return [
    {
      kind: 'add-service',
      service: {
        name,
        scheduler: 'rr',
        listen: { protocol, address: address(listen), port },
        ...(persistent ? { persistence: { timeout_s: 300, netmask_bits: 24 } } : {}),
      },
    },
    ...servers.map(
      (server, index): Step => ({
        kind: 'add-server',
        service: name,
        server: {
          name: `rs${index}`,
          address: address(server),
          port: method === 'nat' ? 8_000 + port : port,
          method,
          weight: 1,
        },
      }),
    ),
  ];
}

const FOUR = ['10.1.0.21', '10.1.0.22', '10.1.0.23'];
const SIX = ['fd00:1::21', 'fd00:1::22'];
const STEPS: readonly Step[] = [
  ...service('web', 'tcp', VIP[4], 80, 'nat', FOUR),
  ...service('shop', 'tcp', VIP[4], 81, 'nat', FOUR, true),
  ...service('direct', 'tcp', VIP[4], 82, 'route', FOUR),
  ...service('tunnel', 'tcp', VIP[4], 83, 'tunnel', [...FOUR, ...SIX]),
  ...service('dns', 'udp', VIP[4], 53, 'nat', FOUR),
  ...service('web6', 'tcp', VIP[6], 80, 'nat', SIX),
];

let pair: DirectorPair;
// Loading the programs takes most of the time.
beforeAll(() => {
  pair = new DirectorPair({ connections_max: 20_000, steps: STEPS });
});
afterAll(() => pair[Symbol.dispose]());
beforeEach(() => {
  pair.reset();
  pair.a.setRole(true, 1);
  pair.b.setRole(false, 1);
});

/** Clients from `first` on, one connection with each kind of service by turns; half of them beyond their first packet. */
function clients(first: number, count: number, director = pair.a): void {
  for (let number = first; number < first + count; number++) {
    const port = 1_024 + number;
    const from = `10.3.${(number >>> 8) & 0xff}.${number & 0xff}:${port}`;
    const kind = number % 6;
    const flags = number % 2 === 0 ? ['S'] : ['S', 'A'];
    if (kind === 4) director.feed(udp({ from, to: `${VIP[4]}:53`, payload: 8 }));
    else
      for (const each of flags)
        director.feed(
          kind === 5
            ? tcp({ from: `[fd00:3::${number.toString(16)}]:${port}`, to: `[${VIP[6]}]:80`, flags: each })
            : tcp({ from, to: `${VIP[4]}:${80 + kind}`, flags: each }),
        );
  }
}

async function bothSteady(): Promise<void> {
  await eventually(() => [pair.a.status?.state, pair.b.status?.state]).toEqual(['steady', 'steady']);
}

async function equalEntries(least: number): Promise<void> {
  const ours = pair.a.entries();
  expect(ours.length).toBeGreaterThanOrEqual(least);
  await eventually(() => pair.b.entries()).toEqual(ours);
}

describe('two directors', () => {
  it('hold the same entries of every method, family and protocol, from the first packet on', async () => {
    pair.a.start();
    pair.b.start();
    await bothSteady();
    clients(0, 300);
    await equalEntries(300);
    // only by the stream
    expect(pair.a.status?.sent.bulk_entries).toBe(0);
    const templates = pair.b.entries().filter((line) => line.startsWith('template'));
    expect(templates.length).toBeGreaterThan(0);
    expect(pair.b.engine.dump()).toMatch(/template.* controls=[1-9]/);
    pair.a.engine.flush({ what: 'connections' });
    await eventually(() => pair.b.entries().filter((line) => line.startsWith('connection'))).toEqual([]);
  });

  it('become the same when one joins late, and again when it comes back with and without its tables', async () => {
    clients(0, 1_000);
    pair.a.start();
    pair.b.start();
    await equalEntries(1_000);
    await bothSteady();
    pair.b.kill();
    clients(1_000, 200);
    pair.b.start();
    await equalEntries(1_200);
    pair.b.kill();
    pair.b.loseTables();
    clients(1_200, 200);
    pair.b.start();
    await equalEntries(1_400);
    await bothSteady();
  });

  it('become the same after the active one’s process died, whose table went on', async () => {
    pair.a.start();
    pair.b.start();
    await bothSteady();
    clients(0, 500);
    pair.a.kill();
    clients(500, 500);
    pair.a.engine.flush({ what: 'connections', service: 'direct' });
    pair.a.start();
    await equalEntries(700);
  });

  it('are the same in spite of a fifth of all datagrams lost', async () => {
    pair.lose(20);
    pair.a.start();
    pair.b.start();
    for (let first = 0; first < 2_000; first += 100) {
      clients(first, 100);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await equalEntries(2_000);
    await bothSteady();
    expect(pair.a.status!.sent.repaired).toBeGreaterThan(0);
  });

  it('open the tables again when they were released and made anew', async () => {
    pair.a.start();
    pair.b.start();
    await bothSteady();
    clients(0, 100);
    pair.a.loseTables();
    clients(100, 100);
    await equalEntries(100);
    await bothSteady();
  });
});

describe('the sync process', () => {
  it('answers a flush once the peer has everything, and says so when there is no peer', async () => {
    pair.a.start();
    pair.b.start();
    await bothSteady();
    clients(0, 100);
    pair.a.tell({ kind: 'flush', id: 7 });
    await eventually(() => pair.a.messages).toContainEqual(
      expect.objectContaining({ kind: 'flushed', id: 7, ok: true }),
    );
    expect(pair.b.entries()).toEqual(pair.a.entries());
    pair.b.kill();
    await eventually(() => pair.a.status?.state).toBe('alone');
    pair.a.tell({ kind: 'flush', id: 8 });
    await eventually(() => pair.a.messages).toContainEqual(
      expect.objectContaining({ kind: 'flushed', id: 8, ok: false }),
    );
  });

  it('waits for a link that is not there yet, and goes on over one that went and came back', async () => {
    pair.cut();
    pair.a.start();
    pair.b.start();
    await eventually(() => pair.a.status?.because).toContain('EADDRNOTAVAIL');
    pair.join();
    await bothSteady();
    pair.cut();
    clients(0, 100);
    await eventually(() => pair.a.status?.state).toBe('alone');
    pair.join();
    clients(100, 100);
    await equalEntries(200);
  });

  it('gives entries of an unknown service no place, says so, and takes them once it is known', async () => {
    const steps = service('late', 'tcp', VIP[4], 90, 'nat', FOUR);
    pair.a.engine.apply(steps);
    pair.a.start();
    pair.b.start();
    await bothSteady();
    pair.a.feed(tcp({ from: '10.3.0.1:2000', to: `${VIP[4]}:90`, flags: 'S' }));
    await eventually(() => pair.b.status?.applied.refused['unknown-server']).toBeGreaterThan(0);
    pair.b.engine.apply(steps);
    pair.b.tell({ kind: 'registry' });
    await equalEntries(1);
  });

  it('keeps packets of unknown connections from a reset as standby, and for a moment after a takeover', async () => {
    pair.a.start();
    pair.b.start();
    await bothSteady();
    const asStandby = graceOf();
    expect(asStandby - process.hrtime.bigint()).toBeLessThan(11_000_000_000n);
    await eventually(graceOf).toBeGreaterThan(asStandby); // renewed, or it would not outlast this process for long
    pair.a.kill();
    pair.b.setRole(true, 2);
    await eventually(graceOf).toBeLessThan(asStandby);
    expect(graceOf()).toBeGreaterThan(0n);
    clients(0, 60, pair.b);
    pair.a.setRole(false, 1);
    pair.a.start();
    const theirs = pair.b.entries();
    await eventually(() => pair.a.entries()).toEqual(theirs);
  });

  it('ends with its channel, and leaves events off', async () => {
    pair.a.start();
    pair.b.start();
    await bothSteady();
    const child = pair.a.child!;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.disconnect();
    expect(await ended).toBe(0);
    expect(pair.a.engine.tables.array('control').getU32(0, CONTROL.events_on)).toBe(0);
    await eventually(() => pair.b.status?.state).toBe('alone');
  });
});

function graceOf(): bigint {
  return pair.b.engine.tables.array('control').getU64(0, CONTROL.grace_until_ns);
}
