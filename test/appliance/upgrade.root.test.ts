import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outage_ms } from '../drills/traffic/gaps.ts';
import { type DrillTraffic, startTraffic } from '../drills/traffic/traffic.ts';
import { DRILL_SERVICES } from '../lab/configuration.ts';
import { monotonic_ms } from '../lab/monotonic.ts';
import { configurationOf, configure, startDirector, until, untilServersUp } from './director.ts';
import { whyNoMachine } from './disk.ts';
import { install } from './installed.ts';
import { providePackage, repack } from './package.ts';
import { openSite, type Site } from './site.ts';

const CONNECTIONS = 100;
const FRESH_EVERY_MS = 50;
const SUFFIX = '+next1';
const services = DRILL_SERVICES;

describe.skipIf(whyNoMachine() !== undefined)('the only director, under traffic', () => {
  let site: Site;
  let deb: string;
  let traffic: DrillTraffic;

  beforeAll(async () => {
    deb = await providePackage(console.log);
    site = await openSite({ machines: ['lb1'], services, deb, progress: console.log });
    const lb1 = site.machine('lb1');
    await lb1.boot();
    await configure(lb1, configurationOf({ directors: ['lb1'], services }), randomBytes(32).toString('hex'));
    await startDirector(lb1);
    await untilServersUp(lb1, services.length);
    traffic = startTraffic(site, {
      connections: CONNECTIONS,
      fresh_every_ms: FRESH_EVERY_MS,
      timeout_ms: 15_000,
    });
  });

  afterAll(async () => {
    traffic?.[Symbol.dispose]();
    await site?.[Symbol.asyncDispose]();
  });

  it('is upgraded, and packets and established connections go on', async () => {
    const lb1 = site.machine('lb1');
    using next = await repack(deb, SUFFIX);
    await traffic.begin();
    const begun_at = monotonic_ms();
    await install(lb1, next.path);
    expect((await lb1.run('dpkg-query -W fairlead')).stdout).toContain(SUFFIX);
    await untilServersUp(lb1, services.length);
    const { established, fresh } = await traffic.end(begun_at);
    console.log(
      `upgrade: new connections waited for ${outage_ms(fresh.after, FRESH_EVERY_MS).toFixed()} ms; ` +
        `of ${established.of} established connections lost: ${JSON.stringify(established.lost)}`,
    );
    expect({ of: established.of, lost: established.lost }).toEqual({ of: CONNECTIONS, lost: {} });
  });

  it('is removed and installed again, and goes on with the configuration that was kept', async () => {
    const lb1 = site.machine('lb1');
    await lb1.run('apt-get remove -y fairlead', { timeout_ms: 120_000 });
    expect((await lb1.run('ip -o addr')).stdout).not.toContain('10.0.0.100');
    expect((await lb1.run('ls /sys/fs/bpf')).stdout).toBe('');
    await install(lb1, deb);
    await startDirector(lb1);
    await untilServersUp(lb1, services.length);
    const successes = traffic.successes();
    await until(lb1, 'new connections', async () => traffic.successes() > successes + 20);
  });
});
