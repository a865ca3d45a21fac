// The observer as the lab holds it: who owns which VIP on the wire, now and over time, as a link address and, where it is
// a director's, by name.
import { join } from 'node:path';
import { ip, type Namespaces } from '../../support/netns.ts';
import { type Program, startProgram } from '../program.ts';
import { NETWORK, OBSERVER } from '../topology.ts';
import { within } from '../wait.ts';
import type { ObserverCommand, ObserverLine, ObserverSettings } from './main.ts';
import type { Ownership } from './ownership.ts';

const ASK_EVERY_MS = 5;
const ASK6_EVERY_MS = 50;
const REPORT_MS = 5_000;
const START_MS = 10_000;

export interface OwnershipReport extends Ownership {
  /** How late the observer asked at worst. */
  readonly late_max_ms: number;
}

export interface LabObserver extends Disposable {
  /** Everything since a monotonic time. */
  report(since: number): Promise<OwnershipReport>;
  /** Link address to name. */
  nameOf(mac: string): string;
  /** Forgets what ended before a time. */
  trim(before: number): void;
}

/** Settles when it has begun to ask. */
export async function startObserver(
  set: Namespaces,
  hosts: readonly string[],
  vips: readonly string[],
): Promise<LabObserver> {
  const names = new Map<string, string>();
  for (const host of hosts)
    for (const link of linksOf(set, host)) if (link.ifname !== 'lo') names.set(link.address, host);
  const waiting = new Map<number, (report: OwnershipReport) => void>();
  let next = 0;
  let program: Program | undefined;
  const ready = new Promise<void>((resolve, reject) => {
    program = startProgram(set, {
      namespace: set.get('observer'),
      node: [join(import.meta.dirname, 'main.ts'), JSON.stringify(settingsFor(set, vips))],
      signalAtParentDeath: 'KILL',
      urgent: true,
      line(value) {
        const line = value as ObserverLine;
        if ('ready' in line) resolve();
        if (!('report' in line)) return;
        waiting.get(line.report)?.({ ...line.ownership, late_max_ms: line.late_max_ms });
        waiting.delete(line.report);
      },
    });
    void program.ended.then(({ complaint }) => reject(new Error(`the observer ended: ${complaint}`)));
  });
  await within('the observer to begin', START_MS, ready);
  const send = (command: ObserverCommand): void => program?.send(command);
  return {
    report(since) {
      const id = ++next;
      const answer = new Promise<OwnershipReport>((resolve) => waiting.set(id, resolve));
      send({ do: 'report', id, since });
      return within('the observer’s report', REPORT_MS, answer);
    },
    nameOf: (mac) => names.get(mac) ?? mac,
    trim: (before) => send({ do: 'trim', before }),
    [Symbol.dispose]: () => program?.kill('SIGKILL'),
  };
}

function settingsFor(set: Namespaces, vips: readonly string[]): ObserverSettings {
  const links = linksOf(set, 'observer');
  const network = (name: string, address: string, address6: string, own: readonly string[]) => {
    const link = links.find(({ ifname }) => ifname === name);
    if (!link) throw new Error(`the observer has no interface ${name}`);
    return { interface_index: link.ifindex, mac: link.address, address, address6, vips: own };
  };
  const { gateway } = NETWORK;
  return {
    networks: [
      network('eth0', OBSERVER.front, OBSERVER.front6, vips),
      network('eth1', OBSERVER.inside, OBSERVER.inside6, [gateway.inside, gateway.inside6]),
    ],
    every_ms: ASK_EVERY_MS,
    every6_ms: ASK6_EVERY_MS,
  };
}

function linksOf(set: Namespaces, host: string): { ifname: string; ifindex: number; address: string }[] {
  return JSON.parse(ip(set.get(host), '-j link show')) as ReturnType<typeof linksOf>;
}
