// A message for the tests of senders, and the context of one attempt.
import type { Message } from '../core/types.ts';
import type { Envelope, SendContext } from '../senders/sender.ts';

export function envelope(more: Partial<Message> = {}): Envelope {
  return {
    message: {
      id: 'lb1-7',
      at: Date.UTC(2026, 0, 5, 12, 0, 6),
      since: Date.UTC(2026, 0, 5, 12),
      kind: 'servers',
      severity: 'critical',
      subject: 'www is down: no real server takes connections',
      lines: ['www is down: no real server takes connections', 'www has 0 of 3 real servers left'],
      items: [
        { subject: 'www', state: 'down', severity: 'critical', since: Date.UTC(2026, 0, 5, 12), reason: 'x' },
      ],
      more: 0,
      services: ['www'],
      events: [4, 5],
      ...more,
    },
    cluster: 'web',
    node: 'lb1',
    version: '0.1.0',
    attempt: 1,
    lost: 0,
  };
}

export function context(more: Partial<SendContext> = {}): SendContext {
  return { timeout_ms: 20_000, folder: '/', signal: new AbortController().signal, ...more };
}
