// Over pseudo-terminals: cables that lose bytes, are cut, looped back, slow, or vanish.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readSync, rmSync, symlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../director/model/clock.ts';
import { openPseudoTerminal } from '../../director/native/pty.ts';
import { onReadable } from '../../director/native/readable.ts';
import { systemClock } from '../../director/native/system-clock.ts';
import { eventually } from '../../test/support/eventually.ts';
import { startSerialLine } from '../../test/support/serial-line.ts';
import { EchoWatch } from './echo-watch.ts';
import { Guard } from './guard.ts';
import { openSerialLink } from './serial.ts';
import { beat, ring } from './support/beats.ts';

let folder: string;
const opened: Disposable[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fl-serial-'));
});
afterEach(() => {
  for (const one of opened.splice(0).reverse()) one[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

function use<T extends Disposable>(resource: T): T {
  opened.push(resource);
  return resource;
}

function end(device: string, baud = 115_200, clock: Clock = systemClock) {
  const frames: string[] = [];
  const states: string[] = [];
  const link = openSerialLink(
    { device, baud, clock },
    {
      onFrame: (bytes, from) => frames.push(`${from} ${Buffer.from(bytes)}`),
      onState: (up, reason) => states.push(`${up ? 'up' : 'down'}: ${reason}`),
    },
  );
  return { link: use(link), frames, states };
}

/** A link that judges what it hears, and beats when told to. */
function director(node: 'lb1' | 'lb2', device: string) {
  const bootId = node === 'lb1' ? 1 : 2;
  const peer = node === 'lb1' ? 'lb2' : 'lb1';
  const guard = new Guard({ cluster: 'web', node, peer, bootId, links: 1, keyring: ring() });
  const onFrame = (bytes: Uint8Array, from: string) => void guard.judge(0, bytes, from, 0);
  const link = use(
    openSerialLink({ device, baud: 115_200, clock: systemClock }, { onFrame, onState: () => {} }),
  );
  let sequence = 0;
  return {
    guard,
    link,
    beat() {
      const heard = guard.heard(0);
      for (const frame of guard.seal(beat({ bootId, sequence: ++sequence, heard }))[0]!) link.send(frame);
    },
  };
}

describe('a serial link', () => {
  it('carries frames both ways, every byte as it is', async () => {
    const line = use(startSerialLine());
    const received: Uint8Array[] = [];
    const link = use(
      openSerialLink(
        { device: line.b, baud: 19_200, clock: systemClock },
        { onFrame: (bytes) => received.push(bytes), onState: () => {} },
      ),
    );
    const one = end(line.a);
    expect([one.link.isUp(), one.link.detail()]).toEqual([true, `${line.a} at 115200 baud`]);
    const every = Uint8Array.from({ length: 256 }, (_, index) => index);
    for (let start = 0; start < 256; start += 64) {
      one.link.send(every.subarray(start, start + 64));
      await eventually(() => received.length).toBe(start / 64 + 1);
    }
    expect(Buffer.concat(received)).toEqual(Buffer.from(every));
    link.send(Buffer.from('back'));
    await eventually(() => one.frames).toEqual([`${line.a} back`]);
    expect(one.link.counters()).toEqual({ sent: 4, unsent: 0, garbled: 0 });
  });

  it('brings beats through a line that loses bytes and turns bits, and accepts none that was touched', async () => {
    let seed = 1;
    const random = () => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return seed / 2 ** 32;
    };
    const line = use(startSerialLine({ random }));
    const [one, other] = [director('lb1', line.a), director('lb2', line.b)];
    Object.assign(line.faults, { lost_permille: 3, noisy_permille: 3 });
    const turn = () => {
      for (let beats = 0; beats < 5; beats++) {
        one.beat();
        other.beat();
      }
      return other.guard.status(0)[0]!.received;
    };
    await eventually(turn).toBeGreaterThan(20);
    await eventually(() => {
      turn();
      return other.link.counters().garbled + Object.keys(other.guard.status(0)[0]!.rejected).length;
    }).toBeGreaterThan(2);
    Object.assign(line.faults, { lost_permille: 0, noisy_permille: 0 });
    const { received } = other.guard.status(0)[0]!;
    await eventually(turn).toBeGreaterThan(received + 5);
  });

  it('is not to be had twice', async () => {
    const line = use(startSerialLine());
    const first = openSerialLink(
      { device: line.a, baud: 19_200, clock: systemClock },
      { onFrame: () => {}, onState: () => {} },
    );
    const second = end(line.a);
    expect([second.link.isUp(), second.link.detail()]).toEqual([false, expect.stringContaining('EBUSY')]);
    first[Symbol.dispose]();
    await eventually(() => second.link.isUp()).toBe(true);
    expect(second.states).toEqual([`up: ${line.a} at 115200 baud`]);
  });

  it('is down on what is no serial line', () => {
    const { link } = end('/dev/null');
    expect([link.isUp(), link.detail()]).toEqual([false, expect.stringContaining('ENOTTY')]);
    expect(() => link.send(new Uint8Array(80))).not.toThrow();
    expect(link.counters()).toEqual({ sent: 0, unsent: 1, garbled: 0 });
  });

  it('opens a device that comes, goes, and comes back', async () => {
    const device = join(folder, 'ttyUSB0');
    const one = end(device);
    expect([one.link.isUp(), one.link.detail()]).toEqual([false, expect.stringContaining('ENOENT')]);
    for (let round = 0; round < 2; round++) {
      const line = startSerialLine();
      const far = end(line.b);
      symlinkSync(line.a, device);
      await eventually(() => one.link.isUp()).toBe(true);
      one.link.send(Buffer.from('there'));
      await eventually(() => far.frames).toEqual([`${line.b} there`]);
      rmSync(device);
      line[Symbol.dispose]();
      await eventually(() => one.link.isUp()).toBe(false);
      one.link.send(Buffer.from('gone'));
    }
  });

  it('takes hours of noise in bounded memory, and hears the peer after it', async () => {
    const terminal = use(openPseudoTerminal());
    const one = end(terminal.path);
    let written = 0;
    const noise = Uint8Array.from({ length: 1_000 }, (_, index) => index * 167);
    const pour = () => {
      try {
        for (let turn = 0; turn < 100; turn++) written += writeSync(terminal.master.fd, noise);
      } catch {
        // Full for the moment.
      }
      return written;
    };
    await eventually(pour).toBeGreaterThan(20_000);
    await eventually(() => {
      pour();
      return one.link.counters().garbled;
    }).toBeGreaterThan(20);
    await eventually(() => {
      writeSync(terminal.master.fd, Buffer.from([0, 2, 0x41, 0]));
      return one.frames.some((frame) => frame.endsWith(' A'));
    }).toBe(true);
    expect(one.link.isUp()).toBe(true);
  });
});

describe('a loopback plug', () => {
  it('shows as an echo until it is gone', async () => {
    const terminal = use(openPseudoTerminal());
    const one = end(terminal.path);
    let plugged = true;
    const buffer = Buffer.alloc(1_000);
    use(
      onReadable(terminal.master.fd, () => {
        const length = readSync(terminal.master.fd, buffer);
        if (plugged) writeSync(terminal.master.fd, buffer, 0, length);
      }),
    );
    let count = 0;
    const turn = () => {
      one.link.send(Buffer.from(`beat ${count++}`));
      return one.link.detail();
    };
    await eventually(turn).toMatch(/^echo: /);
    expect(one.link.isUp()).toBe(false);
    plugged = false;
    await eventually(turn).toBe(`${terminal.path} at 115200 baud`);
    expect(one.link.isUp()).toBe(true);
    expect(one.states.map((state) => state.split(':')[0])).toEqual(['down', 'up']);
  });

  it('is told from a bus on which the peer is heard as well', () => {
    const watch = new EchoWatch();
    for (let turn = 0; turn < 10; turn++) {
      watch.sent(Uint8Array.of(1, turn));
      watch.heard(Uint8Array.of(1, turn));
      watch.heard(Uint8Array.of(2, turn));
      expect(watch.echoing).toBe(false);
    }
  });
});

describe('a line that does not take what is sent', () => {
  it('never holds the sender, and carries fresh frames when it moves again', async () => {
    const terminal = use(openPseudoTerminal());
    const one = end(terminal.path);
    for (let turn = 0; turn < 5_000; turn++) one.link.send(Buffer.alloc(100, 'x'));
    const { sent, unsent } = one.link.counters();
    expect(unsent).toBeGreaterThan(0);
    expect(sent + unsent).toBe(5_000);
    const buffer = Buffer.alloc(100_000);
    let text = '';
    use(
      onReadable(terminal.master.fd, () => {
        text = (text + buffer.toString('latin1', 0, readSync(terminal.master.fd, buffer))).slice(-200);
      }),
    );
    await eventually(() => {
      one.link.send(Buffer.from('fresh'));
      return text;
    }).toContain('\0\x06fresh\0');
    expect(one.link.isUp()).toBe(true);
  });
});

describe('the line of the tests', () => {
  it('is as slow as a line of its speed', async () => {
    let now_ms = 0;
    const due: { at_ms: number; run: () => void }[] = [];
    const clock: Clock = {
      now: () => now_ms,
      monotonic_ms: () => now_ms,
      after(delay_ms, run) {
        const one = { at_ms: now_ms + delay_ms, run };
        due.push(one);
        return { [Symbol.dispose]: () => void due.splice(due.indexOf(one), 1) };
      },
    };
    const line = use(startSerialLine({ baud: 19_200, clock }));
    const [one, other] = [end(line.a, 19_200), end(line.b, 19_200)];
    one.link.send(new Uint8Array(77).fill(1)); // 80 bytes, 41.7 ms
    await eventually(() => due.length).toBe(1);
    for (now_ms = 5; now_ms <= 40; now_ms += 5) for (const { run } of due.splice(0)) run();
    expect(line.carried.b).toBe(76);
    now_ms = 45;
    for (const { run } of due.splice(0)) run();
    expect(line.carried.b).toBe(80);
    await eventually(() => other.frames.length).toBe(1);
  });

  it('runs as a program of its own until it is ended', async () => {
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    const script = join(import.meta.dirname, '../../test/support/serial-line.ts');
    const child = spawn(process.execPath, [script, a, b], { stdio: ['ignore', 'pipe', 'inherit'] });
    use({ [Symbol.dispose]: () => child.kill('SIGKILL') });
    let ended = false;
    child.once('exit', () => {
      ended = true;
    });
    await eventually(() => existsSync(a) && existsSync(b)).toBe(true);
    const [one, other] = [end(a), end(b)];
    await eventually(() => one.link.isUp() && other.link.isUp()).toBe(true);
    one.link.send(Buffer.from('there'));
    await eventually(() => other.frames).toEqual([`${b} there`]);
    child.kill('SIGTERM');
    await eventually(() => one.link.isUp() || other.link.isUp()).toBe(false);
    await eventually(() => ended).toBe(true);
    expect([existsSync(a), existsSync(b)]).toEqual([false, false]);
  });
});
