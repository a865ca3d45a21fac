// The supervisor's own log: pino, JSON lines on standard output, written at once so that a crash loses none.
import fs from 'node:fs';
import pino from 'pino';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

export function createLog(level: LogLevel, node: string): Log {
  const logger = pino(
    {
      level,
      base: { node },
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: createWriter() },
  );
  return (at, message, fields = {}) => logger[at](fields, message);
}

const STDOUT = 1;
const ATTEMPTS_MAX = 64;

/** A log that nobody reads, or that has no room, must not end the director: its lines are dropped and counted. */
function createWriter(): (line: string) => void {
  let lost = 0;
  return (line) => {
    if (lost > 0 && writeAll(`${JSON.stringify({ level: 'warn', lost, message: 'log lines were lost' })}\n`))
      lost = 0;
    if (!writeAll(line)) lost++;
  };
}

function writeAll(line: string): boolean {
  let rest = Buffer.from(line);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++)
    try {
      rest = rest.subarray(fs.writeSync(STDOUT, rest));
      if (rest.length === 0) return true;
    } catch {
      return false;
    }
  return false;
}
