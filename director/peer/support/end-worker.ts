// One end as a program, for tests that give each director a network of its own: `node end-worker.ts OWN REMOTE NODE`.
// Says a line of JSON whenever what a test may wait for has changed.
import { exampleState } from './example.ts';
import { hurriedClock, openEnd } from './pair.ts';

const PORT = 8849;
const LOOK_EVERY_MS = 20;
/** Losses take 3 s otherwise. */
const FACTOR = 5;

const [own, remote, node] = process.argv.slice(2) as [string, string, 'lb1' | 'lb2'];
const [mine, theirs] = [own, remote].map((address) => ({ address, port: PORT }));
const ends = node === 'lb1' ? { lb1: mine!, lb2: theirs! } : { lb1: theirs!, lb2: mine! };
const end = await openEnd(node, ends, { clock: hurriedClock(FACTOR) });
end.channel.push(exampleState({ director: node }));
let said = '';
setInterval(() => {
  const { connected, listening } = end.channel.status();
  const now = JSON.stringify({ connected, listening, from: end.states.at(-1)?.director });
  if (now !== said) console.log(now);
  said = now;
}, LOOK_EVERY_MS);
