import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVICES } from '../lab/configuration.ts';
import { NETWORK, SERVER_NAMES } from '../lab/topology.ts';
import { run } from '../support/netns.ts';
import { ask, configurationOf, configure, startDirector, untilServersUp } from './director.ts';
import { whyNoMachine } from './disk.ts';
import { providePackage } from './package.ts';
import { openSite, type Site } from './site.ts';

const services = SERVICES.filter(({ kind }) => kind === 'http');
const urls: [string, string][] = [
  ['nat', `http://${NETWORK.vip.nat}/`],
  ['route', `http://${NETWORK.vip.route}/`],
  ['tunnel', `http://${NETWORK.vip.tunnel}/`],
  ['nat over IPv6', `http://[${NETWORK.vip.nat6}]/`],
];

describe.skipIf(whyNoMachine() !== undefined)('a machine with the package, configured', () => {
  let site: Site;

  beforeAll(async () => {
    const deb = await providePackage(console.log);
    site = await openSite({ machines: ['lb1'], services, deb, progress: console.log });
    const lb1 = site.machine('lb1');
    await lb1.boot();
    await configure(lb1, configurationOf({ directors: ['lb1'], services }), randomBytes(32).toString('hex'));
    await startDirector(lb1);
    await untilServersUp(lb1, services.length);
  });

  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
  });

  it.for(urls)('spreads what clients ask over all real servers: %s', ([, url]) => {
    const client = site.namespaces.get('client');
    const answers = Array.from({ length: 9 }, () => {
      const { stdout } = run(client, 'curl', ['-sS', '--max-time', '10', url]);
      return (JSON.parse(stdout) as { server: string }).server;
    });
    expect(new Set(answers)).toEqual(new Set(SERVER_NAMES));
  });

  it('says of itself that it is active, in 512 MB of memory', async () => {
    const lb1 = site.machine('lb1');
    expect(await ask(lb1, 'status')).toMatchObject({ role: 'active' });
    const { stdout } = await lb1.run(
      "awk '/^MemAvailable/ { print $2 }' /proc/meminfo; journalctl -k -b -o cat --no-pager",
    );
    const [available_kb, ...kernel] = stdout.split('\n');
    console.log(`of 512 MB are available: ${Math.round(Number(available_kb) / 1024)} MB`);
    expect(Number(available_kb)).toBeGreaterThan(64 << 10);
    expect(kernel.join('\n')).not.toMatch(/out of memory|oom-kill/i);
  });

  it('comes back by itself after a power cut', async () => {
    const lb1 = site.machine('lb1');
    await lb1.powerCut();
    await lb1.boot();
    await untilServersUp(lb1, services.length);
    const { stdout } = run(site.namespaces.get('client'), 'curl', ['-sS', '--max-time', '10', urls[0]![1]]);
    expect(SERVER_NAMES).toContain((JSON.parse(stdout) as { server: string }).server);
  });
});
