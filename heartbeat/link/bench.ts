// What a beat costs: sealing one, judging one, and refusing what is forged or junk. Run by hand:
// `npx node heartbeat/link/bench.ts`; prints microseconds per frame, the best of several rounds.
import type { Beat, Heard } from '../core/types.ts';
import { Guard } from './guard.ts';
import { keyringsFrom } from './keys.ts';

const FRAMES = 20_000;
const ROUNDS = 5;

const keyring = keyringsFrom(['a key of the bench, in its file']).forPurpose('beat');

function beat(bootId: number, sequence: number, heard: readonly Heard[]): Beat {
  return {
    ...{ director: '', bootId, sequence, heard, epoch: 7, role: 'active', health: 'good', priority: 100 },
    ...{ hold: false, complete: true, handover: false, asks: false },
    ...{ revision: 3, revisionHash: 0xdead_beef, syncPosition: 12 },
  };
}

function director(node: string, peer: string, bootId: number): Guard {
  return new Guard({ cluster: 'bench', node, peer, bootId, links: 1, keyring });
}

/** Microseconds for each. */
function timed(action: (index: number) => void): number {
  const start = process.hrtime.bigint();
  for (let index = 0; index < FRAMES; index++) action(index);
  return Number(process.hrtime.bigint() - start) / 1_000 / FRAMES;
}

function measure(links: number) {
  const [one, other] = [director('lb1', 'lb2', 1), director('lb2', 'lb1', 2)];
  const heard = Array.from({ length: links }, (_, link) => ({ sequence: link, age_ms: 10 }));
  let sequence = 0;
  const say = (guard: Guard, bootId: number) => guard.seal(beat(bootId, ++sequence, heard))[0]!.at(-1)!;
  for (let turn = 0; turn < 3; turn++) {
    other.judge(0, say(one, 1), '', 0);
    one.judge(0, say(other, 2), '', 0);
  }
  const frames = new Array<Uint8Array>(FRAMES);
  const judge = (spoil: (copy: Uint8Array) => void) => {
    const given = frames.map((frame) => Uint8Array.from(frame));
    for (const frame of given) spoil(frame);
    return timed((index) => other.judge(0, given[index]!, '', 0));
  };
  const rounds = Array.from({ length: ROUNDS }, () => ({
    sealed_us: timed((index) => {
      frames[index] = say(one, 1);
    }),
    accepted_us: judge(() => {}),
    forged_us: judge((frame) => frame.set([frame.at(-1)! ^ 1], frame.length - 1)),
    junk_us: judge((frame) => frame.set([0])),
  }));
  const best = (key: keyof (typeof rounds)[number]) => Math.min(...rounds.map((one) => one[key])).toFixed(2);
  return {
    links,
    bytes: frames[0]!.length,
    sealed_us: best('sealed_us'),
    accepted_us: best('accepted_us'),
    forged_us: best('forged_us'),
    junk_us: best('junk_us'),
  };
}

console.table([measure(1), measure(3), measure(8)]);
