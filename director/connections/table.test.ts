import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address } from '../model/address.ts';
import { METHODS } from '../model/service.ts';
import { CONNECTION_STATES, isActive } from '../model/state.ts';
import { type Connection, ConnectionTable, type Owner, type Template } from './table.ts';

const CAPACITY = 12;
const end = (number: number, port: number) => ({ address: address(`10.0.0.${number}`), port });
const owner = (): Owner => ({ active: 0, inactive: 0, templates: 0 });

function connection(from: Owner, more: Partial<Connection<Owner>> = {}): Connection<Owner> {
  return {
    kind: 'connection',
    protocol: 'tcp',
    client: end(1, 4000),
    virtual: end(100, 80),
    server: end(21, 8000),
    method: 'nat',
    owner: from,
    template: undefined,
    state: 'NONE',
    seen_ms: 0,
    packets_in: 0,
    packets_out: 0,
    bytes_in: 0,
    bytes_out: 0,
    ...more,
  };
}

function template(leadsTo: Owner, group = 1, client = 1): Template<Owner> {
  return {
    kind: 'template',
    group,
    client: end(client, 0).address,
    virtual: end(100, 80),
    protocol: 'tcp',
    target: { owner: leadsTo, server: end(21, 8000), method: 'nat' },
    seen_ms: 0,
    timeout_ms: 1000,
    controls: 0,
  };
}

describe('the connection table', () => {
  it('finds a nat entry from both sides, and by its protocol only', () => {
    const table = new ConnectionTable<Owner>(CAPACITY);
    const entry = connection(owner());
    table.add(entry);
    expect(table.inbound('tcp', entry.client, entry.virtual)).toBe(entry);
    expect(table.outbound('tcp', entry.server, entry.client)).toBe(entry);
    expect(table.inbound('udp', entry.client, entry.virtual)).toBeUndefined();
    expect(table.inbound('tcp', entry.virtual, entry.client)).toBeUndefined();
    expect(table.outbound('tcp', entry.client, entry.virtual)).toBeUndefined();
  });

  it('finds other methods from the client’s side only', () => {
    const table = new ConnectionTable<Owner>(CAPACITY);
    const entry = connection(owner(), { method: 'route' });
    table.add(entry);
    expect(table.outbound('tcp', entry.server, entry.client)).toBeUndefined();
  });

  it('keeps templates apart by service', () => {
    const table = new ConnectionTable<Owner>(CAPACITY);
    const [one, other] = [template(owner(), 1), template(owner(), 2)];
    table.add(one);
    table.add(other);
    expect(table.template(1, one.client)).toBe(one);
    expect(table.template(2, one.client)).toBe(other);
    expect(table.template(3, one.client)).toBeUndefined();
  });

  it('tells an entry from another one in its place', () => {
    const table = new ConnectionTable<Owner>(CAPACITY);
    const [first, second] = [connection(owner()), connection(owner())];
    table.add(first);
    expect(table.remove(second)).toBe(false);
    expect(table.remove(first)).toBe(true);
    table.add(second);
    expect(table.holds(first)).toBe(false);
    expect(table.holds(second)).toBe(true);
    expect(table.remove(first)).toBe(false);
    expect(table.used).toBe(1);
  });

  it('holds no more than its capacity, entries and templates together', () => {
    const table = new ConnectionTable<Owner>(2);
    table.add(template(owner()));
    expect(table.hasRoom(1)).toBe(true);
    expect(table.hasRoom(2)).toBe(false);
    table.add(connection(owner()));
    expect(() => table.add(template(owner(), 2))).toThrow(RangeError);
  });

  it('keeps every count equal to what it holds, whatever is done to it', () => {
    const change = fc.record({
      what: fc.constantFrom('add', 'remove', 'move', 'lead', 'add-template', 'remove-template'),
      client: fc.integer({ min: 1, max: 6 }),
      owner: fc.nat(2),
      state: fc.constantFrom(...CONNECTION_STATES.slice(0, 12)),
      method: fc.constantFrom(...METHODS),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60, size: 'max' }), (changes) => {
        const table = new ConnectionTable<Owner>(CAPACITY);
        const owners = [owner(), owner(), owner()];
        for (const { what, client, owner: number, ...more } of changes) {
          const at = owners[number]!;
          const entry = table.inbound('tcp', end(client, 4000), end(100, 80));
          const lasting = table.template(1, end(client, 0).address);
          const fresh = connection(at, { client: end(client, 4000), template: lasting, ...more });
          const room = table.hasRoom(1);
          ({
            add: () => !entry && room && table.add(fresh),
            remove: () => entry && table.remove(entry),
            move: () => entry && table.move(entry, more.state),
            lead: () => lasting && table.lead(lasting, { ...lasting.target, owner: at }),
            'add-template': () => !lasting && room && table.add(template(at, 1, client)),
            'remove-template': () => lasting && table.remove(lasting),
          })[what]();
        }
        const [connections, templates] = [[...table.connections()], [...table.templates()]];
        expect(table.used).toBe(connections.length + templates.length);
        for (const at of owners) {
          const own = connections.filter((each) => each.owner === at);
          expect(at.active).toBe(own.filter(({ state }) => isActive(state)).length);
          expect(at.inactive).toBe(own.length - at.active);
          expect(at.templates).toBe(templates.filter(({ target }) => target.owner === at).length);
        }
        for (const each of templates)
          expect(each.controls).toBe(connections.filter((entry) => entry.template === each).length);
      }),
    );
  });
});
