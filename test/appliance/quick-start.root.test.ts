// docs/quick-start.md on two machines that boot, block by block, and then whatever other documents show of an installed machine.
// Real servers and the client are namespaces of the host.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { followSteps } from '../docs/follow.ts';
import { type Outcome, type Typed, type } from '../docs/typing.ts';
import { activeOf, unrest } from '../lab/pair.ts';
import { waitFor } from '../lab/wait.ts';
import { allowSlowStart, ask, until, viewMachines } from './director.ts';
import { whyNoMachine } from './disk.ts';
import type { Machine } from './machine/machine.ts';
import { providePackage } from './package.ts';
import { openSite, type Site } from './site.ts';

/** A command waits for programs that start anew, each of which takes seconds in there. */
const COMMAND_MS = 170_000;
/** For tables of the default size. */
const MEMORY_MB = 1_024;
const STARTS_DIRECTOR = /^systemctl (start|kill)/;
const PAGE = 'curl -sS --max-time 5 http://10.0.0.100/';

describe.skipIf(whyNoMachine() !== undefined)('the quick start', () => {
  let site: Site;

  beforeAll(async () => {
    const deb = await providePackage(console.log);
    site = await openSite({ machines: ['lb1', 'lb2'], services: [], progress: console.log });
    await Promise.all(
      site.machines.map(async (machine) => {
        await machine.boot({ memory_mb: MEMORY_MB });
        await machine.send(deb);
        await allowSlowStart(machine);
      }),
    );
  });

  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
  });

  followSteps('appliance', (host, command, typed) => {
    const machine = site.machines.find(({ name }) => name === host);
    return machine === undefined ? typeOutside(site, host, command) : typeOn(machine, command, typed);
  });

  it('ends with a pair that outlives the director that serves', async () => {
    const [lb1, lb2] = site.machines as [Machine, Machine];
    let active: Machine | undefined;
    await until(lb1, 'one active director', async () => {
      const views = await viewMachines(site.machines);
      active = unrest(views) === undefined ? activeOf(views) : undefined;
      return active !== undefined;
    });
    const standby = active === lb1 ? lb2 : lb1;
    await active?.powerCut();
    let said = '';
    await waitFor(
      () => `a page from ${standby.name}: ${said}`,
      COMMAND_MS,
      async () => {
        const { status, output } = await typeOutside(site, 'client', PAGE);
        said = output;
        return status === 0;
      },
    );
    expect((await ask(standby, 'ha')).role).toBe('active');
  });
});

async function typeOn(machine: Machine, command: string, typed: Typed): Promise<Outcome> {
  if (typed.goesOnAfter !== undefined) return typeAndGoOn(machine, command, typed.goesOnAfter);
  const { status, stdout, stderr } = await machine.run(`cd /root\n${command}`, {
    timeout_ms: COMMAND_MS,
    allowFailure: true,
  });
  // In there a director takes half a minute to start; a reader goes on when it has.
  if (STARTS_DIRECTOR.test(command)) await until(machine, 'the director to be there', () => answers(machine));
  return { status, output: stdout + stderr };
}

async function answers(machine: Machine): Promise<boolean> {
  await ask(machine, 'status');
  return true;
}

/** The command waits for somebody; what it has printed so far lies in a file. */
async function typeAndGoOn(machine: Machine, command: string, mark: RegExp): Promise<Outcome> {
  const file = '/root/typed';
  await machine.run(`rm -f ${file}; systemd-run --quiet sh -c '${command} >${file} 2>&1'`);
  let output = '';
  await waitFor(
    () => `${command} to say something: ${output}`,
    COMMAND_MS,
    async () => {
      output = (await machine.run(`cat ${file}`, { allowFailure: true })).stdout;
      return mark.test(output);
    },
  );
  return { status: 0, output };
}

function typeOutside(site: Site, host: string, command: string): Promise<Outcome> {
  const { path } = site.namespaces.get(host);
  return type(
    { through: ['nsenter', `--net=${path}`], cwd: '/', env: { PATH: process.env.PATH ?? '' } },
    command,
  );
}
