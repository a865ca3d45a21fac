// What a heartbeat may say, and what becomes of it when it is cut off, too long, or nonsense.
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FromHeartbeat, LINE_MAX_BYTES } from '../../../heartbeat/protocol.ts';
import { eventually } from '../../../test/support/eventually.ts';
import { Restarts } from '../restarts.ts';
import { connectHeartbeat } from './heartbeat-connection.ts';

const EVENT: FromHeartbeat = {
  kind: 'event',
  at_monotonic_ms: 1,
  event: 'takeover',
  subject: 'lb1',
  reason: 'because',
  evidence: {},
};

let folder: string;
let socket: string;
let server: net.Server;
let says: (client: net.Socket) => void;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-connection-'));
  socket = path.join(folder, 'socket');
  server = net.createServer((client) => {
    client.on('error', () => {});
    says(client);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
});

afterAll(() => {
  server.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

async function visit() {
  const heard: FromHeartbeat[] = [];
  const complaints: string[] = [];
  const ended = Promise.withResolvers<void>();
  const connection = await connectHeartbeat({
    socket,
    onMessage: (message) => void heard.push(message),
    onEnd: ended.resolve,
    complain: (what) => void complaints.push(what),
  });
  return { connection, heard, complaints, ended: ended.promise };
}

describe('the way to a heartbeat', () => {
  it('is none where nobody listens', async () => {
    const nobody = { onMessage: () => {}, onEnd: () => {}, complain: () => {} };
    expect(await connectHeartbeat({ ...nobody, socket: path.join(folder, 'nobody') })).toBeUndefined();
  });

  it('carries whole lines, however they are cut, and says when it ends', async () => {
    const line = `${JSON.stringify(EVENT)}\n`;
    says = (client) => {
      client.setNoDelay(true);
      client.write(line.slice(0, 10));
      setImmediate(() => client.end(line.slice(10) + line + line.slice(0, 20)));
    };
    const { heard, complaints, ended } = await visit();
    await ended;
    expect(heard).toEqual([EVENT, EVENT]);
    expect(complaints).toEqual([]);
  });

  it('tells of what is not understood, and goes on', async () => {
    says = (client) =>
      client.write(`nonsense\n{"kind":"order-result"}\n{"kind":"more"}\n${JSON.stringify(EVENT)}\n`);
    const { connection, heard, complaints } = await visit();
    await eventually(() => heard).toEqual([EVENT]);
    expect(complaints).toHaveLength(3);
    connection?.[Symbol.dispose]();
  });

  it('ends at a line without end', async () => {
    says = (client) => client.write('x'.repeat(LINE_MAX_BYTES + 10));
    const { complaints, ended } = await visit();
    await ended;
    expect(complaints).toEqual(['a line is longer than allowed']);
  });

  it('survives anything', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.uint8Array({ maxLength: 200 }),
            fc.json().map((text) => Buffer.from(`${text}\n`)),
          ),
        ),
        async (chunks) => {
          says = (client) => {
            for (const chunk of chunks) client.write(chunk);
            client.end();
          };
          const { heard, ended } = await visit();
          await ended;
          expect(heard).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('restarts', () => {
  it('come at once the first time, then later and later, until one has lived for a while', () => {
    let now_ms = 0;
    const restarts = new Restarts({
      now: () => now_ms,
      monotonic_ms: () => now_ms,
      after: () => ({ [Symbol.dispose]() {} }),
    });
    const waits = Array.from({ length: 9 }, () => {
      restarts.started();
      const wait_ms = restarts.wait_ms();
      now_ms += wait_ms;
      return wait_ms;
    });
    expect(waits).toEqual([0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    now_ms += 60_000;
    restarts.started();
    expect([restarts.wait_ms(), restarts.count]).toEqual([0, 9]);
    expect([restarts.tellFailure('why'), restarts.tellFailure('why'), restarts.tellFailure('other')]).toEqual(
      [true, false, true],
    );
  });
});
