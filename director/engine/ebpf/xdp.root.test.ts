// Native XDP on virtual cables carries real traffic, when the end hosts hand over complete frames: XDP sees a checksum
// that is still to be computed as a wrong one, so their offloads are off; and a veth whose peer sends by redirect
// takes frames only when it has GRO (kernel: drivers/net/veth.c, veth_xdp_xmit).
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEbpfSite, type EbpfSite, SITE_STEPS } from '../../../test/support/ebpf-site.ts';
import { eventually } from '../../../test/support/eventually.ts';
import { ip, run } from '../../../test/support/netns.ts';
import type { EbpfEngine } from './ebpf-engine.ts';

let site: EbpfSite;
let engine: EbpfEngine;
beforeAll(async () => {
  site = await createEbpfSite();
  for (const host of [site.client, site.server])
    for (const name of ['eth0', 'eth1']) run(host, 'ethtool', ['-K', name, 'tx', 'off', 'gro', 'on']);
  engine = site.open({ hook: 'xdp', pinned: false });
  expect(engine.apply(SITE_STEPS).every(({ ok }) => ok)).toBe(true);
});
afterAll(() => {
  if (engine) site.release(engine);
  site?.[Symbol.dispose]();
});

const service = (name: string) => engine.snapshot().services.find(({ spec }) => spec.name === name)!;

/** What the engine has forwarded, beside what its services have carried; connections may be ending meanwhile. */
function forwardedAndCarried() {
  const { services, totals } = engine.snapshot();
  const carried = services.reduce((sum, { traffic }) => sum + traffic.packets_in + traffic.packets_out, 0);
  return { carried, difference: totals.forwarded - carried };
}

it('is attached to both interfaces, and to no tc', () => {
  for (const name of ['eth0', 'eth1']) {
    expect(ip(site.director, `link show dev ${name}`)).toMatch(/ xdp .*prog\/xdp/s);
    expect(site.filters(name)).toBe('');
  }
  expect(engine.capabilities().hooks.map(({ hook }) => hook)).toEqual(['xdp', 'xdp']);
});

it.each(['nat', 'route'] as const)('carries TCP and UDP by method %s, and counts it', async (method) => {
  // The first packets wait for nobody: the server's link address is known before they come.
  await eventually(() => service(`${method}-tcp`).servers[0]?.path).toContain('eth1 at ');
  const before = engine.snapshot().totals;
  const talk = site.talk(method);
  await eventually(async () => (await talk.counts()).tcp).toBeGreaterThan(50);
  await eventually(async () => (await talk.counts()).udp).toBeGreaterThan(50);
  const counts = await talk.stop();
  expect(counts).toMatchObject({ outstanding: { tcp: 0, udp: 0 } });

  const udp = service(`${method}-udp`).traffic;
  expect(udp.connections).toBe(1);
  expect(udp.packets_in).toBe(counts.udp);
  expect(udp.packets_out).toBe(method === 'nat' ? counts.udp : 0);
  const tcp = service(`${method}-tcp`).traffic;
  expect(tcp.connections).toBe(1);
  expect(tcp.packets_in).toBeGreaterThan(2);
  await eventually(forwardedAndCarried).toMatchObject({ difference: 0 });
  expect(engine.snapshot().totals.dropped).toEqual(before.dropped);
});
