import { describe, expect, it } from 'vitest';
import { SystemError } from './libc.ts';
import { Netlink, type NetlinkChannel } from './netlink.ts';
import {
  encodeMessage,
  type NetlinkMessage,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  readU32,
} from './netlink-codec.ts';
import { errnoNumber } from './system-error.ts';

const THING = 100;
const int32 = (value: number) => new Uint8Array(Int32Array.of(value).buffer);
const value = (message: NetlinkMessage) => readU32(message.payload);

interface Reply {
  readonly type: number;
  readonly payload?: Uint8Array;
  readonly flags?: number;
  readonly sequence?: number;
  /** Not the kernel. */
  readonly port?: number;
  readonly raw?: Uint8Array;
  readonly errno?: string;
}
const thing = (number: number): Reply => ({ type: THING, payload: int32(number) });
const done: Reply = { type: NLMSG_DONE, payload: int32(0) };
const verdict = (errno: number): Reply => ({ type: NLMSG_ERROR, payload: int32(errno) });

/** A kernel that answers the nth request by the nth script, a datagram per reply. */
function kernel(
  ...scripts: readonly (readonly Reply[])[]
): NetlinkChannel & { requests: number; left: number } {
  let queue: Reply[] = [];
  let sequence = 0;
  return {
    requests: 0,
    get left() {
      return queue.length;
    },
    send(datagram) {
      sequence = readU32(datagram, 8);
      queue.push(...(scripts[this.requests] ?? []));
      this.requests++;
    },
    receive(buffer, sender) {
      const reply = queue.shift();
      if (reply === undefined) return undefined;
      if (reply.errno !== undefined) throw new SystemError('recvfrom', errnoNumber(reply.errno));
      const bytes =
        reply.raw ??
        encodeMessage(
          { type: reply.type, fixed: reply.payload ?? new Uint8Array(), flags: reply.flags ?? 0 },
          0,
          reply.sequence ?? sequence,
        );
      buffer.set(bytes.subarray(0, buffer.length));
      sender.fill(0);
      sender[4] = reply.port ?? 0;
      return bytes.length;
    },
    [Symbol.dispose]() {
      queue = [];
    },
  };
}

const dump = (channel: NetlinkChannel) => new Netlink(0, channel).dump({ type: 1 }, 'list things', value);
const get = (channel: NetlinkChannel) => new Netlink(0, channel).get({ type: 1 }, 'look at a thing', value);

describe('a dump', () => {
  it('is everything up to the end mark', () => {
    expect(dump(kernel([thing(1), thing(2), done]))).toEqual([1, 2]);
  });

  it('that was interrupted by a change is repeated from the start', () => {
    const interrupted = { ...thing(2), flags: NLM_F_DUMP_INTR };
    const channel = kernel([thing(1), interrupted, thing(3), done], [thing(1), thing(4), done]);
    expect(dump(channel)).toEqual([1, 4]);
    expect(channel.requests).toBe(2);
  });

  it('is given up when it never holds still', () => {
    const unsteady = [thing(1), { ...done, flags: NLM_F_DUMP_INTR }];
    const channel = kernel(...Array.from({ length: 100 }, () => unsteady));
    expect(() => dump(channel)).toThrow(expect.objectContaining({ code: 'netlink-dump-unsteady' }));
    expect(channel.requests).toBe(8);
  });

  it('is repeated when the kernel had no room for a part of it, even for its end', () => {
    expect(dump(kernel([thing(1), { type: 0, errno: 'ENOBUFS' }], [thing(1), done]))).toEqual([1]);
  });

  it('is repeated with more room when a part was too large', () => {
    const large = { type: THING, payload: new Uint8Array(100_000) };
    expect(dump(kernel([thing(1), large, done], [thing(1), large, done]))).toEqual([1, 0]);
  });

  it('is not begun before what is left of a failed one was read', () => {
    const channel = kernel(
      [thing(1), { type: THING, payload: new Uint8Array(2) }, thing(3), done],
      [thing(4), done],
    );
    const netlink = new Netlink(0, channel);
    expect(() => netlink.dump({ type: 1 }, 'list things', value)).toThrow(
      expect.objectContaining({ code: 'netlink-malformed' }),
    );
    expect(channel.left).toBe(0);
    expect(netlink.dump({ type: 1 }, 'list things', value)).toEqual([4]);
  });

  it('that the kernel refuses is an error with its number', () => {
    expect(() => dump(kernel([verdict(-1)]))).toThrow(expect.objectContaining({ code: 'errno-EPERM' }));
  });
});

describe('a question', () => {
  it('is answered by the message with its own sequence number, sent by the kernel', () => {
    const late = { ...thing(7), sequence: 99 };
    const forged = { ...thing(8), port: 1234 };
    expect(get(kernel([late, forged, thing(9), verdict(0)]))).toBe(9);
  });

  it.each([
    ['the kernel agrees without answering', [verdict(0)]],
    ['nothing comes at all', []],
    ['only other messages come', Array.from({ length: 2_000 }, () => ({ ...thing(1), sequence: 99 }))],
    ['only forged messages come', Array.from({ length: 2_000 }, () => ({ ...thing(1), port: 5 }))],
  ])('is an error when %s', (_name, script) => {
    expect(() => get(kernel(script))).toThrow(expect.objectContaining({ code: 'netlink-no-answer' }));
  });

  it('is an error when the answer is cut off, too long or nonsense', () => {
    const nonsense = { type: 0, raw: new Uint8Array(20).fill(0xff) };
    expect(() => get(kernel([nonsense]))).toThrow(expect.objectContaining({ code: 'netlink-malformed' }));
    const long = { type: THING, payload: new Uint8Array(100_000) };
    expect(() => get(kernel([long, verdict(0)]))).toThrow(
      expect.objectContaining({ code: 'netlink-too-much' }),
    );
  });
});

describe('a command', () => {
  it('is repeated by nobody: a lost acknowledgement is an error', () => {
    const channel = kernel([{ type: 0, errno: 'ENOBUFS' }]);
    expect(() => new Netlink(0, channel).command({ type: 1 }, 'do it')).toThrow(
      expect.objectContaining({ code: 'errno-ENOBUFS', message: expect.stringContaining('recvfrom') }),
    );
    expect(channel.requests).toBe(1);
  });

  it('is named in the error when the kernel refuses', () => {
    expect(() => new Netlink(0, kernel([verdict(-17)])).command({ type: 1 }, 'add a thing')).toThrow(
      'add a thing: file already exists [EEXIST]',
    );
  });
});
