// tcp: a connection that is accepted is a pass. It is closed by a reset.
import { Socket } from 'node:net';
import { attempt } from './attempt.ts';
import { closeAbruptly } from './close-abruptly.ts';
import type { Probe } from './probe.ts';

export const tcp: Probe<'tcp'> = (target, _spec, context) =>
  attempt(context, (attempt) => {
    const socket = new Socket();
    attempt.onEnd(() => closeAbruptly(socket));
    attempt.stage('connection');
    socket.on('error', (error) => attempt.error(error));
    socket.on('connect', () => attempt.pass('connection accepted'));
    // autoSelectFamily is of no use for a literal address and costs an extra object per probe.
    socket.connect({ host: target.address, port: target.port, autoSelectFamily: false });
  });
