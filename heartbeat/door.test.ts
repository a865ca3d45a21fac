import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../test/support/eventually.ts';
import { type Door, openDoor } from './door.ts';
import { type FromHeartbeat, LINE_MAX_BYTES, type ToHeartbeat } from './protocol.ts';

let folder: string;
let door: Door;
let heard: ToHeartbeat[];
let complaints: string[];
const sockets: Socket[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-door-'));
  heard = [];
  complaints = [];
  door = await openDoor({
    path: join(folder, 'door'),
    onMessage: (message) => void heard.push(message),
    greet: () => undefined,
    complain: (what) => void complaints.push(what),
  });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await door[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function visit() {
  const socket = connect(join(folder, 'door'));
  sockets.push(socket);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => {});
  const told = (): FromHeartbeat[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  return { socket, told };
}

const event = (reason: string): FromHeartbeat => ({
  kind: 'event',
  at_monotonic_ms: 1,
  event: 'takeover',
  subject: 'lb1',
  reason,
  evidence: {},
});

describe('the heartbeat’s door', () => {
  it('is open to its own user alone', () => {
    expect(statSync(join(folder, 'door')).mode & 0o777).toBe(0o600);
  });

  it('tells everyone who is there, and keeps events for who comes', async () => {
    door.tell(event('before'));
    const first = visit();
    await eventually(() => first.told().map((message) => 'reason' in message && message.reason)).toEqual([
      'before',
    ]);
    const second = visit();
    await eventually(() => door.clients()).toBe(2);
    door.tell(event('now'));
    await eventually(() => second.told().length).toBe(1);
    await eventually(() => first.told().length).toBe(2);
  });

  it('keeps no more than a thousand events, and says how many it has forgotten', async () => {
    for (let count = 0; count < 1_100; count++) door.tell(event(`${count}`));
    const visitor = visit();
    await eventually(() => visitor.told().length).toBe(1_000);
    expect(complaints).toEqual(['100 events found no room while no supervisor was connected']);
  });

  it('takes messages in any pieces', async () => {
    const { socket } = visit();
    const line = `${JSON.stringify({ kind: 'order', id: 1, order: 'hold' })}\n`;
    for (const byte of line + line) socket.write(byte);
    await eventually(() => heard.length).toBe(2);
  });

  it.each(['x', '{}', '[]', 'null', '{"kind":"order","id":-1,"order":"hold"}', '{"kind":"stop"}', '\u0000'])(
    'complains of %j and goes on',
    async (nonsense) => {
      const { socket } = visit();
      socket.write(`${nonsense}\n${JSON.stringify({ kind: 'order', id: 2, order: 'release' })}\n`);
      await eventually(() => heard).toEqual([{ kind: 'order', id: 2, order: 'release' }]);
      expect(complaints).toHaveLength(1);
    },
  );

  it('sends away who never ends a line', async () => {
    const { socket } = visit();
    socket.write('x'.repeat(LINE_MAX_BYTES + 10));
    await eventually(() => socket.destroyed || socket.closed).toBe(true);
    await eventually(() => door.clients()).toBe(0);
    expect(complaints).toEqual(['a message of the supervisor was longer than allowed']);
  });

  it('lets in eight at most', async () => {
    const visitors = Array.from({ length: 12 }, visit);
    await eventually(() => visitors.filter((visitor) => visitor.socket.closed).length).toBe(4);
    expect(door.clients()).toBe(8);
  });
});
