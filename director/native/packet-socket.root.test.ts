import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { createNamespaces, ip, run } from '../../test/support/netns.ts';
import { enterNamespace, inNamespace } from './netns.ts';
import { ETHERTYPE, openPacketSocket } from './packet-socket.ts';
import { Rtnetlink } from './rtnetlink.ts';

const open: Disposable[] = [];
afterEach(() => {
  for (const item of open.splice(0).reverse()) item[Symbol.dispose]();
});

function cabled() {
  const set = createNamespaces('packet', ['left', 'right']);
  open.push(set);
  const [left, right] = [set.get('left'), set.get('right')];
  set.cable({ namespace: left, name: 'eth0' }, { namespace: right, name: 'eth0' });
  const end = (namespace: typeof left, ethertype?: number, filter?: Uint8Array) => {
    const socket = inNamespace(namespace, () => {
      using rt = new Rtnetlink();
      return openPacketSocket(rt.link('eth0')!.index, ethertype, filter);
    });
    open.push(socket);
    return socket;
  };
  return { set, left, right, end };
}

function frame(ethertype: number, text: string): Uint8Array {
  const bytes = new Uint8Array(60);
  bytes.fill(0xff, 0, 6).set([2, 0, 0, 0, 0, 1], 6);
  new DataView(bytes.buffer).setUint16(12, ethertype);
  bytes.set(Buffer.from(text), 14);
  return bytes;
}

describe('a packet socket', () => {
  it('carries whole frames, and only those of its ethertype', async () => {
    const { left, right, end } = cabled();
    const [sender, receiver] = [end(left), end(right, 0x88b5)];
    const heard: string[] = [];
    receiver.onFrame((bytes) => heard.push(Buffer.from(bytes).toString('latin1', 14, 17)));
    expect(sender.send(frame(0x88b6, 'not'))).toBe(true);
    expect(sender.send(frame(0x88b5, 'one'))).toBe(true);
    expect(sender.send(frame(0x88b5, 'two'))).toBe(true);
    await eventually(() => heard).toEqual(['one', 'two']);
  });

  it('hears only what its filter accepts, from the first frame on', async () => {
    const { left, right, end } = cabled();
    // ldb [14]; jeq #'y', next, over; ret everything; ret nothing
    const filter = new Uint8Array(
      Uint16Array.of(0x30, 0, 14, 0, 0x15, 0x0100, 0x79, 0, 0x06, 0, 0xffff, 0xffff, 0x06, 0, 0, 0).buffer,
    );
    const [sender, receiver] = [end(left), end(right, 0x88b5, filter)];
    for (const text of ['no', 'yes', 'not', 'you']) sender.send(frame(0x88b5, text));
    const heard: string[] = [];
    receiver.onFrame((bytes) => heard.push(Buffer.from(bytes).toString('latin1', 14, 17)));
    await eventually(() => heard).toEqual(['yes', 'you']);
  });

  it('refuses a filter that is none', () => {
    const { left, end } = cabled();
    expect(() => end(left, 0x88b5, new Uint8Array(8).fill(0xff))).toThrow('EINVAL');
  });

  it('does not hear what its own host sends', async () => {
    const { left, right, end } = cabled();
    const [one, other] = [end(left, 0x88b5), end(right, 0x88b5)];
    one.send(frame(0x88b5, 'out'));
    await eventually(() => other.receive()).toBeDefined();
    expect(one.receive()).toBeUndefined();
  });

  it('says that the interface is down when sending, and waits when receiving', () => {
    const { left, end } = cabled();
    const socket = end(left, ETHERTYPE.arp);
    ip(left, 'link set dev eth0 down');
    expect(socket.receive()).toBeUndefined();
    expect(() => socket.send(frame(ETHERTYPE.arp, ''))).toThrow(
      expect.objectContaining({ code: 'errno-ENETDOWN' }),
    );
  });

  it('goes on hearing after its interface was down', async () => {
    const { left, right, end } = cabled();
    const [sender, receiver] = [end(left), end(right, 0x88b5)];
    const heard: string[] = [];
    receiver.onFrame((bytes) => heard.push(Buffer.from(bytes).toString('latin1', 14, 17)));
    for (const round of ['one', 'two', 'six', 'ten']) {
      ip(right, 'link set dev eth0 down');
      await new Promise((resolve) => setImmediate(resolve)); // lets the loop meet the error
      ip(right, 'link set dev eth0 up');
      const repeat = () => {
        sender.send(frame(0x88b5, round)); // frames are lost until the far end knows of the carrier
        return heard;
      };
      await eventually(repeat).toContain(round);
    }
  });

  it.each([0, 13, 9_239])('refuses to send a frame of %d bytes', (length) => {
    const { left, end } = cabled();
    expect(() => end(left).send(new Uint8Array(length))).toThrow(
      expect.objectContaining({ code: 'frame-length' }),
    );
  });

  it('does not open on an interface that does not exist', () => {
    expect(() => openPacketSocket(99_999)).toThrow(expect.objectContaining({ code: 'errno-ENODEV' }));
  });
});

describe('enterNamespace', () => {
  it('moves the thread there and back, by name, path or pid', () => {
    const { set, left } = cabled();
    using rtHere = new Rtnetlink();
    const mine = rtHere.links().map((link) => link.name);
    const inside = () => {
      using rt = new Rtnetlink();
      return rt.links().map((link) => link.name);
    };
    const child = set.start(left, 'sleep', ['100']);
    for (const reference of [{ name: left.name }, { path: left.path }])
      expect(inNamespace(reference, inside)).toEqual(['lo', 'eth0']);
    expect(inside()).toEqual(mine);
    expect(child.pid).toBeGreaterThan(1);
    const pid = Number(run(left, 'ip', ['netns', 'pids', left.name]).stdout.split('\n')[0]);
    expect(inNamespace({ pid }, inside)).toEqual(['lo', 'eth0']);
  });

  it.each([{ name: 'no-such-namespace' }, { path: '/etc/hostname' }, { pid: 2 ** 30 }])(
    'says that there is none: %j',
    (reference) => {
      expect(() => enterNamespace(reference)).toThrow(expect.objectContaining({ code: 'netns-missing' }));
    },
  );

  it.each(['', '..', 'a/b'])('refuses the name %j', (name) => {
    expect(() => enterNamespace({ name })).toThrow(expect.objectContaining({ code: 'netns-bad-name' }));
  });
});
