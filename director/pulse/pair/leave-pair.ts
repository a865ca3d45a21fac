// Takes what a pair has left on this host out of the way: a heartbeat that still runs, and the lease in the kernel, which
// would silence the virtual IPs of a director without a heartbeat. For a start as the only director, and for the end of one
// that shall leave nothing.
import fs from 'node:fs';
import path from 'node:path';
import { leaseFolder } from '../../../heartbeat/lease-folder.ts';
import { HEARTBEAT_SOCKET } from '../../../heartbeat/protocol.ts';
import type { Clock } from '../../model/clock.ts';
import type { Log } from '../log.ts';
import { connectHeartbeat } from './heartbeat-connection.ts';

const PATIENCE_MS = 10_000;

export interface LeaveOptions {
  readonly runtimeFolder: string;
  readonly clock: Clock;
  readonly log: Log;
}

export async function leavePair(options: LeaveOptions): Promise<void> {
  await endHeartbeat(options);
  await removeLease(options);
}

async function endHeartbeat({ runtimeFolder, clock, log }: LeaveOptions): Promise<void> {
  const gone = Promise.withResolvers<void>();
  using connection = await connectHeartbeat({
    socket: path.join(runtimeFolder, HEARTBEAT_SOCKET),
    onMessage: () => {},
    onEnd: gone.resolve,
    complain: () => {},
  });
  if (connection === undefined) return;
  log('info', 'ending the heartbeat of a pair that is none any more', {});
  using _ = clock.after(PATIENCE_MS, gone.resolve);
  connection.send({ kind: 'stop', release: true });
  await gone.promise;
}

export async function removeLease({ runtimeFolder, log }: LeaveOptions): Promise<void> {
  const folder = leaseFolder(runtimeFolder);
  if (!fs.existsSync(folder)) return;
  try {
    // Only now: a director that never was one of a pair needs none of what this loads.
    const { openLease } = await import('../../../heartbeat/takeover/lease.ts');
    using lease = openLease({ pinFolder: folder });
    lease.remove();
    log('info', 'the lease of the virtual IPs was taken out of the kernel', {});
  } catch (error) {
    log('error', 'the lease of the virtual IPs could not be taken out of the kernel', {
      error: String(error),
    });
  }
}
