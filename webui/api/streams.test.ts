// Events on their way through the API: at once, to whoever takes them, for as long as they may.
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Identity } from '../../director/control/account-schema.ts';
import { configurationText, Instance } from '../../test/cli/support/instance.ts';
import { ACCOUNTS, bearer, Stand } from './support/stand.ts';

/** Many share this machine. */
const PATIENT = { timeout: 15_000 };

const STREAM = '/api/v1/events/stream';
const OTTO = bearer('fl_operator');

function reading(response: http.IncomingMessage): () => string {
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  response.on('error', () => undefined);
  return () => text;
}

describe('with a real director', () => {
  let instance: Instance;
  let stand: Stand;
  beforeAll(async () => {
    instance = new Instance(configurationText({ servers: { rs1: 9 } }));
    await instance.run();
    stand = await Stand.open(instance.socket, { streamsPerIdentity: 2 });
  }, 30_000);
  afterAll(async () => {
    await stand?.[Symbol.asyncDispose]();
    await instance?.[Symbol.asyncDispose]();
  });
  const change = () =>
    instance.client.call('enable', { params: { service: 'www', server: 'rs1' }, ifMatch: '*' });

  it('come as they happen', async () => {
    const response = await stand.follow(STREAM, OTTO);
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const text = reading(response);
    await change();
    await expect.poll(text, PATIENT).toContain('event: enabled');
    response.destroy();
  });

  it('begin after the last one that was seen', async () => {
    await change();
    const { events } = await instance.client.call('events', { query: { limit: 1_000 } });
    const last = events.at(-1)!;
    const response = await stand.follow(STREAM, { ...OTTO, 'last-event-id': String(last.id - 1) });
    const text = reading(response);
    await expect.poll(text, PATIENT).toContain(`id: ${last.id}\n`);
    expect(text()).not.toContain(`id: ${last.id - 1}\n`);
    response.destroy();
  });

  it('go to so many for each who asks, and to the next one once a place is free', async () => {
    const first = await stand.follow(STREAM, OTTO);
    const second = await stand.follow(STREAM, OTTO);
    const third = await stand.ask('GET', STREAM, OTTO);
    expect([third.status, third.json().code]).toEqual([503, 'too-many-followers']);
    const other = await stand.follow(STREAM, bearer('fl_viewer'));
    expect(other.statusCode).toBe(200);
    first.destroy();
    let again: http.IncomingMessage | undefined;
    await expect
      .poll(async () => {
        again = await stand.follow(STREAM, OTTO);
        if (again.statusCode !== 200) again.resume();
        return again.statusCode;
      }, PATIENT)
      .toBe(200);
    for (const response of [second, other, again]) response?.destroy();
  });

  it('are refused as the director refuses them', async () => {
    const reply = await stand.ask('GET', `${STREAM}?since=x`, OTTO);
    expect([reply.status, reply.json().code]).toEqual([400, 'bad-request']);
  });

  // The last one, as it ends the director.
  it('end for clients when the director ends', async () => {
    const response = await stand.follow(STREAM, OTTO);
    const closed = new Promise((resolve) => response.once('close', resolve));
    reading(response);
    await instance.end('SIGTERM');
    await closed;
  });
});

describe('with a director that says what the test wants', () => {
  let folder: string;
  let director: http.Server;
  let stand: Stand;
  let open: http.ServerResponse[];
  let closed: number;
  beforeEach(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-api-'));
    const socket = path.join(folder, 'c.sock');
    [open, closed] = [[], 0];
    director = http.createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('retry: 1000\n\n');
      open.push(response);
      response.once('close', () => (closed += 1));
    });
    await new Promise<void>((resolve) => director.listen(socket, resolve));
    stand = await Stand.open(socket);
  });
  afterEach(async () => {
    ACCOUNTS.fl_operator = otto;
    await stand[Symbol.asyncDispose]();
    director.closeAllConnections();
    await new Promise((resolve) => director.close(resolve));
    fs.rmSync(folder, { recursive: true, force: true });
  });
  const otto = ACCOUNTS.fl_operator as Identity;

  it('free it when the client vanishes', async () => {
    const response = await stand.follow(STREAM, OTTO);
    await expect.poll(() => open.length, PATIENT).toBe(1);
    response.destroy();
    await expect.poll(() => closed, PATIENT).toBe(1);
  });

  it('cut off a client that takes nothing, and keep little for it meanwhile', async () => {
    const response = await stand.follow(STREAM, OTTO);
    await expect.poll(() => open.length, PATIENT).toBe(1);
    response.pause();
    const event = `data: ${'x'.repeat(64 * 1024)}\n\n`;
    let sent = 0;
    // Beyond what the kernel keeps for both sockets, nothing may pile up.
    await expect
      .poll(
        () => {
          for (let count = 0; count < 32 && closed === 0; count += 1) {
            open[0]!.write(event);
            sent += event.length;
          }
          return closed;
        },
        { interval: 5, timeout: 20_000 },
      )
      .toBe(1);
    expect(sent).toBeLessThan(256 * 1024 * 1024);
    response.destroy();
  });

  it.each<[string, Identity | undefined]>([
    ['the token is revoked', undefined],
    ['the role is another', { ...otto, role: 'viewer' }],
    ['it is somebody else', { ...otto, id: 'other' }],
  ])('end soon after %s', async (_, identity) => {
    const response = await stand.follow(STREAM, OTTO);
    const text = reading(response);
    const ended = new Promise((resolve) => response.once('close', resolve));
    await expect.poll(() => open.length, PATIENT).toBe(1);
    open[0]!.write(':\n\n');
    await expect.poll(text, PATIENT).toContain(':\n\n');
    expect(response.destroyed).toBe(false);
    ACCOUNTS.fl_operator = identity;
    open[0]!.write(':\n\n');
    await ended;
  });
});
