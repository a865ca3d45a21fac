// The supervisor with other programs in place of heartbeat and sync, so that a test decides who is active.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { thisMachine } from '../../../../../director/doctor/machine.ts';
import { tellError } from '../../../../../director/model/error.ts';
import { systemClock } from '../../../../../director/native/system-clock.ts';
import { createLog } from '../../../../../director/pulse/log.ts';
import { startPulse } from '../../../../../director/pulse/pulse.ts';

const { values } = parseArgs({
  options: {
    config: { type: 'string' },
    node: { type: 'string' },
    state: { type: 'string' },
    runtime: { type: 'string' },
  },
});
const { config = '', node = '', state = '', runtime = '' } = values;
const program = (name: string): string => fileURLToPath(new URL(`../${name}/main.ts`, import.meta.url));
const stop = Promise.withResolvers<void>();
process.on('SIGTERM', () => stop.resolve());
// Clocks of ours keep no process alive.
const alive = setInterval(() => {}, 1_000);
try {
  await using _ = await startPulse({
    configFile: config,
    node,
    stateFolder: state,
    runtimeFolder: runtime,
    version: 'test',
    releaseOnExit: false,
    clock: systemClock,
    machine: thisMachine(systemClock.now),
    log: createLog('info', node),
    programs: { heartbeat: program('heartbeat'), sync: program('sync') },
  });
  await stop.promise;
} catch (error) {
  process.stderr.write(`${tellError(error).lines.join('\n')}\n`);
  process.exitCode = 1;
} finally {
  clearInterval(alive);
}
