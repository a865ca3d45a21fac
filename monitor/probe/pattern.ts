// Matches text from a server against a pattern from the configuration, with two limits. A pattern such as (a+)+$ takes
// exponential time on text that a broken or hostile server may send; unbounded it would stop every nanny of this
// process, which would look like the death of all servers. So the text is cut to 64 KiB, and the match runs
// where V8 can be told to stop it (its regular expression engine looks for interrupts while backtracking).
import { createContext, Script } from 'node:vm';

export const TEXT_LIMIT_BYTES = 65_536;
const TIME_LIMIT_MS = 50;

export type MatchResult = { readonly found: boolean; readonly end: number } | { readonly problem: string };

interface Box {
  pattern: RegExp | undefined;
  text: string;
}

const box: Box = { pattern: undefined, text: '' };
const sandbox = createContext(box);
const script = new Script('pattern.exec(text)');

/**
 * ^ and $ match at every line, as answers consist of lines and mostly end with one. `end`: index just behind the match.
 * Never throws.
 */
export function match(source: string, text: string): MatchResult {
  try {
    box.pattern = new RegExp(source, 'm');
    box.text = text.length > TEXT_LIMIT_BYTES ? text.slice(0, TEXT_LIMIT_BYTES) : text;
    const found: RegExpExecArray | null = script.runInContext(sandbox, { timeout: TIME_LIMIT_MS });
    return found === null ? { found: false, end: 0 } : { found: true, end: found.index + found[0].length };
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: `pattern ${source} is not a regular expression` };
    return { problem: `pattern ${source} took longer than ${TIME_LIMIT_MS} ms and was stopped` };
  } finally {
    box.pattern = undefined;
    box.text = '';
  }
}
