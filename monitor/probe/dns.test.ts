import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { address } from '../../director/model/address.ts';
import type { ProbeTarget } from '../../director/model/monitor.ts';
import { context, listen, serveTcp } from '../support/servers.ts';
import { dns } from './dns.ts';
import type { SpecOf } from './probe.ts';

type Answerer = (question: Buffer, client: RemoteInfo, socket: Socket) => void;

const spec: SpecOf<'dns'> = { kind: 'dns', name: 'www.example', type: 'A' };
const HEADER_AND_QUESTION = 12 + 13 + 4;

/** The answer with one A record per address, or with changed flags. */
function reply(question: Buffer, addresses: readonly string[], flags = 0x8180): Buffer {
  const records = addresses.map((each) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...each.split('.').map(Number)]),
  );
  const bytes = Buffer.concat([question.subarray(0, HEADER_AND_QUESTION), ...records]);
  bytes.writeUInt16BE(flags, 2);
  bytes.writeUInt16BE(addresses.length, 6);
  return bytes;
}

async function serve(
  answerer: Answerer,
  host = '127.0.0.1',
): Promise<AsyncDisposable & { readonly target: ProbeTarget }> {
  const socket = createSocket('udp4');
  socket.on('message', (question, client) => answerer(question, client, socket));
  socket.bind(0, host);
  await once(socket, 'listening');
  return {
    target: { address: address(host), port: socket.address().port },
    async [Symbol.asyncDispose]() {
      socket.close();
    },
  };
}

async function ask(
  answerer: Answerer,
  more: Partial<SpecOf<'dns'>> = {},
  timeout_ms = 5000,
): Promise<string> {
  await using server = await serve(answerer);
  const outcome = await dns(server.target, { ...spec, ...more }, context(timeout_ms));
  return `${outcome.ok ? 'up' : 'down'}: ${outcome.reason.replace(/ in \d+ ms$/, '')}`;
}

describe('the dns probe', () => {
  it('passes on an answer of the type', async () => {
    expect(await ask((question, { port }, socket) => socket.send(reply(question, ['192.0.2.7']), port))).toBe(
      'up: A 192.0.2.7',
    );
  });

  it('looks for a pattern in every answer', async () => {
    const two: Answerer = (question, { port }, socket) =>
      socket.send(reply(question, ['192.0.2.7', '192.0.2.8']), port);
    expect(await ask(two, { answer: '^192\\.0\\.2\\.8$' })).toBe('up: A 192.0.2.8');
    expect(await ask(two, { answer: '^10\\.' })).toBe('down: A 192.0.2.7, but no answer matches ^10\\.');
  });

  it('fails on an error, on no answer, and on answers of other types only', async () => {
    const answering =
      (addresses: string[], flags?: number): Answerer =>
      (question, { port }, socket) =>
        socket.send(reply(question, addresses, flags), port);
    expect(await ask(answering([], 0x8183))).toBe('down: NXDOMAIN for www.example');
    expect(await ask(answering([]))).toBe('down: no A record for www.example');
    expect(await ask(() => {}, {}, 50)).toBe('down: no answer within 50 ms');
  });

  it('fails when nobody listens', async () => {
    const server = await serve(() => {});
    await server[Symbol.asyncDispose]();
    expect(await dns(server.target, spec, context())).toMatchObject({
      ok: false,
      reason: 'connection refused',
    });
  });

  it('ignores answers with a wrong id, to another question or from elsewhere, and waits for the right one', async () => {
    const stranger = createSocket('udp4');
    const sent: string[] = [];
    const answerer: Answerer = (question, { port }, socket) => {
      const wrongId = reply(question, ['10.6.6.1']);
      wrongId.writeUInt16BE(question.readUInt16BE() ^ 1);
      const wrongQuestion = reply(question, ['10.6.6.2']);
      wrongQuestion[13] = 0x58;
      stranger.send(reply(question, ['10.6.6.3']), port, '127.0.0.1', () => {
        sent.push('from elsewhere');
        socket.send(wrongId, port);
        socket.send(wrongQuestion, port);
        socket.send(reply(question, ['192.0.2.7']), port);
      });
    };
    expect(await ask(answerer)).toBe('up: A 192.0.2.7');
    expect(sent).toEqual(['from elsewhere']);
    stranger.close();
  });

  it('gives up on a flood of answers to questions that it did not ask', async () => {
    const answerer: Answerer = (question, { port }, socket) => {
      const wrong = reply(question, []);
      wrong.writeUInt16BE(question.readUInt16BE() ^ 1);
      const flood = setInterval(() => {
        for (let index = 0; index < 20; index++) socket.send(wrong, port, () => {});
      }, 1);
      socket.once('close', () => clearInterval(flood));
      socket.on('error', () => clearInterval(flood));
    };
    expect(await ask(answerer)).toBe('down: the server answers questions that were not asked');
  });

  it('fails on an answer that is malformed', async () => {
    const answerer: Answerer = (question, { port }, socket) => {
      const loop = Buffer.concat([reply(question, []), Buffer.from([0xc0, HEADER_AND_QUESTION])]);
      loop.writeUInt16BE(1, 6);
      socket.send(loop, port);
    };
    expect(await ask(answerer)).toBe('down: the answer is malformed: a compressed name that loops');
  });

  it('fails rather than throws on a name that cannot be asked for', async () => {
    expect(await ask(() => {}, { name: 'a..b' })).toBe('down: not a domain name: a..b');
  });
});

/** UDP answers truncated, twice; TCP at the same port sends what `overTcp` makes of the question, byte by byte. */
async function askTruncated(overTcp: (question: Buffer) => Buffer): Promise<string> {
  // An address of its own: elsewhere a connection of some other test may have the number that UDP was given.
  const host = '127.53.0.1';
  await using udp = await serve((question, client, socket) => {
    socket.send(reply(question, [], 0x8380), client.port, client.address);
    socket.send(reply(question, [], 0x8380), client.port, client.address);
  }, host);
  let connections = 0;
  const { createServer } = await import('node:net');
  const server = createServer((socket) => {
    connections++;
    socket.setNoDelay();
    socket.once('data', (bytes: Buffer) => {
      for (const byte of overTcp(bytes.subarray(2))) socket.write(Buffer.of(byte));
      socket.end();
    });
  });
  await using _ = await listen(server, host, udp.target.port);
  const outcome = await dns(udp.target, spec, context());
  expect(connections).toBe(1);
  return `${outcome.ok ? 'up' : 'down'}: ${outcome.reason.replace(/ in \d+ ms$/, '')}`;
}

function framed(message: Buffer, length_bytes = message.length): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(length_bytes);
  return Buffer.concat([length, message]);
}

describe('the dns probe over TCP', () => {
  it('asks again when the answer over UDP is truncated', async () => {
    expect(await askTruncated((question) => framed(reply(question, ['192.0.2.9'])))).toBe('up: A 192.0.2.9');
  });

  it('fails when the answer is shorter than it says, truncated again, or to another question', async () => {
    expect(await askTruncated((question) => framed(reply(question, ['192.0.2.9']), 400))).toBe(
      'down: the server cut its answer over TCP short',
    );
    expect(await askTruncated((question) => framed(reply(question, [], 0x8380)))).toBe(
      'down: the answer over TCP is truncated',
    );
    expect(await askTruncated(() => framed(Buffer.alloc(40)))).toBe(
      'down: the answer over TCP is to another question',
    );
  });

  it('fails when nobody listens there', async () => {
    const truncating: Answerer = (question, { port }, socket) =>
      socket.send(reply(question, [], 0x8380), port);
    expect(await ask(truncating)).toBe('down: connection refused');
  });
});

it('is not confused by a server that accepts TCP only', async () => {
  await using server = await serveTcp(() => {});
  expect(await dns(server.target, spec, context())).toMatchObject({
    ok: false,
    reason: 'connection refused',
  });
});
