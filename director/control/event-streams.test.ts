import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../model/clock.ts';
import type { ControlBackend } from './backend.ts';
import { EventStreams } from './event-streams.ts';
import type { ApiEvent } from './schema.ts';

let server: http.Server;
let streams: EventStreams;
let port: number;
const followers = new Set<(event: ApiEvent) => void>();
const liveFollowers = new Set<(encoded: Uint8Array) => void>();
const timers = new Set<() => void>();
const clock: Clock = {
  now: () => 0,
  monotonic_ms: () => 0,
  after(_delay_ms, run) {
    timers.add(run);
    return { [Symbol.dispose]: () => void timers.delete(run) };
  },
};

beforeEach(async () => {
  const backend: Pick<ControlBackend, 'eventsAfter' | 'follow' | 'followLive'> = {
    eventsAfter: async () => [],
    follow(onEvent) {
      followers.add(onEvent);
      return { [Symbol.dispose]: () => void followers.delete(onEvent) };
    },
    followLive(onLive) {
      liveFollowers.add(onLive);
      onLive(Buffer.from('{"kind":"full"}'));
      return { [Symbol.dispose]: () => void liveFollowers.delete(onLive) };
    },
  };
  streams = new EventStreams(backend, clock);
  server = http.createServer((request, response) => {
    if (request.url === '/live') streams.openLive(response);
    else void streams.open(response, 0);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  streams[Symbol.dispose]();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const connect = (path = '/'): Promise<http.IncomingMessage> =>
  new Promise((resolve, reject) => {
    http.get({ port, path, agent: false }, resolve).on('error', reject);
  });

const event = (id: number): ApiEvent => ({ id, at: 0, kind: 'k', subject: 's', reason: 'x'.repeat(1_000) });

describe('a follower', () => {
  it('that does not read is let go, and its place with it', async () => {
    const stream = await connect();
    stream.on('error', () => {});
    expect(followers.size).toBe(1);
    let id = 0;
    // The kernel takes some megabytes before the backlog is ours.
    while (followers.size > 0 && id < 100_000) {
      for (const follower of followers) follower(event(++id));
      if (id % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(followers.size).toBe(0);
    expect(id).toBeLessThan(100_000);
    expect(timers.size).toBe(0);
    stream.destroy();
  });

  it('hears a comment now and then, so that both ends know', async () => {
    const stream = await connect();
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    for (const run of [...timers]) {
      timers.delete(run);
      run();
    }
    await new Promise<void>((resolve) => {
      stream.on('data', () => text.endsWith(':\n\n') && resolve());
      if (text.endsWith(':\n\n')) resolve();
    });
    expect(text).toBe('retry: 1000\n\n:\n\n');
    expect(timers.size).toBe(1);
    stream.destroy();
  });
});

describe('a follower of the live picture', () => {
  it('gets the bytes that all get, each message an event', async () => {
    const stream = await connect('/live');
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    for (const follower of liveFollowers) follower(Buffer.from('{"kind":"tick"}'));
    await expect.poll(() => text).toBe('retry: 1000\n\ndata: {"kind":"full"}\n\ndata: {"kind":"tick"}\n\n');
    stream.destroy();
  });

  it('that does not read may fall behind by more than the largest message, and then is let go', async () => {
    const stream = await connect('/live');
    stream.on('error', () => {});
    const message = Buffer.alloc(16 * 1024 * 1024, 'x');
    let sent = 0;
    while (liveFollowers.size > 0 && sent < 20) {
      for (const follower of liveFollowers) follower(message);
      sent++;
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(liveFollowers.size).toBe(0);
    expect(sent).toBeGreaterThan(1);
    expect(sent).toBeLessThan(20);
    stream.destroy();
  });
});
