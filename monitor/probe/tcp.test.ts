import { describe, expect, it } from 'vitest';
import { closedPort, context, serveStopped, serveTcp } from '../support/servers.ts';
import type { ProbeOutcome } from './probe.ts';
import { tcp } from './tcp.ts';

describe('the tcp probe', () => {
  it('passes when the connection is accepted, on IPv4 and IPv6', async () => {
    for (const host of ['127.0.0.1', '::1']) {
      await using server = await serveTcp(() => {}, host);
      const outcome = await tcp(server.target, { kind: 'tcp' }, context());
      expect(outcome).toMatchObject({
        ok: true,
        reason: expect.stringMatching(/^connection accepted in \d+ ms$/),
      });
      expect(outcome.latency_ms).toBeGreaterThan(0);
    }
  });

  it('fails with the reason when the port is closed', async () => {
    const outcome = await tcp(await closedPort(), { kind: 'tcp' }, context());
    expect(outcome).toMatchObject({ ok: false, reason: 'connection refused' });
  });

  it('fails at the deadline when nobody answers, and leaves no socket behind', async () => {
    await using server = await serveStopped();
    const outcomes: ProbeOutcome[] = [];
    // Until the queue of the listener is full and further SYNs are dropped (net/ipv4/tcp_input.c, tcp_conn_request).
    while (outcomes.length < 10 && outcomes.at(-1)?.ok !== false) {
      outcomes.push(await tcp(server.target, { kind: 'tcp' }, context(100)));
    }
    expect(outcomes.at(-1)).toMatchObject({ ok: false, reason: 'no connection within 100 ms' });
    await expect.poll(() => process.getActiveResourcesInfo()).not.toContain('TCPSocketWrap');
  });

  it('closes with a reset so that no TIME_WAIT entry stays', async () => {
    const closed = Promise.withResolvers<unknown>();
    await using server = await serveTcp((socket) => {
      socket.on('error', closed.resolve);
      socket.resume();
    });
    await tcp(server.target, { kind: 'tcp' }, context());
    expect(await closed.promise).toMatchObject({ code: 'ECONNRESET' });
  });

  it('ends at once when it is cancelled, and says nothing about the server', async () => {
    const dismissal = new AbortController();
    dismissal.abort();
    const outcome = await tcp(await closedPort(), { kind: 'tcp' }, context(5000, dismissal.signal));
    expect(outcome).toMatchObject({ ok: false, inconclusive: true, reason: 'cancelled' });
  });
});
