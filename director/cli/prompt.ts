// Questions on a terminal, one line each. Guarantee: the end of input, or SIGINT, is an error and not an answer.
import readline from 'node:readline/promises';
import { FairleadError } from '../model/error.ts';

export interface Prompt extends Disposable {
  line(question: string): Promise<string>;
}

export function openPrompt(input: NodeJS.ReadStream, output: NodeJS.WriteStream): Prompt {
  const lines = readline.createInterface({ input, output });
  const over = Promise.withResolvers<never>();
  const end = (): void => over.reject(new FairleadError('interrupted', 'Interrupted; nothing was changed.'));
  over.promise.catch(() => {}); // told to whoever asks
  lines.on('close', end);
  lines.on('SIGINT', end);
  return {
    line: (question) => Promise.race([lines.question(question), over.promise]),
    [Symbol.dispose]: () => lines.close(),
  };
}
