// Server-sent events on their way through: every event at once, and next to nothing kept for clients that do not take it. A stream
// ends when whoever opened it may no longer see it.
import type http from 'node:http';
import type express from 'express';

/** What the director keeps for a follower, too. */
const BEHIND_MAX_BYTES = 256 * 1024;
/** The director sends a comment every 15 s. */
const SILENCE_MAX_MS = 60_000;
const COMMENT = ':\n\n';

/** `mayGoOn`: asked with every comment of the director, which takes the place of a clock. */
export function passEvents(
  upstream: http.ClientRequest,
  reply: http.IncomingMessage,
  response: express.Response,
  mayGoOn: () => Promise<boolean>,
): void {
  upstream.setTimeout(SILENCE_MAX_MS, () => response.destroy());
  response.setTimeout(0);
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    // Proxies such as nginx would otherwise collect them.
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
  reply.on('data', (chunk: Buffer) => {
    response.write(chunk);
    if (response.writableLength > BEHIND_MAX_BYTES) response.destroy();
    else if (chunk.length === COMMENT.length && chunk.toString('latin1') === COMMENT)
      mayGoOn().then(
        (good) => good || response.destroy(),
        () => response.destroy(),
      );
  });
  reply.once('end', () => response.end());
  reply.once('error', () => response.destroy());
}
