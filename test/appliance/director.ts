// A machine as a director: configured by hand as docs tell it, asked over its control socket, waited for.
import { type ReplyOf, type RouteName, routes } from '../../director/control/routes.ts';
import { FairleadError } from '../../director/model/error.ts';
import { configurationText, type LabService, PAIR } from '../lab/configuration.ts';
import { isWhole } from '../lab/lab.ts';
import type { DirectorView } from '../lab/pair.ts';
import type { DirectorName } from '../lab/topology.ts';
import { waitFor } from '../lab/wait.ts';
import type { Machine } from './machine/machine.ts';

/** Everything is slower in there, the more so beside other work. */
const UP_MS = 240_000;
/** For the same reason systemd is not to give up a start that another machine would have finished long ago. */
const PATIENCE = '[Service]\nTimeoutStartSec=200s\n';

export interface ConfigurationWish {
  readonly directors: readonly DirectorName[];
  readonly services: readonly LabService[];
  /** Device of the serial line between the directors. */
  readonly serial?: string;
}

/** The lab's, with times for machines that may be ten times slower than others. */
export function configurationOf({ directors, services, serial }: ConfigurationWish): string {
  const pair = { ...PAIR, interval_ms: 200, deadtime_ms: 2_000, ...(serial ? { serial } : {}) };
  const text = configurationText({ directors, engine: 'ebpf', services, keyFile: 'heartbeat.key', pair });
  return text.replaceAll('interval: 500ms, timeout: 300ms', 'interval: 2s, timeout: 1500ms');
}

/** Configuration, key, name, and what a router needs; nothing is started. */
export async function configure(machine: Machine, text: string, key: string): Promise<void> {
  await machine.write('/etc/fairlead/fairlead.yaml', text);
  await machine.write('/etc/fairlead/heartbeat.key', `${key}\n`, '0600');
  await machine.write('/etc/fairlead/node', `FAIRLEAD_NODE=${machine.name}\n`);
  const settings = [
    'net.ipv4.ip_forward=1',
    'net.ipv6.conf.all.forwarding=1',
    'net.ipv4.conf.all.send_redirects=0',
  ];
  await machine.write('/etc/sysctl.d/60-director.conf', `${settings.join('\n')}\n`);
  await machine.run('sysctl -q --system');
  await allowSlowStart(machine);
}

export async function allowSlowStart(machine: Machine): Promise<void> {
  for (const unit of ['fairlead', 'fairlead-heartbeat'])
    await machine.write(`/etc/systemd/system/${unit}.service.d/slow-machine.conf`, PATIENCE);
  await machine.run('systemctl daemon-reload');
}

/** Settles when systemd says that it runs; what else went wrong is told with the journal. */
export async function startDirector(machine: Machine): Promise<void> {
  try {
    await machine.run('systemctl start fairlead.target && systemctl is-active fairlead.service', {
      timeout_ms: UP_MS,
    });
  } catch (error) {
    throw new FairleadError(
      'director-start',
      `${machine.name} did not start: ${error}\n${await journalOf(machine)}`,
    );
  }
}

type Question = 'status' | 'services' | 'ha' | 'connections';

/** By the control socket itself, as starting the command takes seconds in there. */
export async function ask<N extends RouteName & Question>(
  machine: Machine,
  question: N,
  query = '',
): Promise<ReplyOf<N>> {
  const url = `http://director/api/v1${routes[question].path}${query}`;
  const { stdout } = await machine.run(
    `curl -sS --max-time 10 --unix-socket /run/fairlead/control.sock '${url}'`,
  );
  return JSON.parse(stdout) as ReplyOf<N>;
}

/** Client and virtual end of every TCP connection that this director holds as established. */
export async function establishedAt(machine: Machine): Promise<Set<string>> {
  const { connections } = await ask(machine, 'connections', '?state=ESTABLISHED&limit=10000');
  return new Set(connections.map(({ client, virtual }) => `${client} ${virtual}`));
}

/** The pair as its machines tell it; see test/lab/pair.ts. */
export function viewMachines(machines: readonly Machine[]): Promise<DirectorView<Machine>[]> {
  return Promise.all(
    machines.map(async (director) => {
      const ha = director.isRunning() ? await ask(director, 'ha').catch(() => undefined) : undefined;
      return { director, ha };
    }),
  );
}

/** Every real server of every service is up, as this director sees it. */
export async function untilServersUp(machine: Machine, services: number): Promise<void> {
  await until(machine, 'every real server to be up', async () =>
    isWhole((await ask(machine, 'services')).services, services),
  );
}

/** Polls; a director that does not answer is waited for as well. */
export async function until(
  machine: Machine,
  what: string | (() => string),
  isSo: () => Promise<boolean>,
  limit_ms = UP_MS,
): Promise<void> {
  let silence: unknown;
  const told = (): string => {
    const wanted = `${typeof what === 'string' ? what : what()} (${machine.name})`;
    return silence === undefined ? wanted : `${wanted}; last: ${silence}`;
  };
  const holds = async (): Promise<boolean> => {
    try {
      silence = undefined;
      return await isSo();
    } catch (error) {
      silence = error;
      if (error instanceof FairleadError && error.code === 'machine-gone') throw error;
      return false;
    }
  };
  try {
    await waitFor(told, limit_ms, holds);
  } catch (error) {
    if (machine.isRunning()) console.log(await journalOf(machine));
    throw error;
  }
}

/** What the units of this machine said last. */
async function journalOf(machine: Machine): Promise<string> {
  const { stdout } = await machine.run('journalctl -b -n 60 --no-pager -o short-monotonic -u "fairlead*"', {
    allowFailure: true,
  });
  return stdout;
}
