// A stream of server-sent events as a browser hears it: messages in order, until it is closed.
import https from 'node:https';
import type { Visitor } from './site.ts';

export interface Heard {
  readonly id: string;
  readonly data: string;
}

export interface EventStream extends Disposable {
  readonly status: number;
  readonly messages: readonly Heard[];
  ended(): boolean;
}

/** `ca`: what the console's certificate is held against. */
export function openStream(
  visitor: Visitor,
  ca: Buffer,
  target: string,
  headers: Record<string, string> = {},
): Promise<EventStream> {
  return new Promise((resolve, reject) => {
    const cookie = `__Host-fairlead=${visitor.cookie('__Host-fairlead') ?? ''}`;
    const request = https.get(
      new URL(target, visitor.url),
      { ca, agent: false, headers: { cookie, ...headers } },
      (response) => {
        const messages: Heard[] = [];
        let rest = '';
        let over = false;
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          const blocks = (rest + chunk).split('\n\n');
          rest = blocks.pop() ?? '';
          for (const block of blocks) {
            const data = /^data: (.*)$/m.exec(block)?.[1];
            if (data !== undefined) messages.push({ id: /^id: (.*)$/m.exec(block)?.[1] ?? '', data });
          }
        });
        response.on('error', () => {});
        response.on('close', () => {
          over = true;
        });
        resolve({
          status: response.statusCode ?? 0,
          messages,
          ended: () => over,
          [Symbol.dispose]: () => void request.destroy(),
        });
      },
    );
    request.on('error', reject);
  });
}
