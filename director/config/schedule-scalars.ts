// Single values of the schedule part: moments, time zones, names of servers, weights.
import { z } from 'zod';
import { parseCron } from '../model/cron.ts';
import { openZone } from '../model/moments.ts';
import { refuse } from './fields.ts';
import { quote } from './quote.ts';
import { nameFault } from './scalars.ts';

export const cronExpression = z.unknown().transform((value, context): string => {
  const parsed = typeof value === 'string' ? parseCron(value) : { fault: 'is no text' };
  if (!('fault' in parsed)) return (value as string).trim().replace(/\s+/g, ' ');
  return refuse(context, {
    code: 'bad-cron',
    message: `${quote(value)} ${parsed.fault}`,
    remedy:
      'write minute, hour, day of month, month and day of week, such as "0 2 * * 0" for Sundays at 02:00',
  });
});

export const timeZone = z.unknown().transform((value, context): string => {
  // Names only: `+02:00` knows no summer time.
  if (typeof value === 'string' && /^[A-Za-z][\w+/-]{0,63}$/.test(value) && openZone(value) !== undefined)
    return value;
  return refuse(context, {
    code: 'bad-timezone',
    message: `${quote(value)} is no time zone`,
    remedy: 'write a name such as Europe/Berlin or UTC',
  });
});

/** `www/rs1`. */
export const serverName = z.unknown().transform((value, context): string => {
  const words = typeof value === 'string' ? value.split('/') : [];
  if (words.length === 2 && words.every((word) => nameFault(word) === undefined)) return words.join('/');
  return refuse(context, {
    code: 'bad-name',
    message: `${quote(value)} names no real server`,
    remedy: 'write the names of service and server, such as www/rs1',
  });
});

/** A number, or `configured`: no order. */
export const orderedWeight = z.unknown().transform((value, context): number | 'configured' => {
  if (value === 'configured') return value;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  return refuse(context, {
    code: 'bad-weight',
    message: `expected a whole number from 0 to 65535, or configured, not ${quote(value)}`,
  });
});
