// The thread that reads large configurations. One text after the other; whatever is wrong with one is its answer.
import { parentPort } from 'node:worker_threads';
import { type ParsedConfiguration, parseConfiguration } from '../config/parse.ts';

export interface ReadRequest {
  readonly id: number;
  readonly text: string;
  readonly fileName: string;
}

export interface ReadAnswer {
  readonly id: number;
  readonly parsed: ParsedConfiguration;
}

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker thread');
// The YAML library asks the environment about each word of the text, and Node asks the system each time.
process.env = {};

port.on('message', ({ id, text, fileName }: ReadRequest) => {
  port.postMessage({ id, parsed: parseConfiguration(text, fileName) } satisfies ReadAnswer);
});
