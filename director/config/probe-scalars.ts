// Single values that only probes have: patterns, HTTP paths and status codes, commands.
import { z } from 'zod';
import { refuse } from './fields.ts';
import { quote } from './tree.ts';
import { splitWords } from './words.ts';

const PATTERN_CHARS_MAX = 1_024;
const COMMAND_WORDS_MAX = 64;
const STATUS_RANGES_MAX = 32;

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
  return words.length > COMMAND_WORDS_MAX ? `more than ${COMMAND_WORDS_MAX} words` : undefined;
}
