// A host that has no business with them announces that the VIPs are its own, in both forms of gratuitous ARP. It answers
// no question, so the director is the only owner; it must be heard again quickly by those who were misled.
import { address, familyOf } from '../../director/model/address.ts';
import { inNamespace } from '../../director/native/netns.ts';
import { openPacketSocket } from '../../director/native/packet-socket.ts';
import { gratuitousArp } from '../../heartbeat/takeover/announce-frames.ts';
import { macBytes } from '../lab/observer/frames.ts';
import { ip } from '../support/netns.ts';
import type { Drill, Stage } from './drill.ts';

const CLAIMS = 5;
const CLAIM_EVERY_MS = 100;
/** The director may hear a claim and answer it at once; what is on its way to the stranger meanwhile is sent again. */
const MISLED_MS = 100;

export const vipConflict: Drill = {
  name: 'vip-conflict',
  what: 'a third host announces the VIPs as its own, five times in half a second',
  expects: { owner: 'stays', outage_ms: () => MISLED_MS },
  async run(stage) {
    using stranger = openStranger(stage);
    stage.fault('a stranger claims every VIP');
    for (let claim = 0; claim < CLAIMS; claim++) {
      stranger.claim();
      await stage.rest(CLAIM_EVERY_MS);
    }
    await stage.rest(stage.pace.broken_ms);
  },
};

function openStranger({ lab }: Stage): Disposable & { claim(): void } {
  const namespace = lab.namespaces.get('stranger');
  const [link] = JSON.parse(ip(namespace, '-j link show dev eth0')) as { ifindex: number; address: string }[];
  if (!link) throw new Error('the stranger has no interface');
  const socket = inNamespace({ path: namespace.path }, () => openPacketSocket(link.ifindex));
  const vips = [...new Set(lab.services.map(({ vip }) => vip))].map(address);
  const frames = vips
    .filter((vip) => familyOf(vip) === 4)
    .flatMap((vip) =>
      (['request', 'reply'] as const).map((form) => gratuitousArp(vip, macBytes(link.address), form)),
    );
  return {
    claim: () => frames.forEach((frame) => void socket.send(frame)),
    [Symbol.dispose]: () => socket[Symbol.dispose](),
  };
}
