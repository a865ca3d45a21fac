// Single values that only probes have: patterns, HTTP paths and status codes, commands.
import { z } from 'zod';
import { refuse } from './fields.ts';
import { quote } from './quote.ts';

import { splitWords } from './words.ts';

const PATTERN_CHARS_MAX = 1_024;
const COMMAND_WORDS_MAX = 64;
const STATUS_RANGES_MAX = 32;
const SENT_CHARS_MAX = 4_096;
const WORD_CHARS_MAX = 4_096;

/** A JavaScript regular expression, kept as text. */
export const pattern = z.unknown().transform((value, context) => {
  if (typeof value !== 'string' || value.length === 0 || value.length > PATTERN_CHARS_MAX)
    return refuse(context, {
      code: 'bad-pattern',
      message: `expected a pattern of 1 to ${PATTERN_CHARS_MAX} characters`,
      remedy: 'write it in quotes',
    });
  try {
    new RegExp(value);
    return value;
  } catch (error) {
    const message = `${quote(value)} is not a regular expression: ${(error as Error).message.replace(/^.*: /s, '')}`;
    return refuse(context, { code: 'bad-pattern', message });
  }
});

/** Request target in origin form (RFC 9112, 3.2.1). */
export const httpPath = z.unknown().transform((value, context) => {
  if (typeof value === 'string' && /^\/[\x21\x22\x24-\x7e]{0,2047}$/.test(value)) return value;
  return refuse(context, {
    code: 'bad-path',
    message: `${quote(value)} is not a path`,
    remedy: 'write a path that begins with /, such as /health; anything but plain ASCII percent-encoded',
  });
});

function matching(expression: RegExp, what: string, remedy: string): z.ZodType<string> {
  return z.unknown().transform((value, context) => {
    if (typeof value === 'string' && expression.test(value)) return value;
    return refuse(context, { code: 'bad-value', message: `${quote(value)} is not ${what}`, remedy });
  });
}

/** Host header: a name or an address, with a port if need be (RFC 9110, 7.2). */
export const hostHeader = matching(
  /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/,
  'a host',
  'write www.example.org, or www.example.org:8080',
);
/** Server name indication holds names only, no address and no port (RFC 6066, 3). */
export const hostName = matching(
  /^(?!\d+\.\d+\.\d+\.\d+$)[A-Za-z0-9._-]{1,253}$/,
  'a host name',
  'write www.example.org',
);
/** Labels of 1 to 63 characters, 253 in all (RFC 1035, 2.3.4); underscores as in service names; `.` is the root. */
export const domainName = matching(
  /^(?=.{1,254}$)(?:\.|[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?)$/,
  'a domain name',
  'write www.example.org',
);

/** Any characters: what is sent may be a binary protocol. */
export const sentText = z.unknown().transform((value, context) => {
  if (typeof value === 'string' && value.length > 0 && value.length <= SENT_CHARS_MAX) return value;
  return refuse(context, {
    code: 'bad-text',
    message: `expected 1 to ${SENT_CHARS_MAX} characters of text`,
    remedy: 'write it in double quotes, line ends as \\r\\n',
  });
});

export const httpStatus = z.unknown().transform((value, context) => {
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  const ranges = list.map(statusRange);
  const known = ranges.filter((range) => range !== undefined);
  if (known.length === list.length && known.length > 0 && known.length <= STATUS_RANGES_MAX) return known;
  return refuse(context, {
    code: 'bad-status',
    message: `${quote(list[Math.max(0, ranges.indexOf(undefined))])} is not a status code or range`,
    remedy: 'write 200, 200-299, or a list of these',
  });
});

function statusRange(value: unknown): { from: number; to: number } | undefined {
  const match = /^([1-9]\d\d)(?:-([1-9]\d\d))?$/.exec(String(value));
  if (!match) return undefined;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return from <= to && from >= 100 && to <= 599 ? { from, to } : undefined;
}

export const command = z.unknown().transform((value, context) => {
  const words = typeof value === 'string' ? splitWords(value) : value;
  const fault = commandFault(words);
  if (fault === undefined) return words as string[];
  return refuse(context, {
    code: 'bad-command',
    message: fault,
    remedy: 'write a command line, or a list of words; no shell reads it',
  });
});

function commandFault(words: unknown): string | undefined {
  if (words === undefined) return 'a quote or backslash is left open';
  if (!Array.isArray(words) || words.some((word) => typeof word !== 'string'))
    return 'expected a command line or a list of words';
  if (words.length === 0 || words[0] === '') return 'the command is empty';
  if (words.some((word: string) => word.includes('\0') || word.length > WORD_CHARS_MAX))
    return `a word holds a null character or more than ${WORD_CHARS_MAX} characters`;
  return words.length > COMMAND_WORDS_MAX ? `more than ${COMMAND_WORDS_MAX} words` : undefined;
}
