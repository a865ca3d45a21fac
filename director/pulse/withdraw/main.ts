// What `fairlead withdraw` becomes.
import { parseArgs } from 'node:util';
import { EXIT, FairleadError, tellError } from '../../model/error.ts';
import { systemClock } from '../../native/system-clock.ts';
import { createLog } from '../log.ts';
import { withdraw } from './withdraw.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { state: { type: 'string' }, runtime: { type: 'string' } } });
  const { state, runtime } = values;
  if (!state || !runtime)
    throw new FairleadError('usage', 'This is started by "fairlead withdraw".', { exit: EXIT.usage });
  const done = await withdraw({
    runtimeFolder: runtime,
    stateFolder: state,
    clock: systemClock,
    log: createLog('silent', ''),
  });
  process.stdout.write(`${done.length === 0 ? 'nothing was left' : done.join('\n')}\n`);
}

try {
  await main();
} catch (error) {
  const { lines, exit } = tellError(error);
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exitCode = exit;
}
