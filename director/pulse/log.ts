// The supervisor's own log: pino, JSON lines on standard output, written at once so that a crash loses none.
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
    pino.destination({ dest: 1, sync: true }),
  );
  return (at, message, fields = {}) => logger[at](fields, message);
}
