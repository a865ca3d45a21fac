// The supervisor as a process; `fairlead run` becomes it. SIGTERM and SIGINT end it in order, SIGHUP reads the file
// again; what it does not expect is logged and ends it, since a supervisor in an unknown state helps nobody.
import { flushCompileCache } from 'node:module';
import { parseArgs } from 'node:util';
import { thisMachine } from '../doctor/machine.ts';
import { EXIT, FairleadError, tellError } from '../model/error.ts';
import { openNotifier } from '../native/sd-notify.ts';
import { systemClock } from '../native/system-clock.ts';
import { createLog, LOG_LEVELS } from './log.ts';
import { startPulse } from './pulse.ts';

/** Everything is given: defaults are the command line's business. */
function readArguments() {
  const { values } = parseArgs({
    options: {
      config: { type: 'string' },
      node: { type: 'string' },
      state: { type: 'string' },
      runtime: { type: 'string' },
      version: { type: 'string' },
      'log-level': { type: 'string' },
      'release-on-exit': { type: 'boolean' },
      'heartbeat-unit': { type: 'string' },
    },
  });
  const { config, node, state, runtime, version = 'unknown' } = values;
  const logLevel = LOG_LEVELS.find((level) => level === values['log-level']);
  if (!config || !node || !state || !runtime || logLevel === undefined)
    throw new FairleadError('usage', 'The supervisor is started by "fairlead run".', {
      remedy: 'See "fairlead run --help".',
      exit: EXIT.usage,
    });
  return {
    configFile: config,
    node,
    stateFolder: state,
    runtimeFolder: runtime,
    version,
    logLevel,
    releaseOnExit: values['release-on-exit'] === true,
    heartbeatUnit: values['heartbeat-unit'],
  };
}

async function main(): Promise<void> {
  const { logLevel, ...options } = readArguments();
  const notifier = openNotifier(process.env);
  const log = createLog(logLevel, options.node);
  const stop = Promise.withResolvers<string>();
  const onStop = (signal: NodeJS.Signals): void => stop.resolve(signal);
  process.on('SIGTERM', onStop);
  process.on('SIGINT', onStop);
  // Until it can be handled it must not end the process, which is its default.
  let reload = (): void => {};
  process.on('SIGHUP', () => reload());
  process.on('uncaughtException', (error) => {
    log('error', `unexpected: ${error.message}`, { stack: error.stack });
    process.exit(EXIT.failed);
  });
  {
    await using pulse = await startPulse({
      ...options,
      clock: systemClock,
      machine: thisMachine(systemClock.now),
      log,
      onRound: (status) => {
        notifier.status(status);
        notifier.alive();
      },
    });
    await Promise.race([pulse.ready(), stop.promise]);
    notifier.ready();
    flushCompileCache();
    reload = () => void pulse.reload();
    log('info', 'stopping', { signal: await stop.promise });
    notifier.stopping();
    reload = () => {};
  }
  log('info', 'stopped');
}

try {
  await main();
} catch (error) {
  const { lines, exit } = tellError(error);
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exitCode = exit;
}
