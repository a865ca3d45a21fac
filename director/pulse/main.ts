// The supervisor as a process: `fairlead run`. SIGTERM and SIGINT end it in order, SIGHUP reads the file again; what
// it does not expect is logged and ends it, since a supervisor that goes on in an unknown state helps nobody.
import { createLog, type LogLevel } from './log.ts';
import { startPulse } from './pulse.ts';
import { systemClock } from './system-clock.ts';

export interface RunOptions {
  readonly configFile: string;
  readonly node: string;
  readonly stateFolder: string;
  readonly runtimeFolder: string;
  readonly version: string;
  readonly releaseOnExit: boolean;
  readonly logLevel: LogLevel;
}

/** Ends when the process is told to. Throws FairleadError when it cannot start. */
export async function run(options: RunOptions): Promise<void> {
  const log = createLog(options.logLevel, options.node);
  const stop = Promise.withResolvers<string>();
  const onStop = (signal: NodeJS.Signals): void => stop.resolve(signal);
  process.once('SIGTERM', onStop);
  process.once('SIGINT', onStop);
  // Before it can be handled it must not end the process, which is its default.
  let reload = (): void => {};
  process.on('SIGHUP', () => reload());
  process.on('uncaughtException', (error) => {
    log('error', `unexpected: ${error.message}`, { stack: error.stack });
    process.exit(1);
  });
  {
    await using pulse = await startPulse({ ...options, clock: systemClock, log });
    reload = () => void pulse.reload();
    log('info', 'stopping', { signal: await stop.promise });
    reload = () => {};
  }
  log('info', 'stopped');
}
