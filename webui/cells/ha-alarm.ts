// What is so wrong with a pair that it goes over the whole page: two who are active, nobody who is, nobody who can tell.
import type { Status } from '../../director/control/schema.ts';
import type { Cell } from './cell.ts';

/** Empty text: all is as it should be. */
export function alarmOf(status: Omit<Status, 'services'>): Cell {
  const { ha, node } = status;
  if (ha === undefined || !ha.pair) return { text: '' };
  const { peer, heartbeat } = ha;
  const name = peer?.name ?? 'the peer';
  if (heartbeat !== undefined && !heartbeat.running)
    return {
      tone: 'bad',
      text: `▼ The heartbeat of ${node} does not run: nobody can tell here who is active. ${heartbeat.detail ?? ''}`.trim(),
    };
  const heard = peer?.heard === true;
  const active = status.role === 'active';
  if (heard && active && peer.role === 'active')
    return {
      tone: 'bad',
      text: `▼ Both are active: ${node} (epoch ${heartbeat?.epoch ?? 'unknown'}) and ${name} (epoch ${peer.epoch ?? 'unknown'}) claim the virtual IPs. The higher claim stays and the other one releases at the first beat that it hears. If this lasts, cut one of the two off: stop fairlead on it.`,
    };
  if (active) return { text: '' };
  if (heard && peer.role === 'standby')
    return bothStandby(node, name, heartbeat?.hold === true, peer.hold === true);
  if (!heard)
    return {
      tone: 'bad',
      text: `▼ Nobody that is heard is active: ${node} stands by (${ha.because}), and ${name} is not heard on any link.`,
    };
  return { text: '' };
}

function bothStandby(node: string, peer: string, hold: boolean, peerHold: boolean): Cell {
  const held = [...(hold ? [node] : []), ...(peerHold ? [peer] : [])];
  const why =
    held.length > 0
      ? `${held.join(' and ')} ${held.length === 1 ? 'is' : 'are'} on hold: release ${held.length === 1 ? 'it' : 'one of them'}.`
      : 'During a switchover that is so for a moment. If it lasts, look at the health of both.';
  return {
    tone: 'bad',
    text: `▼ Both stand by: neither ${node} nor ${peer} is active, and nobody answers for the virtual IPs. ${why}`,
  };
}
