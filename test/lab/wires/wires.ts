// Faults of the lab's cables. A cut is silent, as when a switch on the way fails: the port is dead, the carrier stays.
// Losses drop a share of what a director sends, by a packet program at its port of the switch (loss.bpf.c), since kernels
// without netem, the bridge's nftables and tc's own matches are common. Every fault is undone by its disposal.
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import {
  attachTc,
  BpfObject,
  detachTc,
  lookUpElement,
  updateElement,
} from '../../../director/native/libbpf.ts';
import { inNamespace } from '../../../director/native/netns.ts';
import { ip, type Namespaces, run } from '../../support/netns.ts';
import { macBytes } from '../observer/frames.ts';
import type { DirectorName } from '../topology.ts';

export type Net = 'front' | 'inside';
export const NETS: readonly Net[] = ['front', 'inside'];

export interface LossOptions {
  readonly from: DirectorName;
  /** Only what is sent to this director; undefined: everything. */
  readonly to?: DirectorName;
  readonly net: Net;
  /** Of 1 000 frames; 1 000 is a one-way cut. */
  readonly permille: number;
  /** Only datagrams to this port. */
  readonly udpPort?: number;
}

export interface Loss extends Disposable {
  /** Frames that the rule was for, and how many of them were dropped. */
  counts(): { readonly met: number; readonly dropped: number };
}

export interface LabWires {
  /** One port of the switch, dead until disposed. */
  cut(host: string, net: Net): Disposable;
  lose(options: LossOptions): Loss;
}

const SOURCE = join(import.meta.dirname, 'loss.bpf.c');
const FOLDER = join(import.meta.dirname, '../../../build/lab');
const OBJECT = join(FOLDER, 'loss.o');
const RULE_BYTES = 32;
/** State of a bridge's port (include/uapi/linux/if_bridge.h). */
const PORT_STATE = { disabled: '0', forwarding: '3' } as const;
const FIRST_HANDLE = 0x10;

export function createWires(set: Namespaces): LabWires {
  const at = set.get('switch');
  let nextHandle = FIRST_HANDLE;
  let compiled = false;
  const port = (host: string, net: Net): string => `${host}-${net}`;
  const setPort = (host: string, net: Net, state: keyof typeof PORT_STATE): void => {
    run(at, 'bridge', ['link', 'set', 'dev', port(host, net), 'state', PORT_STATE[state]]);
  };
  return {
    cut(host, net) {
      setPort(host, net, 'disabled');
      return once(() => setPort(host, net, 'forwarding'));
    },
    lose({ from, to, net, permille, udpPort = 0 }) {
      if (!compiled) compile();
      compiled = true;
      const object = new BpfObject(OBJECT);
      object.load();
      const rules = object.map('rules').fd;
      const rule = Buffer.alloc(RULE_BYTES);
      rule.writeUInt32LE(permille, 0);
      rule.writeUInt32LE(udpPort, 4);
      if (to !== undefined) rule.set(linkAddress(set, to, net), 8);
      updateElement(rules, new Uint8Array(4), rule);
      const handle = nextHandle++;
      const place = { interface_index: portIndex(set, port(from, net)), handle, priority: handle };
      inNamespace({ path: at.path }, () => attachTc(place, object.programFd('loss')));
      const undo = once(() => {
        inNamespace({ path: at.path }, () => detachTc(place));
        object[Symbol.dispose]();
      });
      return {
        counts() {
          lookUpElement(rules, new Uint8Array(4), rule);
          return { met: Number(rule.readBigUInt64LE(16)), dropped: Number(rule.readBigUInt64LE(24)) };
        },
        [Symbol.dispose]: () => undo[Symbol.dispose](),
      };
    },
  };
}

/** All of them, undone together, the last one first. */
export function together(faults: readonly Disposable[]): Disposable {
  const stack = new DisposableStack();
  for (const fault of faults) stack.use(fault);
  return stack;
}

function once(undo: () => void): Disposable {
  let done = false;
  return {
    [Symbol.dispose]() {
      if (!done) undo();
      done = true;
    },
  };
}

function linkAddress(set: Namespaces, host: string, net: Net): Uint8Array {
  const name = net === 'front' ? 'eth0' : 'eth1';
  const [link] = JSON.parse(ip(set.get(host), `-j link show dev ${name}`)) as { address: string }[];
  if (!link) throw new Error(`${host} has no ${name}`);
  return macBytes(link.address);
}

function portIndex(set: Namespaces, name: string): number {
  const [link] = JSON.parse(ip(set.get('switch'), `-j link show dev ${name}`)) as { ifindex: number }[];
  if (!link) throw new Error(`the switch has no port ${name}`);
  return link.ifindex;
}

/** As director/bpf/build.sh does; the object appears whole, as several labs may want it at once. */
function compile(): void {
  mkdirSync(FOLDER, { recursive: true });
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as 'x64' | 'arm64'];
  const flags = '-O2 -g -target bpf -mcpu=v3 -Wall -Werror'.split(' ');
  const half = `${OBJECT}.${process.pid}`;
  const paths = [`-I/usr/include/${machine}-linux-gnu`, '-c', SOURCE, '-o', half];
  execFileSync(process.env.CLANG ?? 'clang-14', [...flags, ...paths]);
  renameSync(half, OBJECT);
}
