import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { address } from '../../director/model/address.ts';
import { inNamespace } from '../../director/native/netns.ts';
import { Rtnetlink } from '../../director/native/rtnetlink.ts';
import { eventually } from '../../test/support/eventually.ts';
import { ip, run } from '../../test/support/netns.ts';
import { arpingAnnounce, arpingHolder } from './arping.ts';
import { createNeighbourhood, MAC, type Neighbourhood, VIP, VIP6 } from './support/neighbourhood.ts';
import { raiseVip } from './vip.ts';

const OTHER = { ...VIP, address: address('10.0.0.101') };
let site: Neighbourhood;
beforeAll(() => {
  site = createNeighbourhood('arping');
  using rt = inNamespace(site.one, () => new Rtnetlink());
  for (const vip of [VIP, OTHER]) raiseVip(rt, vip);
});
afterAll(() => site?.[Symbol.dispose]());

describe('arping', () => {
  it('confirms who holds an address, and that nobody does', async () => {
    const [held, free] = await inNamespace(site.client, () =>
      Promise.all([arpingHolder('eth0', VIP.address), arpingHolder('eth0', address('10.0.0.199'))]),
    );
    expect(held).toBe(MAC.one);
    expect(free).toBeUndefined();
  });

  it('turns caches by a request and by a reply', async () => {
    const forms = [
      [VIP, 'request'],
      [OTHER, 'reply'],
    ] as const;
    for (const [vip] of forms)
      ip(site.client, `neigh replace ${vip.address} lladdr ${MAC.two} dev eth0 nud stale`);
    const outcomes = await inNamespace(site.one, () =>
      Promise.all(forms.map(([vip, form]) => arpingAnnounce(vip, form))),
    );
    for (const outcome of outcomes) expect(outcome).toEqual({ ok: true, reason: '' });
    for (const [vip] of forms) await eventually(() => site.believed(vip.address)).toBe(MAC.one);
  });

  it('says why it could not', async () => {
    expect(await arpingAnnounce(VIP6, 'reply')).toMatchObject({ ok: false });
    expect(await arpingAnnounce({ ...VIP, interface: 'eth9' }, 'reply')).toEqual({
      ok: false,
      reason: expect.stringContaining('eth9'),
    });
  });

  it('stands in where this process is refused packet sockets', async () => {
    ip(site.client, `neigh replace ${VIP.address} lladdr ${MAC.two} dev eth0 nud stale`);
    const script = `
      import { openHolding } from ${JSON.stringify(import.meta.resolve('./holding.ts'))};
      import { realClock } from ${JSON.stringify(import.meta.resolve('./support/neighbourhood.ts'))};
      const records = [];
      const holding = openHolding({
        vips: [${JSON.stringify(VIP)}],
        clock: realClock,
        leaseFolder: '/sys/fs/bpf/fairlead-test-arping',
        onClaim() {},
        record: (event) => records.push(event),
      });
      holding.renewLease(1000);
      holding.raise();
      const wait = setInterval(() => {
        if (holding.status().announcements < 2) return;
        clearInterval(wait);
        console.log(JSON.stringify({ records, lease: holding.status().lease.state }));
        holding[Symbol.dispose]();
      }, 10);`;
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups'];
    const admin = ['--inh-caps=+net_admin', '--ambient-caps=+net_admin'];
    const command = [process.execPath, '--input-type=module-typescript', '-e', script];
    const { stdout } = run(site.one, 'setpriv', [...nobody, ...admin, ...command]);
    expect(JSON.parse(stdout)).toEqual({
      records: ['lease-unguarded', 'claims-not-heard', 'announce-failed'],
      lease: 'unguarded',
    });
    await eventually(() => site.believed(VIP.address)).toBe(MAC.one);
  });
});
