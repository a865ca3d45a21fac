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
    followLive: () => ({ [Symbol.dispose]() {} }),
  };
  streams = new EventStreams(backend, clock);
  server = http.createServer((_request, response) => void streams.open(response, 0));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  streams[Symbol.dispose]();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const connect = (): Promise<http.IncomingMessage> =>
  new Promise((resolve, reject) => {
    http.get({ port, agent: false }, resolve).on('error', reject);
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
