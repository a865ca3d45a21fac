// What an orderly end of the supervisor means for its heartbeat. Pure.
import type { HeartbeatStatus } from '../../../heartbeat/protocol.ts';

export interface StopDecision {
  readonly heartbeat: 'end' | 'stays';
  readonly because: string;
}

/**
 * A service that is stopped hands over to whoever can take it. Where nobody can, stopping the supervisor must not be an
 * outage: the heartbeat goes on holding the VIPs, and the next supervisor adopts it.
 */
export function decideStop(
  status: HeartbeatStatus | undefined,
  releaseOnExit: boolean,
  /** Of a service of its own: whether that is being stopped as well. */
  serviceEnds?: boolean,
): StopDecision {
  if (releaseOnExit) return { heartbeat: 'end', because: 'everything is released on exit' };
  if (serviceEnds === false)
    return { heartbeat: 'stays', because: 'its service goes on, so that a restart moves nothing' };
  if (status === undefined) return { heartbeat: 'stays', because: 'it has not answered' };
  const { peer } = status;
  if (!peer.heard) return { heartbeat: 'stays', because: `${peer.name} is not heard` };
  if (status.role !== 'active')
    return { heartbeat: 'end', because: `${peer.name} is heard, and nothing is held here` };
  if (peer.hold === true) return { heartbeat: 'stays', because: `${peer.name} stands by on order` };
  if (peer.health === 'bad') return { heartbeat: 'stays', because: `${peer.name} is not healthy` };
  return { heartbeat: 'end', because: `${peer.name} takes the virtual IPs` };
}
