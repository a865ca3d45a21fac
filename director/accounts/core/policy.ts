// What a password must be. Length does most of it (NIST SP 800-63B 3.1.1): no rules about digits and signs, but nothing
// that is on everybody's list, or on the door. A password is judged as people see it (NFKC) and hashed in that form.
import { PASSWORD_MIN_LENGTH } from '../../model/account.ts';
import { FairleadError } from '../../model/error.ts';
import { WELL_KNOWN, WORDS } from './well-known.ts';

const DISTINCT_MIN = 4;

export interface PolicyNames {
  /** Of the account. */
  readonly user: string;
  /** Of what stands on the door: cluster, node, product. */
  readonly places: readonly string[];
}

/** One password, however it was typed. */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC');
}

/** Throws weak-password. The error never quotes the password. */
export function checkPassword(password: string, names: PolicyNames): void {
  const problem = problemOf(password, names);
  if (problem === undefined) return;
  throw new FairleadError('weak-password', `This password will not do: ${problem.why}.`, {
    remedy: problem.remedy,
  });
}

interface PasswordProblem {
  readonly why: string;
  readonly remedy: string;
}

const PHRASE =
  'Take four or more words that have nothing to do with each other, or let a password manager make one.';

function problemOf(given: string, names: PolicyNames): PasswordProblem | undefined {
  // A half of a surrogate pair has no bytes of its own: two such passwords would be one.
  if (!given.isWellFormed())
    return { why: 'it is not well-formed text', remedy: 'Type it again, or take another one.' };
  const password = normalizePassword(given);
  if (/\p{Cc}/u.test(password))
    return {
      why: 'it contains a control character, such as a tab or a line end',
      remedy: 'Take characters that a keyboard has.',
    };
  const characters = [...password];
  if (characters.length < PASSWORD_MIN_LENGTH)
    return {
      why: `it has ${characters.length} ${characters.length === 1 ? 'character' : 'characters'}, and ${PASSWORD_MIN_LENGTH} are the least`,
      remedy: PHRASE,
    };
  const distinct = new Set(characters.map((character) => character.toLowerCase())).size;
  if (distinct === 1) return { why: 'it is one character again and again', remedy: PHRASE };
  if (distinct < DISTINCT_MIN)
    return { why: `it is made of only ${distinct} different characters`, remedy: PHRASE };
  return knownOf(password, names);
}

function knownOf(password: string, { user, places }: PolicyNames): PasswordProblem | undefined {
  const letters = lettersOf(password);
  const named = [user, ...places].map(lettersOf);
  if (isMadeOf(letters, named.slice(0, 1))) return { why: 'it is the name of the account', remedy: PHRASE };
  if (isMadeOf(letters, named))
    return {
      why: 'it is made of names that anybody can see: of the account, the cluster, the node, or this product',
      remedy: PHRASE,
    };
  const folded = fold(password);
  if (isRun(folded) || WELL_KNOWN.has(folded) || WELL_KNOWN.has(unleet(folded)))
    return { why: 'it is one of those that are tried first', remedy: PHRASE };
  if ([letters, unleetLetters(password)].some((text) => isMadeOf(text, [...named, ...WORDS])))
    return { why: 'it is made of words that are tried first, and nothing else', remedy: PHRASE };
  return undefined;
}

function fold(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\p{P}\p{S}]/gu, '');
}

/** Without the digits and signs that are hung on to words. */
function lettersOf(text: string): string {
  return fold(text).replace(/\d+/g, '');
}

const LEET: Readonly<Record<string, string>> = {
  ...{ '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b' },
  ...{ '@': 'a', $: 's', '!': 'i', '€': 'e', '|': 'l' },
};

function unleet(text: string): string {
  return text.replace(/[0134578@$!€|]/g, (sign) => LEET[sign]!);
}

/** Digits at the end are a number; those within a word stand for letters. */
function unleetLetters(password: string): string {
  const text = password.normalize('NFKC').toLowerCase();
  return lettersOf(unleet(text.replace(/[\d\p{P}\p{S}\s]+$/u, '')));
}

/** By table, not by pattern: the words overlap, and a pattern's way back could take for ever. */
function isMadeOf(text: string, words: readonly string[]): boolean {
  if (text === '') return false;
  const usable = words.filter((word) => word !== '');
  const reached = new Uint8Array(text.length + 1);
  reached[0] = 1;
  for (let at = 0; at < text.length; at++) {
    if (reached[at] === 0) continue;
    for (const word of usable) if (text.startsWith(word, at)) reached[at + word.length] = 1;
  }
  return reached[text.length] === 1;
}

/** `123456789012`, `abcdefghijkl`, `zyxwvutsrqpo`: each the next of the one before. */
function isRun(text: string): boolean {
  const codes = [...text].map((character) => character.codePointAt(0)!);
  const steps = new Set(codes.slice(1).map((code, index) => code - codes[index]!));
  // 9 to 0 and 0 to 9 go round.
  for (const round of [9, -9]) steps.delete(round);
  return steps.size === 1 && (steps.has(1) || steps.has(-1));
}
