// Reads a body whole, up to a limit, as UTF-8 text.
import type http from 'node:http';
import { EXIT, FairleadError } from '../model/error.ts';

export async function collectText(message: http.IncomingMessage, limit_bytes: number): Promise<string> {
  const tooLarge = (): FairleadError =>
    new FairleadError('too-large', `The body is larger than ${limit_bytes} bytes.`, { exit: EXIT.usage });
  if (Number(message.headers['content-length'] ?? 0) > limit_bytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit_bytes) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks, length));
  } catch (cause) {
    throw new FairleadError('bad-request', 'The body is not UTF-8 text.', { exit: EXIT.usage, cause });
  }
}
