import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVICES } from '../lab/configuration.ts';
import { NETWORK, SERVER_NAMES } from '../lab/topology.ts';
import { run } from '../support/netns.ts';
import { ask, configurationOf, configure, until, untilServersUp } from './director.ts';
import { whyNoMachine } from './disk.ts';
import type { Machine } from './machine/machine.ts';
import { providePackage } from './package.ts';
import { openSite, type Site } from './site.ts';

const services = SERVICES.filter(({ name }) => name === 'www-nat');
const JOURNAL = "journalctl -b --no-pager -o cat -u 'fairlead*'";
const NO_BPF = ['SystemCallFilter=~bpf', 'SystemCallErrorNumber=ENOSYS'];

describe.skipIf(whyNoMachine() !== undefined)('a machine in hard circumstances', () => {
  let site: Site;
  let lb1: Machine;

  beforeAll(async () => {
    const deb = await providePackage(console.log);
    site = await openSite({ machines: ['lb1'], services, deb, progress: console.log });
    lb1 = site.machine('lb1');
    await lb1.boot();
    await configure(lb1, configurationOf({ directors: ['lb1'], services }), randomBytes(32).toString('hex'));
    await lb1.powerOff();
  });

  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
  });

  const serves = (): void => {
    const words = ['-sS', '--max-time', '10', `http://${NETWORK.vip.nat}/`];
    const { stdout } = run(site.namespaces.get('client'), 'curl', words);
    expect(SERVER_NAMES).toContain((JSON.parse(stdout) as { server: string }).server);
  };

  it('says which interface is missing, and works once it appears', async () => {
    await lb1.boot({ late: ['eth1'] });
    await until(lb1, 'a word about the interface', async () =>
      /no interface (named )?eth1/i.test((await lb1.run(JOURNAL)).stdout),
    );
    await lb1.appear('eth1');
    await untilServersUp(lb1, services.length);
    serves();
  });

  it('goes on when its clock is set years back', async () => {
    await lb1.run("date -s '2019-01-01 12:00'");
    serves();
    await untilServersUp(lb1, services.length);
    expect(await ask(lb1, 'status')).toMatchObject({ role: 'active' });
  });

  it('says what to do where the kernel has no BPF', async () => {
    await lb1.run('systemctl stop fairlead.target');
    for (const unit of ['fairlead.service', 'fairlead-heartbeat.service'])
      await lb1.write(`/run/systemd/system/${unit}.d/no-bpf.conf`, `[Service]\n${NO_BPF.join('\n')}\n`);
    await lb1.run('systemctl daemon-reload; journalctl --rotate; journalctl --vacuum-time=1s', {
      allowFailure: true,
    });
    await lb1.run('systemctl start fairlead.target', { allowFailure: true, timeout_ms: 120_000 });
    let told = '';
    await until(lb1, 'a word about BPF', async () => {
      told = (await lb1.run(JOURNAL)).stdout;
      return /error.*bpf/is.test(told);
    });
    console.log(
      told
        .split('\n')
        .filter((line) => /bpf/i.test(line))
        .slice(-4)
        .join('\n'),
    );
    // Such a kernel has no file about it either.
    const hidden = "unshare -m sh -c 'mount -t tmpfs none /proc/sys/kernel && fairlead doctor'";
    const doctor = await lb1.run(hidden, { allowFailure: true });
    expect(doctor).toMatchObject({ status: 1, stdout: expect.stringMatching(/^fail +bpf /m) });
    await lb1.run(
      'rm -r /run/systemd/system/fairlead*.d; systemctl daemon-reload; systemctl restart fairlead.target',
      {
        timeout_ms: 120_000,
      },
    );
    await untilServersUp(lb1, services.length);
    await lb1.powerOff();
  });

  it('works with a root that cannot be written, and a clock years ahead', async () => {
    await lb1.boot({ readOnlyRoot: true, clock: '2033-05-01 03:00' });
    expect((await lb1.run('touch /etc/x', { allowFailure: true })).stderr).toMatch(/read-only/i);
    expect((await lb1.run('date +%Y')).stdout.trim()).toBe('2033');
    await untilServersUp(lb1, services.length);
    serves();
  });
});
