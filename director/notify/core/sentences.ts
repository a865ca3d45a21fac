// Sentences for people. Pure text, times in UTC.
import { TEXT_CHARS_MAX } from './tuning.ts';
import type { Change } from './types.ts';

export function words({ how, subject }: Pick<Change, 'how' | 'subject'>): string {
  const { name, word, reason, changes, since } = subject;
  const because = reason === '' ? '' : `: ${reason}`;
  switch (how) {
    case 'worse':
      return `${name} is ${word}${because}`;
    case 'better':
      return `${name} is ${word}${/^(?:up|heard)$/.test(word) ? ' again' : ''}${because}`;
    case 'flaps':
      return `${name} is flapping: ${changes.length} changes within ${span((changes.at(-1) ?? 0) - (changes[0] ?? 0))}, now ${word}`;
    case 'settled':
      return `${name} has settled: ${word} since ${clock(since)}`;
    case 'blip':
      return `${name} was in trouble for a moment, and is ${word}${because}`;
  }
}

export function clock(at: number): string {
  return `${new Date(at).toISOString().slice(11, 19)} UTC`;
}

export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1_000));
  if (s < 120) return `${s} s`;
  if (s < 7_200) return `${Math.round(s / 60)} min`;
  return s < 172_800 ? `${Math.round(s / 3_600)} h` : `${Math.round(s / 86_400)} d`;
}

/** a, b, c, and 4 more */
export function list(names: readonly string[], most: number): string {
  const more = names.length - most;
  return `${names.slice(0, most).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

/** Reasons quote what servers answered: one line of bounded length that drives no terminal and smuggles in no header. */
export function clip(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const plain = text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, ' ');
  return plain.length > TEXT_CHARS_MAX ? `${plain.slice(0, TEXT_CHARS_MAX - 1)}…` : plain;
}
