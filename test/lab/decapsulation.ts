// Where tunnels end on a real server: in the kernel's ipip device where it has one, else in our program at the ingress
// of the inside network. The program stays with the interface, and goes with the namespace.
import { join } from 'node:path';
import { attachDecap, loadDecap } from '../../director/engine/ebpf/decap.ts';
import { address } from '../../director/model/address.ts';
import { inNamespace } from '../../director/native/netns.ts';
import { ip, type Namespace, run } from '../support/netns.ts';
import { addressesOf, type ServerName } from './topology.ts';

const DECAP_OBJECT = join(import.meta.dirname, '../../build/bpf/decap.o');

/** Returns who takes the outer headers off. The kernel's device does so for IPv4 in IPv4 alone. */
export function enableTunnel(namespace: Namespace, server: ServerName): 'kernel' | 'program' {
  if (useKernelDevice(namespace)) return 'kernel';
  const { inside, inside6 } = addressesOf(server);
  const ends = [inside, inside6].map((local) => ({ local: address(local) }));
  using loaded = loadDecap(DECAP_OBJECT, ends);
  const index = interfaceIndex(namespace, 'eth1');
  inNamespace({ path: namespace.path }, () => attachDecap(loaded, index));
  return 'program';
}

/** The device that takes whatever no other tunnel device takes; the kernel makes it when it has the driver. */
function useKernelDevice(namespace: Namespace): boolean {
  const quietly = { allowFailure: true };
  run(namespace, 'ip', ['link', 'add', 'probe0', 'type', 'ipip', 'local', 'any', 'remote', 'any'], quietly);
  if (run(namespace, 'ip', ['link', 'set', 'dev', 'tunl0', 'up'], quietly).status !== 0) return false;
  run(namespace, 'sysctl', ['-q', '-w', 'net.ipv4.conf.tunl0.rp_filter=0']);
  return true;
}

function interfaceIndex(namespace: Namespace, name: string): number {
  const [link] = JSON.parse(ip(namespace, `-j link show dev ${name}`)) as { ifindex: number }[];
  if (!link) throw new Error(`no interface ${name}`);
  return link.ifindex;
}
