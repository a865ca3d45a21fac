// Questions on a terminal, one line each. Guarantees: what was typed or pasted ahead answers the next questions; the end of
// input, or SIGINT, is an error and not an answer.
import readline from 'node:readline';
import { FairleadError } from '../model/error.ts';

export interface Prompt extends Disposable {
  line(question: string): Promise<string>;
}

const AHEAD_MAX = 64;

export function openPrompt(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Prompt {
  const lines = readline.createInterface({ input, output });
  const ahead: string[] = [];
  let waiting: PromiseWithResolvers<string> | undefined;
  let over = false;
  const answer = (): void => {
    const line = waiting === undefined ? undefined : ahead.shift();
    if (line !== undefined) waiting?.resolve(line);
    else if (over) waiting?.reject(new FairleadError('interrupted', 'Interrupted; nothing was changed.'));
    else return;
    waiting = undefined;
  };
  lines.on('line', (line) => {
    if (ahead.length < AHEAD_MAX) ahead.push(line);
    answer();
  });
  lines.on('close', () => {
    over = true;
    answer();
  });
  lines.on('SIGINT', () => {
    ahead.length = 0;
    lines.close();
  });
  return {
    line(question) {
      lines.setPrompt(question);
      if (!over) lines.prompt();
      waiting = Promise.withResolvers();
      const { promise } = waiting;
      answer();
      return promise;
    },
    [Symbol.dispose]: () => lines.close(),
  };
}
