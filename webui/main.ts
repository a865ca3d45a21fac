// The console as a process of its own; `fairlead console` becomes it. It listens, steps down to a user without privileges,
// and from then on has only the control socket. SIGTERM and SIGINT end it; SIGHUP looks for a new certificate at once.
import { flushCompileCache } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { EXIT, FairleadError, tellError } from '../director/model/error.ts';
import { systemClock } from '../director/native/system-clock.ts';
import { startConsole } from './console.ts';
import { dropPrivileges } from './privileges.ts';

/** Everything is given: defaults are the command line's business. */
function readArguments() {
  const { values } = parseArgs({
    options: {
      socket: { type: 'string' },
      listen: { type: 'string' },
      certificates: { type: 'string' },
      user: { type: 'string' },
      version: { type: 'string' },
      'open-metrics': { type: 'boolean' },
    },
  });
  const { socket, listen, certificates, user, version = 'unknown' } = values;
  const [address, port] = splitListen(listen ?? '');
  if (!socket || !certificates || address === undefined || port === undefined)
    throw new FairleadError('usage', 'The console is started by "fairlead console".', {
      remedy: 'See "fairlead console --help".',
      exit: EXIT.usage,
    });
  return {
    socket,
    address,
    port,
    certificates: path.resolve(certificates),
    user,
    version,
    openMetrics: values['open-metrics'] === true,
  };
}

/** `127.0.0.1:8443`, `[::1]:8443`. */
function splitListen(text: string): [string, number] | [undefined, undefined] {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text);
  const address = match?.[1] ?? match?.[2];
  if (match === null || address === undefined || net.isIP(address) === 0) return [undefined, undefined];
  return [address, Number(match[3])];
}

async function main(): Promise<void> {
  const options = readArguments();
  const log = pino(
    {
      base: { process: 'console' },
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ sync: true }),
  );
  const stop = Promise.withResolvers<string>();
  process.on('SIGTERM', stop.resolve);
  process.on('SIGINT', stop.resolve);
  process.on('uncaughtException', (error) => {
    log.error({ stack: error.stack }, `unexpected: ${error.message}`);
    process.exit(EXIT.failed);
  });
  await using started = await startConsole({
    ...options,
    hosts: [...new Set(['localhost', os.hostname(), ...addressesOf(options.address)])],
    clock: systemClock,
    log: (level, message, fields = {}) => log[level](fields, message),
    opened: () => options.user !== undefined && dropPrivileges(options.user, options.certificates),
  });
  process.on('SIGHUP', () => started.renewCertificate());
  log.info({ url: started.url }, 'running');
  flushCompileCache();
  log.info({ signal: await stop.promise }, 'stopping');
}

/** What a certificate of our own is made for: where we listen, and everywhere if that is anywhere. */
function addressesOf(address: string): string[] {
  if (address !== '0.0.0.0' && address !== '::') return [address, '127.0.0.1'];
  return Object.values(os.networkInterfaces()).flatMap((all) =>
    (all ?? []).filter((each) => !each.address.startsWith('fe80:')).map((each) => each.address),
  );
}

try {
  await main();
} catch (error) {
  const { lines, exit } = tellError(error);
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exitCode = exit;
}
