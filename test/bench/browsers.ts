// Browsers as the console's benchmark needs them: one that takes the time of what it gets, and many that follow.
import https from 'node:https';
import type { Visitor } from '../console/support/site.ts';

export interface Timed {
  readonly status: number;
  readonly first_ms: number;
  readonly full_ms: number;
  /** As it came, still packed. */
  readonly body: Buffer;
}

/** With the agent given, connections are kept. */
export function get(url: URL, cookie: string, agent: https.Agent): Promise<Timed> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { cookie, 'accept-encoding': 'gzip' };
    const request = https.get(url, { agent, headers, rejectUnauthorized: false }, (response) => {
      const first_ms = performance.now() - began;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          first_ms,
          full_ms: performance.now() - began,
          body: Buffer.concat(chunks),
        }),
      );
    });
    request.on('error', reject);
  });
}

export function cookieOf(visitor: Visitor): string {
  return `__Host-fairlead=${visitor.cookie('__Host-fairlead') ?? ''}`;
}

export interface Followers extends Disposable {
  /** Bytes of messages since the start. */
  bytes(): number;
  count(): number;
}

/** Opens live streams, each over a connection of its own, and throws away what comes but for its length. */
export async function follow(url: URL, cookie: string, browsers: number): Promise<Followers> {
  let bytes = 0;
  const streams: { destroy(): void; readonly destroyed: boolean }[] = [];
  for (let index = 0; index < browsers; index++)
    streams.push(
      await new Promise((resolve, reject) => {
        const request = https.get(
          url,
          { agent: false, headers: { cookie }, rejectUnauthorized: false },
          (response) => {
            response.on('data', (chunk: Buffer) => {
              bytes += chunk.length;
            });
            response.on('error', () => {});
            if (response.statusCode === 200) resolve(response);
            else reject(new Error(`the live stream answered ${response.statusCode}`));
          },
        );
        request.on('error', reject);
      }),
    );
  return {
    bytes: () => bytes,
    count: () => streams.filter((stream) => !stream.destroyed).length,
    [Symbol.dispose]() {
      for (const stream of streams) stream.destroy();
    },
  };
}
