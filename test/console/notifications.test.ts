// The page that says who is told what happens: every state drawn, and the real one tried out on a real webhook.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Notifications, NotifyTarget } from '../../director/control/notify-schema.ts';
import { notificationsBody } from '../../webui/pages/notifications.ts';
import { configurationText } from '../cli/support/instance.ts';
import { ConsoleSite } from './support/site.ts';

const NOW = 1_800_000_000_000;
const PATIENCE_MS = 60_000;

const target = (more: Partial<NotifyTarget>): NotifyTarget => ({
  ...{ number: 1, kind: 'webhook', name: 'https://hook.example', on: ['critical', 'recovery'] },
  ...{ sent: 0, failed: 0, waiting: 0, held: 0, dropped: {}, open: 0 },
  ...more,
});
const told = (more: Partial<Notifications>): Notifications => ({
  ...{ running: true, restarts: 0, targets: [target({})] },
  ...more,
});

describe('the page of notifications', () => {
  it('says that nobody is told, and how to change that', () => {
    const { text } = notificationsBody(told({ running: false, targets: [] }), NOW, 'c');
    expect(text).toContain('Nobody is told');
  });

  it('tells whether each gets through, since when not and why, and what was given up', () => {
    const failing = {
      failing_since: NOW - 60_000,
      last_error: { at: NOW, detail: '<b>refused</b>' },
      dropped: { 'too-old': 3 },
    };
    const { text } = notificationsBody(
      told({ targets: [target({ sent: 4, sent_at: NOW - 1_000 }), target({ number: 2, ...failing })] }),
      NOW,
      'c',
    );
    for (const piece of ['▲ gets through', '▼ fails', '1m ago', '&lt;b&gt;refused', '3 too-old', 'to all'])
      expect(text).toContain(piece);
  });

  it('warns when nobody sends, and offers no test to those who only look', () => {
    const { text } = notificationsBody(
      told({ running: false, detail: 'it ended', not_kept: 'disk full' }),
      NOW,
      undefined,
    );
    expect(text).toContain('does not run: it ended');
    expect(text).toContain('disk full');
    expect(text).not.toContain('<form');
  });

  it(
    'sends a test message, and says what became of it',
    async () => {
      const heard: string[] = [];
      let status = 200;
      const hook = http.createServer((request, response) => {
        request.setEncoding('utf8').on('data', (chunk: string) => heard.push(chunk));
        request.on('end', () => response.writeHead(status).end());
      });
      await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
      try {
        const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
        await using site = await ConsoleSite.open({
          text: configurationText({ servers: { rs1: 9 }, extra: `notifications: [{ webhook: "${url}" }]\n` }),
        });
        const visitor = await site.visitor('operator');
        expect((await visitor.get('/system/notifications')).text).toContain('webhook');
        const good = await visitor.submit('/system/notifications', { target: '1' });
        expect(good.text).toContain('1 test message got through.');
        expect(heard.join('')).toContain('test');
        status = 403;
        expect((await visitor.submit('/system/notifications', {})).text).toMatch(/403/);
      } finally {
        hook.closeAllConnections();
        hook.close();
      }
    },
    PATIENCE_MS,
  );
});
