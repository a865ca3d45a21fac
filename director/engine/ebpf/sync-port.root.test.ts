// The port as the sync process has it: by pins, beside the engine of another process that restarts or ends.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEbpfSite, type EbpfSite, SITE_STEPS } from '../../../test/support/ebpf-site.ts';
import { eventually } from '../../../test/support/eventually.ts';
import { address, addressBytes } from '../../model/address.ts';
import { onReadable } from '../../native/readable.ts';
import { CHANGE, INSTALL, INSTALL_FLAG } from './install-layout.ts';
import { CONTROL, EVENT, KIND, SLOT } from './layout.ts';
import { openSyncPort } from './sync-port.ts';

let site: EbpfSite;
beforeEach(async () => {
  site = await createEbpfSite();
});
afterEach(() => site[Symbol.dispose]());

const bytes = (text: string) => addressBytes(address(text));

describe('the sync process’s port to a director’s tables', () => {
  it('is told of connections by the ring’s descriptor, once it asks, and is the only one who is', async () => {
    using engine = site.open();
    engine.apply(SITE_STEPS);
    using port = openSyncPort({ pinFolder: site.pinFolder });
    expect(port.drain(10, () => {})).toBe(0);
    port.setEvents(true);
    const changes: number[] = [];
    using _reading = onReadable(port.eventsFd, () => {
      port.drain(1_000, (event) => changes.push(event[EVENT.change]!));
    });
    const conversation = site.talk();
    await eventually(() => new Set(changes)).toEqual(new Set([CHANGE.created, CHANGE.state]));
    expect(engine.events(1_000)).toEqual({ events: [], lost: 0 });
    expect(port.lost()).toBe(0);
    await conversation.stop();
    site.release(engine);
    expect(port.isCurrent()).toBe(false);
  });

  it('goes on when the director restarts, and keeps being told', async () => {
    const first = site.open();
    first.apply(SITE_STEPS);
    using port = openSyncPort({ pinFolder: site.pinFolder });
    port.setEvents(true);
    first.close();
    const second = site.open();
    expect(second.adopted).toBe(true);
    expect(port.isCurrent()).toBe(true);
    const service = port.directory.serviceOn(bytes('10.0.0.100'), 80, 6)!;
    const server = port.directory.serverIn(service, bytes('10.1.0.21'), 80, 0)!;
    expect([port.directory.names.service(service), port.directory.names.server(server)]).toEqual([
      'nat-tcp',
      'rs',
    ]);
    const { inbox } = port;
    inbox.clear(0);
    inbox.setU8(0, INSTALL.state, 1);
    inbox.setU8(0, INSTALL.protocol, 6);
    inbox.setU32(0, INSTALL.flags, INSTALL_FLAG.authoritative);
    inbox.setBytes(0, INSTALL.client, bytes('10.0.0.1'));
    inbox.setBytes(0, INSTALL.virtual, bytes('10.0.0.100'));
    inbox.setBytes(0, INSTALL.destination, bytes('10.1.0.21'));
    for (const [field, number] of [
      [INSTALL.client_port, 4_000],
      [INSTALL.virtual_port, 80],
      [INSTALL.server_port, 80],
    ] as const)
      inbox.setPort(0, field, number);
    inbox.setU32(0, INSTALL.service, service);
    inbox.setU32(0, INSTALL.server, server);
    inbox.setU32(0, INSTALL.left_ms, 60_000);
    port.install(1);
    expect(inbox.getU32(0, INSTALL.result)).toBe(0);
    const [entry] = second.connections({}, 10);
    expect(entry).toMatchObject({ client: { port: 4_000 }, serverName: 'rs', state: 'ESTABLISHED' });
    expect(entry!.expires_ms).toBeGreaterThan(50_000);
    expect(entry!.expires_ms).toBeLessThanOrEqual(60_001);
    expect(port.slots.getU8(inbox.getU32(0, INSTALL.slot_index), SLOT.word + 1)).toBe(KIND.connection);
    // what a sync process held back is let in again by a director that has none
    port.setGrace(port.now_ns() + 60_000_000_000n);
    port.setAdmitUntil(1n);
    second.unguard();
    // told by the programs that the second process loaded
    const conversation = site.talk();
    await eventually(async () => (await conversation.counts()).tcp).toBeGreaterThan(0);
    await conversation.stop();
    expect(port.drain(1_000, () => {})).toBeGreaterThan(1);
    site.release(second);
  });

  it('notices tables that were made anew, and that there are none', () => {
    expect(() => openSyncPort({ pinFolder: site.pinFolder })).toThrow(
      expect.objectContaining({ code: 'tables-missing' }),
    );
    site.release(site.open());
    const engine = site.open();
    using port = openSyncPort({ pinFolder: site.pinFolder });
    expect(port.isCurrent()).toBe(true);
    site.release(engine);
    const another = site.open();
    expect(port.isCurrent()).toBe(false);
    site.release(another);
  });

  it('leaves tables of another layout alone, as the engine does, whatever tables those are', () => {
    const engine = site.open();
    engine.tables.array('control').setU32(0, CONTROL.layout, 1);
    engine.close();
    for (const open of [() => openSyncPort({ pinFolder: site.pinFolder }), () => site.open()])
      expect(open).toThrow(expect.objectContaining({ code: 'layout-changed' }));
  });
});
