// Feeds a history as fast as it goes, and says which minutes are stored; for a test that kills it.
import { METRICS } from '../../../model/metric.ts';
import { Keeper } from '../../keeper.ts';

const [file = '', start = '0'] = process.argv.slice(2);
const names = Array.from({ length: 300 }, (_, index) => (index === 0 ? 'www' : `service-${index}`));
const say = (line: string): void => void process.stdout.write(`${line}\n`);
let now_ms = Number(start);
const keeper = new Keeper({
  file,
  limit_bytes: 64 * 2 ** 20,
  now: () => now_ms,
  monotonic_ms: () => now_ms,
  cpu_ms: () => 0,
  onOpened: ({ mode, setAside }) => say(`opened ${mode} ${setAside ?? ''}`),
  onBehind: (detail) => say(`behind ${detail}`),
  onRecovered: () => say('recovered'),
});
keeper.setSubjects(names);
const feed = (): void => {
  const minute = now_ms;
  for (let second = 0; second < 60; second += 5, now_ms += 5_000)
    keeper.sample(now_ms, 5_000, new Float32Array(names.length * METRICS.length).fill(now_ms % 977));
  // The minute before is written while this one is under way.
  while (keeper.step());
  say(`stored ${minute - 60_000}`);
  setImmediate(feed);
};
feed();
